# Behind the switch the certificate that waited is the client's newest: nobody replaces it, and it is the one that may be late.
ca grant=auto no-replace crl=30d ca-lifetime=100d lifetime=365d rollover=40d late=20d late-auto
at 2026-01-01T00:00:00Z
r1 enrol -> granted
wait 70d
r1 shadow to-next new-key -> granted
eve enrol subject=r1 -> pending
wait 30d
expect generations active=2 old=1
r1 activate
eve enrol subject=r1 -> pending
wait 100d
expect generations active=3 old=2
r1 renew -> granted
# Revoked, it may be replaced.
operator revoke r1
eve enrol subject=r1 -> granted
