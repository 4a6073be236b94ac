# An adopted certificate holds a serial that the counter reaches: the next free one is taken.
ca grant=auto
at 2026-01-01T00:00:00Z
r0 issued-elsewhere
r0 renew new-key -> granted
# From now on serials are counted: what was adopted before did not move the counter.
ca sequential floor=69999
r1 enrol -> granted
expect r1 serial=011171
expect counts issued=3
