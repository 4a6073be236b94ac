# The kernel's word confirms a jump too, a minute after it: what was due is done in order, once (INV-15, INV-16).
ca grant=auto ca-lifetime=1095d lifetime=365d crl=6h request=7d
at 2026-01-01T00:00:00Z
ca grant=manual
r1 enrol -> pending
clock jump 30d
clock synchronised
expect clock leapt
expect counts pending=1
wait 59s
expect clock leapt
wait 1s
expect clock honest
expect counts pending=0
expect crl number=2 age=0s next=12h
expect wake 6h
