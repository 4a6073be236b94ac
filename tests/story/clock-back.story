# A clock set back: what was done stays done, and time goes on where it was (BAD-126, INV-16).
ca grant=auto ca-lifetime=1095d lifetime=365d crl=6h sequential
at 2026-01-01T00:00:00Z
r1 enrol -> granted
wait 12h
expect crl number=3
r2 enrol -> granted
clock back 2h
expect clock behind
expect no-wake
r3 enrol -> unavailable
clock confirm
expect clock behind
clock synchronised
restart
expect clock behind
r3 enrol -> unavailable
wait 1h
expect crl number=3
wait 59m
expect clock honest
wait 1m
expect crl number=3 age=0s
r3 enrol -> granted
expect r3 until=365d serial=04
expect counts issued=3
