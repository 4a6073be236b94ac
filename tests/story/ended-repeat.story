# A certificate that has ended is not handed out again: the same octets enrol anew.
ca grant=auto lifetime=30d
at 2026-01-01T00:00:00Z
r1 enrol -> granted
wait 29d
r1 repeat -> granted the same
wait 1d
r1 repeat -> granted
expect r1 until=30d
expect counts issued=2
