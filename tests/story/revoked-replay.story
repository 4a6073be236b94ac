# A replay of the enrolment of a revoked certificate stands under full authorisation again (BAD-146).
at 2026-01-01T00:00:00Z
operator password p1 60
r1 enrol password=p1 -> granted
operator revoke r1
r1 repeat -> pending
expect counts issued=1 pending=1
