# No list outlives its generation, and the last one lives as long (KR-11).
ca grant=auto ca-lifetime=10h crl=6h
at 2026-01-01T00:00:00Z
expect crl number=1 next=10h
wait 6h
expect crl number=2 next=4h
wait 4h
r1 enrol -> unavailable
