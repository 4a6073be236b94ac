# "grant none" grants nothing, renewals neither.
ca grant=auto
at 2026-01-01T00:00:00Z
r1 enrol -> granted
ca grant=none
r2 enrol -> refused badRequest
r1 renew new-key -> refused badRequest
r1 repeat -> refused badRequest
expect counts issued=1 pending=0
