# A rejected request is refused, for as long as it is kept; a new one may wait again. (PO-06)
at 2026-01-01T00:00:00Z
r1 enrol -> pending
operator reject r1 -> rejected
r1 poll -> refused badRequest
r1 repeat -> refused badRequest
wait 169h
r1 enrol -> pending
operator remove all -> 1 enrollment request removed
r1 poll -> refused badCertId
expect counts pending=0 issued=0
