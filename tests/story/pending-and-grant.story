# A first enrolment waits for the operator; polls find it, before and after. (ST-02)
at 2026-01-01T00:00:00Z
r1 enrol -> pending
r1 poll -> pending
r1 enrol again -> pending
expect counts pending=1 issued=0
operator grant r1 -> granted
expect counts pending=0 issued=1
r1 poll -> granted
r1 poll -> granted the same
# Validity starts at the grant, not at the request (ios-pki 6.2).
r2 enrol -> pending
wait 1d
operator grant all -> 1 enrollment request granted
r2 poll -> granted
expect r2 until=365d
operator grant 77 -> 77 is not granted: there is none
expect audit
