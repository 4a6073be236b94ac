# One that refuses a link for good does not hold up the rollover.
ca grant=auto crl=20d ca-lifetime=100d lifetime=365d rollover=39d overlap=20d
at 2026-01-01T00:00:00Z
wait 60d+23h
signer fails 5 refuses
wait 1h
expect links 1
expect next-ca from=19d
