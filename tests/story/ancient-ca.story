# A CA of the old days: MD5, RSA-1024, serial numbers by counting. (AL-08)
ca crl=30d ancient hash=md5 bits=1024 sequential
at 2026-01-01T00:00:00Z
r1 enrol digest=MD5 cipher=DES-CBC bits=1024 -> pending
operator grant r1
r1 poll -> granted
expect r1 serial=02 until=365d
r2 enrol digest=SHA512 pss -> pending
operator grant r2
r2 poll -> granted
r3 enrol digest=SHA512 pss cipher=AES-256-CBC -> pending
wait 292d
r1 renew new-key bits=1024 -> granted
r2 renew new-key oaep digest=SHA256 -> granted
operator revoke r2
expect crl entries=1 lists=r2
r1 crl -> list
