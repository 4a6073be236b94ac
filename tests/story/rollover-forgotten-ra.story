# The RA's key goes first, and what the signer cannot destroy is tried again: no key is left over.
ca grant=auto crl=30d ca-lifetime=100d lifetime=365d rollover=40d key=ec256 ra=ROOTCA-RA
at 2026-01-01T00:00:00Z
wait 100d
expect generations active=2 old=1
wait 6d
steady
signer fails 1
wait 1d
expect generations active=2 old=1
wait 1h
expect generations active=2
