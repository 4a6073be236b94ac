# By its path a client may have a hook of its own, or none.
profile mdm asks
profile plain chain
at 2026-01-01T00:00:00Z
hook allow
r1 enrol password=c -> pending
r2 enrol password=c profile=plain -> pending
r3 enrol password=c profile=mdm -> granted
expect asked 1
# The same request by another path is another question while the first is open.
hook silent
r4 enrol password=c profile=mdm -> no answer
hook speaks
r4 hears -> granted
r4 repeat -> granted the same
operator grant r2
r2 poll profile=plain -> granted
expect counts issued=3 pending=1
