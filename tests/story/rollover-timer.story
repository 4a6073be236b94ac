# The first message behind the end comes before the timer: the switch is made, then it is answered (INV-12, INV-14).
ca grant=auto crl=30d ca-lifetime=100d lifetime=365d rollover=40d
at 2026-01-01T00:00:00Z
r1 enrol -> granted
wait 99d 86395s
steady
wait 10s unseen
expect generations active=1 next=2
r1 enrol -> pending
expect generations active=2 old=1
r2 enrol -> granted
