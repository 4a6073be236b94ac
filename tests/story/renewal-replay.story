# A replay of a renewal whose certificate was revoked brings neither that one nor another: a human looks. (BAD-146, ST-03)
ca grant=auto
at 2026-01-01T00:00:00Z
r1 enrol -> granted
r1 renew new-key -> granted
r1 repeat -> granted the same
operator revoke r1 -> succesfully revoked
r1 repeat -> pending
r1 repeat -> pending
expect counts issued=2 revoked=1 pending=1
operator grant r1 -> granted
r1 repeat -> granted
r1 repeat -> granted the same
expect counts issued=3 revoked=1 pending=0
