# Weak algorithms are answered badAlg, each reply in kind. (RP-05, AL-03)
ca grant=auto
at 2026-01-01T00:00:00Z
r1 enrol digest=SHA1 -> refused badAlg
r1 enrol digest=MD5 -> refused badAlg
r1 enrol digest=SHA512 cipher=AES-256-CBC -> granted
r2 enrol digest=SHA384 cipher=DES-EDE3-CBC -> granted
r3 garbage -> unreadable
