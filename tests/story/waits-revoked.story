# INV-18, BAD-089: the certificate that signed a renewal is revoked while that waits: no grant, and the client hears why.
ca renewals-wait
at 2026-01-01T00:00:00Z
r1 enrol -> pending
operator grant r1
r1 poll -> granted
r1 renew new-key -> pending
operator revoke r1 -> succesfully revoked
r1 poll -> pending
operator grant r1 -> not granted: the certificate that signed it is revoked
r1 poll -> refused badRequest: the signer's certificate is revoked
operator grant r1 -> it does not wait
expect counts issued=1 revoked=1 pending=0
# The signer was being told of a CA role.
sub enrol wants-ca -> pending
operator grant sub
sub poll -> granted
sub renew new-key wants-ca -> pending
signer stops 0
operator grant sub
operator revoke sub
signer goes
wait 1s
sub poll -> refused badRequest: the signer's certificate is revoked
expect counts issued=2 revoked=2 pending=0
expect audit
