# A clock set back over the switch: it stays made, and time goes on where it was (BAD-127, INV-14, INV-16).
ca grant=auto crl=6h ca-lifetime=100d lifetime=365d rollover=40d
at 2026-01-01T00:00:00Z
r1 enrol -> granted
wait 70d
r1 shadow to-next new-key -> granted
wait 30d 10m
expect generations active=2 old=1
clock back 1h
expect clock behind
expect generations active=2 old=1
r2 enrol -> unavailable
restart
expect generations active=2 old=1
expect next-ca none
r2 enrol -> unavailable
clock synchronised
wait 1h
expect clock honest
expect generations active=2 old=1
r1 activate
r2 enrol -> granted
expect r2 until=99d+23h+50m
expect audit
