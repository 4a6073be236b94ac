# An entry stays on the list when its certificate has ended. (CR-04)
ca grant=auto lifetime=30d
at 2026-01-01T00:00:00Z
r1 enrol -> granted
operator revoke r1
wait 40d
expect crl lists=r1 entries=1
