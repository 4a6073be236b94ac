# "grant manual all" makes renewals wait as well; a challenge in a renewal is never compared. (RQ-16)
ca renewals-wait
at 2026-01-01T00:00:00Z
r1 enrol -> pending
operator grant r1
r1 poll -> granted
operator password p1 60
wait 1m
r1 renew new-key password=wrong type=17 -> pending
expect delay 0s
r1 poll -> pending
operator grant all
r1 poll -> granted
