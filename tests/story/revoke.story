# Revoked: on the list at once, no renewal, no redelivery. (CR-05, QR-07)
ca grant=auto
at 2026-01-01T00:00:00Z
r1 enrol -> granted
r2 enrol -> granted
expect crl number=1 entries=0
wait 2h
operator revoke r1 reason=1 -> succesfully revoked
expect crl number=2 entries=1 lists=r1 next=12h
operator revoke r1 -> revoked already
expect crl number=2
r1 renew new-key -> refused badRequest
r2 renew new-key -> granted
operator revoke r2
expect crl number=3 entries=2 lists=r2
expect counts revoked=2
# Two in the same second are two lists. (CR-06)
r3 enrol -> granted
r4 enrol -> granted
operator revoke r3
operator revoke r4
expect crl number=5 entries=4 lists=r4
r2 crl -> list
expect audit
