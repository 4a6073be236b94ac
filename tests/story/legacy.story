# "compat legacy": SHA-1 messages, and requests signed by MD5 or SHA-1 in better ones; no further. (AL-02, CC-05, AT-06)
ca crl=30d legacy
at 2026-01-01T00:00:00Z
expect caps SHA-1
expect caps SHA-384
r1 enrol digest=SHA1 cipher=DES-EDE3-CBC -> pending
r1 poll -> pending
operator grant r1
r1 poll -> granted
wait 292d
r1 renew new-key type=17 -> granted
r1 crl -> list
# The router of IOS 15.4: MD5 inside SHA-256.
r2 enrol csr-digest=MD5 -> pending
operator grant r2
r2 poll -> granted
wait 100d
r2 renew new-key csr-digest=MD5 -> granted
r3 enrol csr-digest=SHA1 oaep pss digest=SHA1 -> pending
operator grant r3
r3 poll -> granted
# A message without senderNonce is answered without recipientNonce.
r4 enrol no-nonce -> pending
operator grant r4
r4 poll no-nonce -> granted
r5 enrol digest=MD5 -> refused badAlg
r5 enrol cipher=DES-CBC -> refused badAlg
r5 enrol bits=1024 -> refused badAlg
# Polls and queries too are looked at.
r6 enrol -> pending
r6 poll cipher=DES-CBC -> refused badAlg
r6 poll cipher=AES-128-CBC digest=MD5 -> refused badAlg
expect counts issued=6
expect audit
