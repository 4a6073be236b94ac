# The grant of a CA role outlives a restart before the signer heard of it, and a second grant does no harm.
ca grant=auto
at 2026-01-01T00:00:00Z
sub enrol wants-ca -> pending
signer stops 0
operator grant sub -> granted
operator grant sub -> does not wait
restart
sub poll -> granted
expect sub is-ca
