# Who got a certificate by strong algorithms is not served by weaker ones; a revocation begins anew. (SEC-04, AL-03)
ca ancient
at 2026-01-01T00:00:00Z
r1 enrol digest=SHA1 -> pending
operator grant r1
r1 poll -> granted
r1 renew new-key digest=MD5 -> refused badAlg
r1 renew new-key digest=SHA1 cipher=DES-CBC -> refused badAlg
r1 renew new-key digest=SHA1 cipher=AES-128-CBC -> granted
r1 renew new-key digest=SHA256 -> granted
r1 renew new-key digest=SHA1 -> refused badAlg
r1 crl digest=SHA1 -> refused badAlg
r1 enrol digest=SHA1 -> refused badAlg
r1 enrol csr-digest=SHA1 -> refused badAlg
r1 enrol no-nonce -> refused badRequest
# The router is swapped for an old one.
operator revoke r1
r1 enrol digest=MD5 cipher=DES-CBC -> pending
operator grant r1
r1 poll -> granted
r1 renew new-key digest=SHA1 cipher=AES-128-CBC -> granted
r1 renew new-key digest=MD5 -> refused badAlg
expect audit
