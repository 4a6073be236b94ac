# "grant auto" replaces a swapped router; "no-replace" asks a human. (ST-05, RQ-23)
ca grant=auto
at 2026-01-01T00:00:00Z
r1 enrol -> granted
r2 enrol subject=r1 -> granted
ca no-replace
r3 enrol subject=r1 -> pending
r4 enrol -> granted
