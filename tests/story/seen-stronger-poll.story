# Only a certificate that was handed out says how strong a client is. (SEC-04, ST-02)
ca ancient
at 2026-01-01T00:00:00Z
# A stranger asks strongly, in the name of a weak client, and waits: nobody is locked out.
stranger enrol subject=r1 -> pending
r1 enrol digest=MD5 -> pending
r1 poll -> pending
operator reject 1
r1 poll -> pending
operator grant r1
r1 poll -> granted
r1 renew new-key -> granted
# A poll that got a strong certificate counts.
r2 enrol -> pending
r2 poll -> pending
operator grant r2
r2 poll digest=SHA1 -> granted
r2 poll digest=SHA256 -> granted the same
r2 poll digest=SHA1 -> refused badAlg
# MD5 inside: polls in better messages do not make the request better.
r3 enrol csr-digest=MD5 -> pending
operator grant r3
r3 poll -> granted
r3 renew new-key csr-digest=MD5 -> granted
# Without its request a poll still gets the certificate, and says nothing of its strength.
r4 enrol digest=MD5 -> pending
operator grant r4
operator remove r4
r4 poll digest=SHA256 -> granted
r4 renew new-key digest=MD5 -> granted
expect audit
