# "serial sequential" counts from the CA certificate's 1, without a gap in quiet times.
ca grant=auto sequential
at 2026-01-01T00:00:00Z
r1 enrol -> granted
expect r1 serial=02
r2 enrol -> granted
expect r2 serial=03
r1 renew new-key -> granted
expect r1 serial=04
