# A signer in trouble is never a refusal, and what was begun is finished.
ca grant=auto sequential
at 2026-01-01T00:00:00Z
signer fails 1
r1 enrol -> unavailable
r1 repeat -> granted
signer fails 2
r2 enrol -> unavailable
r2 repeat -> granted
signer fails 3
r3 enrol -> unavailable
r3 repeat -> granted
expect counts issued=3
expect r3 serial=04
# The list too: a minute later.
signer fails 1
operator revoke r1
wait 1m
expect crl lists=r1
