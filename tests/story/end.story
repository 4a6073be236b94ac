# A CA at its end refuses nobody for good: later, for clients; the reason, for the operator.
ca ca-lifetime=10h
at 2026-01-01T00:00:00Z
r1 enrol -> pending
wait 10h
r1 poll -> unavailable
operator grant all -> has expired
expect counts issued=0
