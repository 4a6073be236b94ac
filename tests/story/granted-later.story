# A grant is kept for the client that fetches it later than a request waits, also by another key, while its certificate lives.
ca renewals-wait request=2h
at 2026-01-01T00:00:00Z
r1 enrol -> pending
operator grant r1
wait 3h
r1 poll -> granted
r1 renew new-key type=17 -> pending
operator grant r1
wait 30d
r1 poll -> granted
expect counts pending=0
