# A clock that jumps ahead freezes what cannot be undone, until it is confirmed (BAD-126, INV-15).
ca grant=auto ca-lifetime=7300d lifetime=365d crl=6h
at 2026-01-01T00:00:00Z
r1 enrol -> granted
clock jump 400d
expect clock leapt
expect no-wake
r2 enrol -> unavailable
operator revoke r1 -> not authoritative
expect crl number=1
restart
expect clock leapt
r2 enrol -> unavailable
wait 10d
expect crl number=1
clock confirm
expect clock honest
expect crl number=2 age=0s
r2 enrol -> granted
expect r2 until=365d
