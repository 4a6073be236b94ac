# A hook that does not answer is no refusal: the client comes again, and nothing is stored meanwhile. (rule 4)
ca asks crl=30d
at 2026-01-01T00:00:00Z
hook again
r1 enrol password=c -> unavailable
expect retry 10s
expect counts issued=0 pending=0
# Asked once, however often the client repeats; everybody who waits gets the one certificate.
hook allow
hook silent
r2 enrol password=c -> no answer
r2 repeat -> no answer
expect asked 2
hook speaks
r2 hears -> granted
expect counts issued=1 pending=0
r2 repeat -> granted the same
# The CA ends while the question is open: it is not issued dead.
hook allow
hook silent
r5 enrol password=c -> no answer
wait 1095d
hook speaks
r5 hears -> unavailable
expect counts issued=1
expect audit
