# BAD-105: a renewal that reaches the replaced CA gets the certificate that waits for it, or waits itself; never a refusal.
ca grant=auto crl=30d ca-lifetime=100d lifetime=365d rollover=40d
at 2026-01-01T00:00:00Z
r1 enrol -> granted
r2 enrol -> granted
wait 70d
r1 shadow to-next -> granted
wait 30d
expect generations active=2 old=1
r1 renew to-old -> granted
expect r1 until=ca-end
r2 renew to-old -> pending
r3 enrol to-old -> pending
wait 7d
expect counts pending=0
