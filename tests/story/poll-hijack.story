# Another's transaction id opens nothing (PO-04, BAD-084, BAD-085).
at 2026-01-01T00:00:00Z
r1 enrol -> pending
r2 enrol -> pending
operator grant r1
r2 poll transaction-of=r1 -> refused badCertId
r1 poll -> granted
