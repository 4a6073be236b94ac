# What the signer refuses once is asked for again a minute later.
ca grant=auto key=ec521 ra=ROOTCA-RA
signer fails 5 refuses
at 2026-01-01T00:00:00Z
wait 1m
expect ra
r1 enrol -> granted
