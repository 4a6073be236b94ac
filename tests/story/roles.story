# CA and RA certificates wait for an operator in every mode; the role is stored with the grant.
ca grant=auto
at 2026-01-01T00:00:00Z
sub enrol wants-ca -> pending
ra enrol as-written subject=O=Cisco,OU=ioscs~RA,CN=ra -> pending
operator grant sub
sub poll -> granted
expect sub is-ca
r1 enrol -> granted
expect r1 until=365d
