# The same behind RAs: each generation has its own.
ca grant=auto crl=30d ca-lifetime=100d lifetime=365d rollover=40d key=ec256 ra=ROOTCA-RA shadow-reply-active
at 2026-01-01T00:00:00Z
r1 enrol -> granted
wait 70d
r1 shadow to-next reply-active -> granted
