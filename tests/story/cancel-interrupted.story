# A forced cancel that a full disk interrupts goes on by itself: no shadow certificate stays alive under a cancelled key.
ca grant=auto crl=30d ca-lifetime=100d lifetime=365d rollover=40d
at 2026-01-01T00:00:00Z
r1 enrol -> granted
wait 60d
r1 asks-next -> shown
r1 shadow to-next new-key -> granted
disk full 2
operator cancel force -> cannot take it now
wait 1s
expect generations active=1 cancelled=2
expect counts revoked=1
expect list of=2 entries=1 until=139d+86399s
# BAD-155: a certificate that is being signed while it is cancelled is nobody's.
wait 1d
expect generations active=1 next=4 cancelled=2
r1 asks-next -> shown
signer stops 1
r1 shadow to-next -> no answer
operator cancel force
restart
wait 1s
expect generations active=1 cancelled=4
expect counts revoked=1
r1 shadow to-cancelled -> pending
expect audit
