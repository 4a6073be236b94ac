# Without an authoritative clock: no key, no certificate, no list, no answer but "later". (BAD-128)
ca grant=auto
clock off
at 2026-01-01T00:00:00Z
expect no-ca
expect no-wake
clock on
r1 enrol -> granted
clock off
r2 enrol -> unavailable
operator revoke r1 -> not authoritative
expect no-wake
wait 10d
expect crl number=1
clock on
expect crl number=2
r2 enrol -> granted
