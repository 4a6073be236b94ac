# BAD-104: a subordinate CA's certificate of the next CA: the signer is told of the role for the key that signs it. GetCRL of that key (QR-02).
ca crl=30d ca-lifetime=100d lifetime=365d rollover=40d
at 2026-01-01T00:00:00Z
r1 enrol wants-ca -> pending
operator grant r1
r1 poll -> granted
wait 70d
r1 shadow to-next new-key wants-ca -> pending
operator grant r1
r1 poll to-next -> granted
r2 enrol -> pending
operator grant r2
r2 poll -> granted
r2 renew -> granted
r2 crl to-next -> list
r2 crl -> list
wait 30d
expect generations active=2 old=1
expect r1 is-ca
