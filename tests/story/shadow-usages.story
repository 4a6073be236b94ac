# BAD-104: keys for signature and for encryption: one live certificate of the next CA for each key usage, and each is replaced three times.
ca grant=auto crl=30d ca-lifetime=100d lifetime=365d rollover=40d
at 2026-01-01T00:00:00Z
r1 enrol -> granted
wait 70d
r1 shadow to-next new-key usage=digitalSignature -> granted
r1 shadow to-next new-key usage=keyEncipherment -> granted
expect crl entries=0
r1 shadow to-next new-key usage=digitalSignature -> granted
expect crl entries=1
r1 shadow to-next new-key usage=digitalSignature -> granted
r1 shadow to-next new-key usage=digitalSignature -> granted
expect crl entries=3
r1 shadow to-next new-key usage=digitalSignature -> pending
r1 shadow to-next new-key usage=keyEncipherment -> granted
expect crl entries=4
# Whoever comes with ever other usages is no router.
r1 shadow to-next new-key usage=dataEncipherment -> granted
r1 shadow to-next new-key usage=nonRepudiation -> granted
r1 shadow to-next new-key usage=keyAgreement -> pending
expect crl entries=4
