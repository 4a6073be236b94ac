# The RA's key is there, its certificate is not: nothing is shown, and it is made as soon as the signer can.
ca grant=auto key=ec384 ra=ROOTCA-RA
signer stops 3
at 2026-01-01T00:00:00Z
expect no-ca
restart
expect ra until=1095d
r1 enrol -> granted
