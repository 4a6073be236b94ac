# An older request, granted late, does not become the client's newest certificate: its revocation opens nothing, and the newer one may be late.
ca no-replace crl=30d ca-lifetime=100d lifetime=365d late=20d late-auto
at 2026-01-01T00:00:00Z
eve enrol subject=r1 -> pending
wait 1h
r1 enrol -> pending
operator grant 2 -> 2 granted
r1 poll -> granted
operator grant 1 -> 1 granted
eve poll -> granted
operator revoke eve
ca grant=auto
bob enrol subject=r1 -> pending
