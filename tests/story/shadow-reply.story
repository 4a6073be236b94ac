# NX-18: the reply to a request to the next CA is signed by that; by "compat shadow-reply active" by the active one.
ca grant=auto crl=30d ca-lifetime=100d lifetime=365d rollover=40d
at 2026-01-01T00:00:00Z
r1 enrol -> granted
r2 enrol -> granted
wait 70d
r1 shadow to-next -> granted
ca shadow-reply-active
r2 shadow to-next reply-active -> granted
r2 repeat to-next reply-active -> granted the same
r2 renew -> granted
wait 30d
r2 activate
r2 renew -> granted
