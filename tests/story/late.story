# The lane for late-comers: the newest certificate of a client, ended with the CA's, renews it for some days.
ca grant=manual crl=30d ca-lifetime=100d lifetime=365d rollover=40d late=20d late-auto
at 2026-01-01T00:00:00Z
r1 enrol -> pending
operator grant r1
r1 poll -> granted
r2 enrol -> pending
operator grant r2
r2 poll -> granted
operator revoke r2
r4 enrol -> pending
operator grant r4
r4 poll -> granted
wait 100d
expect generations active=2 old=1
r1 renew -> granted
r2 renew -> refused badRequest
wait 19d
expect generations active=2 old=1
r4 renew -> granted
wait 1d
expect generations active=2
