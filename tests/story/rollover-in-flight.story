# What is under way at the switch: nobody is refused, and nothing else is disturbed (INV-12, BAD-156).
ca crl=30d ca-lifetime=100d lifetime=365d rollover=40d
at 2026-01-01T00:00:00Z
wait 99d 86390s
operator password p1 60
r1 enrol -> pending
r2 enrol -> pending
operator grant r2
signer stops 1
r3 enrol password=p1 -> no answer
signer stops 0
operator grant r1
wait 20s
expect generations active=2 old=1
r3 hears -> unavailable
r4 enrol -> no answer
signer goes
wait 1s
r4 hears -> pending
expect counts pending=2
# Never signed, and never fetched.
r1 poll -> pending
r2 poll -> pending
operator grant r1
operator grant r2
r1 poll -> granted
expect r1 until=ca-end
r2 poll -> granted
r3 enrol password=p1 -> granted
expect counts issued=4
