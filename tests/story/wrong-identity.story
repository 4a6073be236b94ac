# A renewal keeps name and alternative names; a key belongs to one name.
ca grant=auto
at 2026-01-01T00:00:00Z
r1 enrol san=DNS:r1.example -> granted
r1 enrol subject=other -> refused badRequest
r1 renew new-key subject=r9 -> refused badRequest
r1 renew new-key san=DNS:r1.example -> granted
r1 renew new-key san=DNS:r1.example,DNS:evil.example -> refused badRequest
# Nobody gets the CA's own name.
r2 enrol as-written subject=O=Cisco,OU=TAC,CN=RootCA -> refused badRequest
r3 enrol type=17 -> refused badRequest
expect counts issued=2 pending=0
