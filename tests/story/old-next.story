# NX-05, NX-06: until there is a next CA, who asks is told when. Behind the switch the old CA's last answer stays.
ca grant=auto crl=30d ca-lifetime=730d lifetime=365d rollover=90d
at 2026-01-01T00:00:00Z
r1 enrol -> granted
expect next-due 640d
expect old-next none
wait 639d+23h
expect next-due 1h
wait 1h
expect next-ca from=90d
operator cancel -> its key destroyed
expect next-due 1d
wait 1d
expect next-ca from=89d
wait 89d
expect generations active=4 old=1
expect next-ca none
expect next-due 640d
expect old-next there
wait 7d
expect generations active=4
restart
expect old-next there
# Asked by hand it is there soon; without either nobody knows.
signer stops 0
operator rollover . -> being made
expect next-due now
wait 633d
restart
expect next-ca from=90d
expect old-next there
wait 90d
expect generations active=5 old=4
expect old-next there
ca no-rollover
restart
expect next-due unknown
