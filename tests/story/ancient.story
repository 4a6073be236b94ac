# "compat ancient": single DES, MD5 and RSA-1024 as well, and all that "compat legacy" lets in. (AL-03, AL-05, AL-08)
ca crl=30d ancient
at 2026-01-01T00:00:00Z
expect caps SHA-1
r1 enrol digest=MD5 cipher=DES-CBC -> pending
r1 poll -> pending
operator grant r1
r1 poll -> granted
wait 292d
r1 renew new-key -> granted
r1 crl -> list
r2 enrol bits=1024 digest=SHA1 cipher=DES-CBC -> pending
operator grant r2
r2 poll -> granted
wait 100d
r2 renew same-key -> granted
r2 crl -> list
r3 enrol bits=1024 csr-digest=MD5 no-nonce oaep -> pending
operator grant r3
r3 poll no-nonce -> granted
# Short keys have no room for the salt and for OAEP that long digests want.
r4 enrol bits=1024 oaep digest=SHA512 -> pending
operator grant r4
r4 poll -> granted
# Under RSA-1024 nothing helps.
r5 enrol bits=768 -> refused badAlg
expect audit
# A word that is taken back: certificates stay, renewals by the old algorithms do not.
ca no-ancient
expect no-caps SHA-1
r1 renew new-key -> refused badAlg
r1 crl -> refused badAlg
r1 renew new-key digest=SHA256 cipher=AES-128-CBC -> granted
