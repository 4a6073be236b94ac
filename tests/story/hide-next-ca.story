# CC-06: by default GetNextCACert is always among the capabilities; "compat hide-next-ca" lists it while there is a next CA.
ca grant=auto crl=30d ca-lifetime=100d lifetime=365d rollover=40d
at 2026-01-01T00:00:00Z
expect caps GetNextCACert
ca hide-next-ca
expect no-caps GetNextCACert
expect caps Renewal
wait 60d
expect caps GetNextCACert
operator cancel -> its key destroyed
expect no-caps GetNextCACert
wait 1d
expect caps GetNextCACert
wait 39d
expect generations active=4 old=1
expect no-caps GetNextCACert
