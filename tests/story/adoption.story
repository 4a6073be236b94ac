# A certificate that our key signed and the database does not know renews: it is adopted.
at 2026-01-01T00:00:00Z
r1 issued-elsewhere
r1 renew new-key -> granted
expect counts issued=2
expect audit
