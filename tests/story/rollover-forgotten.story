# The signer destroyed the replaced key, and the authority died before it could note it.
ca grant=auto crl=30d ca-lifetime=100d lifetime=365d rollover=40d
at 2026-01-01T00:00:00Z
wait 100d
expect generations active=2 old=1
signer stops 0
wait 7d
expect generations active=2 old=1
restart
expect generations active=2
r1 enrol -> granted
