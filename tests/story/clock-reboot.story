# A machine without a clock of its own: 1970 behind the boot, until NTP has set it (BAD-128, INV-15).
ca grant=auto ca-lifetime=7300d lifetime=365d crl=6h
at 2026-01-01T00:00:00Z
r1 enrol -> granted
reboot 1970-01-01T00:00:09Z
expect clock behind
expect no-wake
r2 enrol -> unavailable
wait 10m
clock synchronised
r2 enrol -> unavailable
clock jump 20454d
expect clock honest
r2 enrol -> granted
expect r2 until=365d
expect crl number=1
wait 6h
expect crl number=2
