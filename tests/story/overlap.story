# KR-14: with an overlap the next certificate begins earlier; the switch stays at the end of the active one.
ca grant=auto crl=30d ca-lifetime=100d lifetime=365d rollover=40d overlap=10d
at 2026-01-01T00:00:00Z
r1 enrol -> granted
wait 60d
expect next-ca from=30d until=130d overlap=10d
r1 shadow to-next new-key -> granted
wait 35d
expect generations active=1 next=2
r2 enrol -> granted
expect r2 until=5d
r2 shadow to-next new-key -> granted
wait 5d
expect generations active=2 old=1
r1 activate
r1 renew new-key -> granted
r2 activate
r2 renew -> granted
