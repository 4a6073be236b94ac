# Answers that come too late do no harm: after a failed commit, after a restart, or twice.
ca asks
at 2026-01-01T00:00:00Z
hook allow
hook silent
r1 enrol password=c -> no answer
disk full
r2 enrol -> unavailable
hook speaks
expect counts issued=0 pending=0
hook silent
r3 enrol password=c -> no answer
restart
hook speaks
expect counts issued=0 pending=0
hook allow
r3 enrol again password=c -> granted
expect asked 3
hook speaks
expect counts issued=1 pending=0
# A commit that fails with the answer: nothing was decided, the client is told to come again.
hook allow
hook silent
r4 enrol password=c -> no answer
disk full
hook speaks
r4 hears -> unavailable
hook allow
r4 enrol again password=c -> granted
expect audit
