# "grant late DAYS auto" counts from the switch, also while the replaced key is kept for longer: then a human decides as ever.
ca grant=manual crl=30d ca-lifetime=100d lifetime=365d rollover=40d late=3d late-auto
at 2026-01-01T00:00:00Z
r1 enrol -> pending
operator grant r1
r1 poll -> granted
r2 enrol -> pending
operator grant r2
r2 poll -> granted
wait 102d+23h+59m+59s
r1 renew new-key -> granted
wait 1s
expect generations active=2 old=1
r2 renew new-key -> pending
operator grant r2 -> granted
r2 poll -> granted
