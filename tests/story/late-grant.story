# KR-04, BAD-104: what an operator grants late replaces nothing that a later request of the client brought: not while both waited, not when it comes again.
ca renewals-wait crl=30d ca-lifetime=100d lifetime=365d rollover=40d
at 2026-01-01T00:00:00Z
r1 enrol -> pending
operator grant r1
r1 poll -> granted
r2 enrol -> pending
operator grant r2
r2 poll -> granted
wait 70d
r1 shadow to-next new-key -> pending
eve keep r1
r1 shadow to-next new-key -> pending
operator grant 4 -> 4 granted
operator grant 3 -> 3 is not granted: the client has a certificate by a later request
operator grant all -> 1 not granted
expect crl entries=0
r1 repeat to-next -> granted
# It is for the operator to say which: once that one is revoked the other may have its turn.
r1 activate
operator revoke r1
operator grant 3 -> 3 granted
eve repeat to-next -> granted
# Of two that wait the later replaces the earlier, also when "all" are granted; what it replaced comes again.
r2 shadow to-next new-key -> pending
bob keep r2
r2 shadow to-next new-key -> pending
operator grant all -> 2 enrollment requests granted
bob repeat -> pending
operator grant all -> 1 not granted
expect crl entries=1
eve keep r2
r2 shadow to-next new-key -> pending
operator grant r2 -> granted
expect crl entries=2
wait 1m
eve repeat -> pending
bob repeat -> pending
operator grant all -> 2 not granted
expect crl entries=2
r2 repeat to-next -> granted
wait 30d
r2 activate
r2 renew -> pending
