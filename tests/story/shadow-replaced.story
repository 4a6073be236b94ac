# BAD-104, KR-04: a new key replaces the certificate that waits, three times; then a human looks. The list of both generations names it.
ca grant=auto crl=30d ca-lifetime=100d lifetime=365d rollover=40d
at 2026-01-01T00:00:00Z
r1 enrol -> granted
wait 70d
r1 shadow to-next new-key -> granted
expect crl entries=0
r1 repeat to-next -> granted the same
r1 shadow to-next new-key -> granted
expect crl entries=1
r1 shadow to-next new-key -> granted
r1 shadow to-next new-key -> granted
expect crl entries=3
r1 shadow to-next new-key -> pending
r2 enrol to-next -> refused badRequest
wait 30d
expect crl entries=3
r1 activate
r1 renew -> granted
