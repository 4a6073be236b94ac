# Who fetches its own certificate by its number holds it: the muster knows whose certificate of the next CA is stored where it will be needed (QR-01).
ca grant=auto crl=30d ca-lifetime=100d lifetime=365d rollover=40d
at 2026-01-01T00:00:00Z
r1 enrol -> granted
r2 enrol -> granted
wait 61d
r1 shadow to-next new-key -> granted
r2 shadow to-next new-key -> granted
expect confirmed r1 none
# Nobody confirms for somebody else.
r2 get-cert of=r1 its-shadow -> refused badCertId: no such certificate
expect confirmed r1 none
expect confirmed r2 none
r1 get-cert its-shadow -> granted the same
expect confirmed r1 shadow
expect confirmed r2 none
# Again: the same, and neither the active one nor a renewal of it takes its place, though that came later.
r1 get-cert its-shadow -> granted the same
r1 get-cert -> granted the same
r1 renew new-key -> granted
r1 get-cert -> granted the same
expect confirmed r1 shadow
# The one that had the active one confirmed gets to the next CA's all the same.
r2 renew new-key -> granted
r2 get-cert -> granted the same
expect confirmed r2 held
r2 get-cert before -> granted
expect confirmed r2 held
r2 get-cert its-shadow -> granted the same
expect confirmed r2 shadow
# Another takes its place when it arrived as well, not before.
r1 shadow to-next new-key -> granted
expect confirmed r1 another
r1 get-cert its-shadow -> granted the same
expect confirmed r1 shadow
# Behind the switch what renews it does.
wait 39d
expect generations active=2 old=1
r2 activate
expect confirmed r2 held
r2 renew new-key -> granted
r2 get-cert before -> granted
r2 get-cert -> granted the same
expect confirmed r2 held
