# NTP sets the clock back by half a minute: time stands that long, and no date lies before one given (INV-16).
ca grant=manual ca-lifetime=1095d lifetime=365d crl=6h
at 2026-01-01T00:00:00Z
wait 1h
r1 enrol -> pending
operator grant r1
r1 poll -> granted
clock back 30s
expect clock honest
r2 enrol -> pending
operator grant r2
wait 30s
r2 poll -> granted
expect r2 until=365d
expect counts issued=2
