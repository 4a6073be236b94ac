# An RA added to an RSA CA that runs: who still encrypts to the CA itself is served by it (CA-03).
ca grant=auto
at 2026-01-01T00:00:00Z
r1 enrol -> granted
ca ra=ROOTCA-RA
expect ra until=1095d
r1 renew -> granted
r2 enrol to-ca -> granted
r3 enrol -> granted
# The RA's name is the CA's own, and its certificate is not revoked by the way.
r4 enrol as-written subject=O=Cisco,OU=TAC,CN=RootCA,CN=RA -> refused badRequest
operator revoke ra -> own RA
r1 renew -> granted
expect counts issued=6 revoked=0
expect audit
