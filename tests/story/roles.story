# CA and RA certificates wait for an operator in every mode; the role is stored with the grant. (CP-16)
ca grant=auto
at 2026-01-01T00:00:00Z
sub enrol wants-ca -> pending
ra enrol as-written subject=O=Cisco,OU=ioscs~RA,CN=ra -> pending
operator grant sub
sub poll -> granted
expect sub is-ca
r1 enrol -> granted
expect r1 until=365d
# A second ou or other capitals do not hide the mark; "grant all" leaves roles to "grant ID".
rb enrol as-written subject=O=Cisco,OU=ioscs~RA,OU=CVO,CN=rb -> pending
rc enrol as-written subject=O=Cisco,OU=IOSCS~RA,CN=rc -> pending
sub2 enrol wants-ca -> pending
operator grant all -> 4 not granted
sub2 poll -> pending
expect counts pending=4
