# A backup of before the shadow certificates: their numbers and serials, which the next key has signed, are not given again by the active one. (BAD-137)
ca grant=auto sequential crl=30d ca-lifetime=200d lifetime=365d rollover=40d
at 2026-01-01T00:00:00Z
r1 enrol -> granted
wait 165d
r1 asks-next -> shown
backup
r1 shadow to-next new-key -> granted
backup returns
r2 enrol -> unavailable
r2 repeat -> granted
wait 35d
expect generations active=2 old=1
# Known by no row, and by its signature: it is adopted.
r1 activate
r1 renew new-key -> granted
expect audit
