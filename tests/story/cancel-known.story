# INV-22, BAD-155, S59: once somebody has it, it is cancelled by force only, and all that it signed is revoked.
ca grant=auto crl=30d ca-lifetime=100d lifetime=365d rollover=40d
at 2026-01-01T00:00:00Z
r1 enrol -> granted
r2 enrol -> granted
wait 60d
r1 asks-next -> shown
r1 asks-next -> shown
operator cancel -> Fetched from: 10.0.0.0
restart
operator cancel -> Fetched from: 10.0.0.0
r2 asks-next -> shown
r2 shadow to-next new-key -> granted
operator cancel -> Holds a certificate of it: cn=r2
expect counts revoked=0
operator cancel force -> 1 certificate revoked
expect counts revoked=1
expect generations active=1 cancelled=2
expect list of=2 entries=1 until=140d
expect list of=1 entries=1 until=30d+6h
# Who asks it waits; nobody is refused, nobody can grant it.
r1 shadow to-cancelled -> pending
r2 repeat -> pending
operator grant r1 -> nobody can grant it
r1 renew -> granted
wait 1d
expect generations active=1 next=4 cancelled=2
r1 shadow to-next -> granted
r2 shadow to-next new-key -> granted
wait 39d
expect generations active=4 old=1
expect list of=2 entries=1 until=100d
r1 activate
r1 renew -> granted
r2 activate
r2 renew -> granted
expect audit
