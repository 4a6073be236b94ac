# Switches on a leap day, in 2038, at the border of UTCTime and GeneralizedTime, and in 2100 without a leap day, each looked
# at a second before, at it and a second after: every date to the second and in the form of its year (BAD-129, KR-20).
each 2028-02-29T00:00:00Z 2038-01-19T03:14:08Z 2049-12-31T23:59:59Z 2050-01-01T00:00:00Z 2100-02-28T23:59:59Z 2100-03-01T00:00:00Z
ca grant=auto crl=100d ca-lifetime=730d lifetime=365d rollover=90d
at T-730d
r1 enrol -> granted
expect r1 from=0s until=365d
at T-90d-1s
expect next-ca none
wait 1s
expect generations active=1 next=2
expect next-ca from=90d until=820d overlap=0s
expect links 0
r2 enrol -> granted
expect r2 from=0s until=90d
r2 shadow to-next -> granted
at T-1s
expect generations active=1 next=2
r3 enrol -> granted
expect r3 from=0s until=1s
r3 shadow to-next new-key -> granted
r4 enrol -> granted
operator revoke r4
expect crl age=0s next=1s entries=1 lists=r4
expect list of=2 entries=1 until=100d+6h
at T
expect generations active=2 old=1
expect next-ca none
r2 activate
expect r2 from=0s until=365d
r3 activate
expect r3 from=0s until=365d
r5 enrol -> granted
expect r5 from=0s until=365d
operator revoke r5
expect crl age=0s next=100d+6h entries=2 lists=r5
at T+1s
expect generations active=2 old=1
r2 renew new-key -> granted
expect r2 from=0s until=365d
r6 enrol -> granted
operator revoke r6
expect crl age=0s next=100d+6h entries=3 lists=r6
expect clock honest
expect audit
