# A signer in trouble: the link comes a minute later, and the announcement behind it.
ca grant=auto crl=20d ca-lifetime=100d lifetime=365d rollover=39d overlap=20d
at 2026-01-01T00:00:00Z
wait 60d+23h
steady
signer fails 5
wait 1h
expect links 0
expect next-ca none
wait 1m
expect links 2
expect next-ca from=18d+23h+59m
