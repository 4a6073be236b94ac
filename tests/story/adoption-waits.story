# With "grant adopt manual" a human looks first.
ca adopt-waits
at 2026-01-01T00:00:00Z
r1 issued-elsewhere
r1 renew new-key -> pending
operator grant all
r1 poll -> granted
# Granted by hand it is adopted too.
expect counts issued=2
