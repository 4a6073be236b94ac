# Whose clock is ahead switches before the CA: what it asks then is for a moment later, and no refusal. (INV-12)
ca grant=auto crl=30d ca-lifetime=100d lifetime=365d rollover=40d
at 2026-01-01T00:00:00Z
r1 enrol -> granted
wait 70d
r1 shadow to-next -> granted
r1 activate
r1 renew to-next -> refused badRequest
r2 enrol to-next -> refused badRequest
wait 29d+86099s
r2 enrol to-next -> refused badRequest
wait 1s
r1 renew to-next -> unavailable
r2 enrol to-next -> unavailable
wait 299s
r2 enrol to-next -> unavailable
wait 1s
r2 enrol -> granted
r1 renew -> granted
