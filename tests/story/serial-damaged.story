# A counter that cannot be read gives no serial: later, and never one that was given. (BAD-136)
ca grant=auto sequential
at 2026-01-01T00:00:00Z
r1 enrol -> granted
damage serial
r2 enrol -> unavailable
r1 renew new-key -> unavailable
expect counts issued=1
