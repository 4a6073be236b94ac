# A request whose certificate was superseded waits: a replay must not revoke the one that the client holds. One still to be signed is not made.
ca grant=auto crl=30d ca-lifetime=100d lifetime=365d rollover=40d
at 2026-01-01T00:00:00Z
r1 enrol -> granted
wait 70d
r1 shadow to-next new-key -> granted
eve keep r1
r1 shadow to-next new-key -> granted
expect crl entries=1
eve repeat -> pending
expect crl entries=1
r2 enrol -> granted
steady
signer fails 2
r2 shadow to-next new-key -> unavailable
bob keep r2
r2 shadow to-next new-key -> granted
bob repeat -> pending
restart
expect counts issued=5 revoked=1
wait 30d
r1 activate
r1 renew -> granted
r2 activate
r2 renew -> granted
