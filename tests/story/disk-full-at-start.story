# The very first turns may fail: what is public is published all the same, later.
disk full
ca grant=auto
at 2026-01-01T00:00:00Z
wait 1s
expect public
disk full
restart
wait 1s
expect public
r1 enrol -> granted
