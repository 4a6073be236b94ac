# One CA's life over leap days, 2038, 2050 and 2100: each list and certificate to the second (BAD-129).
ca grant=auto ca-lifetime=36524d lifetime=365d crl=24h
at 2028-02-28T23:59:59Z
r1 enrol -> granted
expect r1 until=365d
wait 1s
r1 renew new-key -> granted
expect r1 until=365d
expect crl number=1 age=1s next=1d+5h+59m+59s
wait 23h+59m+59s
expect crl number=2 age=0s next=30h
at 2038-01-19T03:14:06Z
r2 enrol -> granted
expect r2 until=365d
wait 1s
r3 enrol -> granted
wait 1s
r4 enrol -> granted
r4 renew new-key -> granted
expect r4 until=365d
wait 1d
expect crl number=4 age=2s next=1d+5h+59m+58s
at 2049-12-31T23:59:58Z
r5 enrol -> granted
wait 1s
r5 renew new-key -> granted
wait 1s
r5 renew new-key -> granted
expect r5 until=365d
wait 1d
expect crl number=6 age=2s
at 2100-02-28T23:59:59Z
r6 enrol -> granted
wait 1s
r6 renew new-key -> granted
expect r6 until=365d
wait 1d
expect crl number=8 age=1s
expect clock honest
expect audit
