# KU-01 to KU-07: two that overlap certify each other's key, before the next one is shown.
ca grant=auto crl=30d ca-lifetime=100d lifetime=365d rollover=40d overlap=20d sequential
at 2026-01-01T00:00:00Z
r1 enrol -> granted
expect r1 serial=02
wait 60d
expect generations active=1 next=2
expect links 2
expect next-ca from=20d overlap=20d serial=03
r2 enrol -> granted
expect r2 serial=06
expect counts issued=4 revoked=0
# The link certificates are revoked with the CA they speak for.
operator cancel -> its key destroyed
expect links 0
expect counts revoked=2
wait 5s
expect crl entries=2
expect audit
