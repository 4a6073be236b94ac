# An ECDSA CA behind an RSA certificate of its own, which opens envelopes and signs replies (CA-03).
ca crl=30d grant=auto key=ec256 ra=ROOTCA-RA lifetime=365d
at 2026-01-01T00:00:00Z
expect ra until=1095d
expect counts issued=1
r1 enrol -> granted
expect r1 until=365d
wait 300d
r1 renew new-key -> granted
expect r1 until=365d
ca grant=manual
r2 enrol -> pending
r2 poll -> pending
operator grant r2
r2 poll -> granted
r1 crl -> list
expect crl
operator revoke r1
expect crl lists=r1
wait 600d
expect ra until=195d
