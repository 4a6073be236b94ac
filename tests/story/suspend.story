# The machine sleeps over the switch and wakes behind it: who writes to the replaced CA before its timer comes is
# answered as behind the switch, and a second later all is as if it had been awake (BAD-132, INV-14).
ca grant=auto crl=30d ca-lifetime=100d lifetime=365d rollover=40d
at 2026-01-01T00:00:00Z
r1 enrol -> granted
wait 70d
r1 shadow to-next new-key -> granted
r2 enrol -> granted
wait 30d 1h unseen
r2 renew -> pending
wait 1s
expect clock honest
expect generations active=2 old=1
expect crl age=1s next=30d+5h+59m+59s
r1 activate
r1 renew -> granted
r3 enrol -> granted
expect r3 until=99d+22h+59m+59s
expect audit
