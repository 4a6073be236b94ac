# A full disk is never a refusal: 503 to everybody who asked, nothing lost, and it goes on by itself. (BAD-134)
ca grant=auto
at 2026-01-01T00:00:00Z
r1 enrol -> granted
disk full
r2 enrol -> unavailable
r2 repeat -> granted
disk full 2
r3 enrol -> unavailable
r3 repeat -> granted
disk full 3
r4 enrol -> unavailable
r4 repeat -> granted
disk full 4
r5 enrol -> unavailable
r5 repeat -> granted
# What was begun is finished, whether or not anybody comes again.
disk full 3
r6 enrol -> unavailable
wait 1s
expect counts issued=6
# The disk may refuse a turn before it has begun.
disk busy
r7 enrol -> unavailable
r7 enrol -> granted
disk busy
operator revoke r1 -> cannot take it now
r1 renew new-key -> granted
disk full
operator revoke r1 -> cannot take it now
operator revoke r1 -> succesfully revoked
expect audit
