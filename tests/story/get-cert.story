# GetCert brings one's own certificates; another's is answered like one that does not exist (QR-01, QR-04).
ca grant=auto
at 2026-01-01T00:00:00Z
r1 enrol -> granted
r2 enrol -> granted
r1 get-cert -> granted the same
r1 get-cert of=r2 -> refused badCertId: no such certificate
r1 get-cert serial=1111 -> refused badCertId: no such certificate
# Those of one's name from before are one's own.
r1 renew new-key -> granted
r1 get-cert before -> granted
r2 get-cert of=r1 -> refused badCertId: no such certificate
# A revoked signer is told nothing.
operator revoke r2
r2 get-cert -> refused badRequest
