# The store was restored from a backup: a certificate that it does not know is live all the same, and gets its shadow (rule 7).
ca crl=30d ca-lifetime=200d lifetime=365d rollover=40d
at 2026-01-01T00:00:00Z
wait 165d
r1 issued-elsewhere
r1 shadow to-next new-key -> granted
wait 35d
expect generations active=2 old=1
r1 activate
r1 renew -> granted
expect audit
