# A client enrols at a CA that grants by itself.
ca grant=auto lifetime=365d ca-lifetime=730d
at 2026-01-01T00:00:00Z
r1 enrol -> granted
expect r1 until=365d
expect counts issued=1 pending=0
expect audit
