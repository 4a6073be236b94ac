# What the signer refuses is nobody's FAILURE: the client comes again, the operator's grant is taken back with the reason.
at 2026-01-01T00:00:00Z
operator password p1 600
signer fails 1 refuses
r1 enrol password=p1 -> unavailable
signer fails 2 refuses
r1 repeat -> unavailable
r1 repeat -> granted
r2 enrol -> pending
signer fails 1 refuses
operator grant r2 -> granted
expect counts issued=1 pending=1
r2 poll -> pending
operator grant r2 -> granted
r2 poll -> granted
expect counts issued=2 pending=0
