# Ten years ahead and back again: nothing happened (BAD-126, INV-16).
ca grant=auto ca-lifetime=1095d lifetime=365d crl=6h
at 2026-01-01T00:00:00Z
r1 enrol -> granted
clock jump 3650d
expect clock leapt
r1 renew new-key -> unavailable
wait 5m
clock back 3650d
expect clock honest
expect crl number=1
r1 renew new-key -> granted
expect r1 until=365d
wait 6h
expect crl number=2
