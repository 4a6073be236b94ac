# Without a word weak algorithms are answered badAlg, the rest in kind. (RP-05, AL-01, AL-03, AL-04, AL-05)
ca grant=auto
at 2026-01-01T00:00:00Z
r1 enrol digest=SHA1 -> refused badAlg
r1 enrol digest=MD5 -> refused badAlg
r1 enrol csr-digest=SHA1 -> refused badAlg
r1 enrol csr-digest=MD5 -> refused badAlg
r1 enrol cipher=DES-CBC -> refused badAlg
r1 enrol bits=1024 -> refused badAlg
r2 enrol no-nonce -> refused badRequest
expect counts issued=0 pending=0
expect no-caps SHA-1
r4 enrol -> granted
r5 enrol digest=SHA512 cipher=AES-256-CBC -> granted
r6 enrol digest=SHA384 cipher=DES-EDE3-CBC -> granted
r7 enrol pss -> granted
r7 renew new-key digest=SHA512 oaep cipher=AES-192-CBC -> granted
r8 enrol oaep -> granted
r8 renew new-key digest=SHA384 -> granted
r8 crl -> list
r3 garbage -> unreadable
