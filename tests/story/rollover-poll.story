# A poll is answered by the CA that the request went to: the client knows no other (NX-16, BAD-105).
ca crl=30d ca-lifetime=100d lifetime=365d rollover=40d renewals-wait
at 2026-01-01T00:00:00Z
r1 enrol -> pending
operator grant r1
r1 poll -> granted
wait 70d
r1 shadow to-next new-key -> pending
operator grant r1
r1 poll to-next -> granted
wait 30d
r2 enrol to-old -> pending
operator grant r2
r2 poll to-old -> granted
expect r2 until=ca-end
