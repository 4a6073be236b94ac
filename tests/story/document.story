# The source document's own CA, to the second: made 2015-10-09 12:14:16 UTC, RSA-1024 and MD5 (S37, S38, S46 to S48).
ca grant=manual ancient hash=md5 bits=1024 sequential crl=10d ca-lifetime=730d lifetime=365d rollover=90d archive
at 2015-10-09T12:14:16Z
r1 enrol -> pending
operator grant r1
r1 poll -> granted
expect r1 serial=02 until=365d
at 2017-07-10T12:14:15Z
expect generations active=1
expect next-ca none
at 2017-07-10T12:14:16Z
expect generations active=1 next=2
expect next-ca serial=03 from=90d until=820d
at 2017-10-08T12:14:15Z
expect generations active=1 next=2
at 2017-10-08T12:14:16Z
expect generations active=2 old=1
