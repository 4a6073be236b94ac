# Dates behind 2038 and 2050 are encoded and read (BAD-129).
ca grant=auto ca-lifetime=7300d lifetime=3650d crl=300h
at 2037-12-01T00:00:00Z
r1 enrol -> granted
wait 100d
r1 renew new-key -> granted
at 2049-12-31T23:59:59Z
r2 enrol -> granted
wait 1s
r3 enrol -> granted
at 2052-02-29T12:00:00Z
r4 enrol -> granted
