# Nobody was there at the switch: it is made at the start, before anything is answered (INV-14).
ca grant=auto crl=30d ca-lifetime=100d lifetime=365d rollover=40d
at 2026-01-01T00:00:00Z
r1 enrol -> granted
wait 70d
expect generations active=1 next=2
r1 shadow to-next new-key -> granted
server down
wait 60d
expect generations active=1 next=2
server up
expect generations active=2
r1 activate
r1 renew -> granted
# Down over the whole of it: both steps are made up for, and the log says who knows of it.
server down
wait 150d
log
server up
expect generations active=3 next=4
expect log -> no client was told of this CA certificate ca='ROOTCA'
r2 enrol -> granted
expect audit
