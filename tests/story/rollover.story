# CP-07, KR-20, MT-06: the CA carries itself over: next key and certificate 90 days before the end, the switch to the second.
ca grant=auto crl=30d ca-lifetime=730d lifetime=365d rollover=90d
at 2026-01-01T00:00:00Z
r1 enrol -> granted
expect generations active=1
wait 639d
expect next-ca none
wait 1d
expect generations active=1 next=2
expect next-ca from=90d until=820d overlap=0s
r2 enrol -> granted
expect r2 until=ca-end
r2 shadow to-next type=17 -> granted
expect r2 until=ca-end
r5 enrol -> granted
r5 shadow to-next type=19 -> granted
expect r5 until=ca-end
wait 89d
expect generations active=1 next=2
r3 enrol -> granted
wait 86399s
expect generations active=1 next=2
wait 1s
expect generations active=2 old=1
r2 activate
expect r2 until=365d
r2 renew new-key -> granted
r5 activate
expect r5 until=365d
r4 enrol -> granted
expect r4 until=365d
wait 7d
expect generations active=2
expect audit
