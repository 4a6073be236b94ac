# INV-09, S58: nobody has the next CA certificate, so it can be taken back. Its number and label are gone for good.
ca grant=auto crl=30d ca-lifetime=730d lifetime=365d rollover=90d archive
at 2026-01-01T00:00:00Z
operator cancel -> does not exist
r1 asks-next -> none
wait 640d
expect generations active=1 next=2
expect next-ca from=90d
operator cancel -> its key destroyed
expect next-ca none
expect generations active=1
r1 asks-next -> none
operator cancel -> does not exist
# Not made again at once, but by itself a day later.
wait 86399s
expect generations active=1
wait 1s
expect generations active=1 next=4
expect next-ca from=89d until=819d
operator cancel -> ROOTCA_00003.p12 still holds the key
# By hand at any time.
operator rollover . -> being made
expect generations active=1 next=6
r1 enrol -> granted
r1 shadow to-next new-key -> granted
wait 89d
expect generations active=6 old=1
r1 activate
r1 renew -> granted
# Less than a day before the end it is held up for half of the time that is left.
wait 729d+12h
expect generations active=6 next=7
operator cancel -> auto-rollover makes another
wait 21599s
expect generations active=6
wait 1s
expect generations active=6 next=9
wait 6h
expect generations active=9 old=6
expect audit
