# Renewals by the live certificate are granted by themselves: new key or same key, message 17 or 19.
ca crl=240h crl-overlap=24h
at 2026-01-01T00:00:00Z
r1 enrol -> pending
operator grant r1
r1 poll -> granted
wait 292d
r1 renew new-key type=17 -> granted
expect r1 until=365d
wait 292d
r1 renew new-key type=19 -> granted
# The same key keeps the transaction id of the enrolment (strongSwan, IOS): still a new certificate (ST-06).
wait 100d
r1 renew same-key type=17 -> granted
r1 renew same-key type=17 -> granted
expect counts issued=5 pending=0
# Near its own end the CA cuts lifetimes to it (IOS S60, BAD-130).
wait 200d
r1 renew new-key -> granted
expect r1 until=ca-end
