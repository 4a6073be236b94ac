# "serial-number N" goes on behind N; a serial with the top bit set is listed as it stands in the certificate.
ca grant=auto sequential floor=126
at 2026-01-01T00:00:00Z
r1 enrol -> granted
expect r1 serial=0080
operator revoke r1 -> succesfully revoked
expect crl entries=1 lists=r1
