# A full disk is never a refusal: 503, nothing lost, and it goes on by itself.
ca grant=auto
at 2026-01-01T00:00:00Z
r1 enrol -> granted
disk full
r2 enrol -> unavailable
r2 repeat -> granted
r1 renew new-key -> granted
expect audit
