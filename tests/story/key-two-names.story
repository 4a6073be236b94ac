# Two waiting requests with one key: the second name is not granted, by "all" or by number.
at 2026-01-01T00:00:00Z
r1 enrol -> pending
r1 enrol subject=other -> pending
operator grant all -> 1 not granted
operator grant 2 -> certified for another name
expect counts issued=1 pending=1
