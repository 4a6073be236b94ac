# A store of before key usages were kept apart knows the newest certificate of the next CA, and how many there were.
ca grant=auto crl=30d ca-lifetime=100d lifetime=365d rollover=40d
at 2026-01-01T00:00:00Z
r1 enrol -> granted
wait 70d
r1 shadow to-next new-key -> granted
r1 shadow to-next new-key -> granted
expect crl entries=1
store of-before
r1 shadow to-next new-key -> granted
expect crl entries=2
store of-before
r1 shadow to-next new-key -> granted
store of-before
r1 shadow to-next new-key -> pending
expect crl entries=3
