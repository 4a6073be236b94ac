# A list is being signed at the switch: it ends, and lists go on with the numbers they had (INV-17, BAD-156, KR-09).
ca grant=auto crl=30d ca-lifetime=100d lifetime=365d rollover=40d
at 2026-01-01T00:00:00Z
r1 enrol -> granted
wait 99d 86390s
expect crl number=5 entries=0
signer stops 0
operator revoke r1
wait 20s
expect generations active=2 old=1
signer goes
wait 1m
expect crl number=7 entries=1 lists=r1
r2 enrol -> granted
operator revoke r2
expect crl number=8 entries=2 lists=r2
wait 31d
expect crl number=9 age=1d
