# Revoked while the signer opens the envelope: no renewal.
ca grant=auto
at 2026-01-01T00:00:00Z
r1 enrol -> granted
signer stops 0
r1 renew new-key -> no answer
operator revoke r1 -> succesfully revoked
signer goes
wait 1s
expect counts issued=1 revoked=1
