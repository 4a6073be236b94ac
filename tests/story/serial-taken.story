# An adopted certificate holds a serial that the counter reaches: the next free one is taken.
ca grant=auto sequential floor=69998
at 2026-01-01T00:00:00Z
r0 issued-elsewhere
r0 renew new-key -> granted
r1 enrol -> granted
expect counts issued=3
