# Switched on again after years: the operator confirms the date, or the kernel does (BAD-126, INV-15).
ca grant=auto ca-lifetime=7300d lifetime=365d crl=6h
at 2026-01-01T00:00:00Z
r1 enrol -> granted
reboot 2027-02-04T00:00:00Z
expect clock honest
expect crl number=2 age=0s
reboot 2030-02-04T00:00:00Z
expect clock far
expect no-wake
r2 enrol -> unavailable
operator revoke r1 -> not authoritative
expect crl number=2
restart
expect clock far
clock confirm
expect crl number=3 age=0s
r2 enrol -> granted
clock synchronised
reboot 2040-02-29T00:00:00Z
expect clock honest
expect crl number=4 age=0s
