# The same with an overlap of a second: next CA, shadow and links begin on the other side of the border.
each 2028-02-29T00:00:00Z 2038-01-19T03:14:08Z 2050-01-01T00:00:00Z 2100-03-01T00:00:00Z
ca grant=auto crl=100d ca-lifetime=730d lifetime=365d rollover=90d overlap=1s
at T-730d
r1 enrol -> granted
at T-90d-1s
expect next-ca none
expect links 0
wait 1s
expect next-ca from=90d-1s until=820d-1s overlap=1s
expect links 2
r2 enrol -> granted
r2 shadow to-next -> granted
at T-1s
expect generations active=1 next=2
expect links 2
r3 enrol -> granted
expect r3 from=0s until=1s
at T
expect generations active=2 old=1
expect links 2
r2 activate
expect r2 from=-1s until=365d-1s
at T+1s
r2 renew new-key -> granted
expect r2 from=0s until=365d
expect audit
