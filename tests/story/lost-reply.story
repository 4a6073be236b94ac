# The reply is lost; the same octets again give the same certificate, no second one. (ST-01, RP-10)
ca grant=auto
at 2026-01-01T00:00:00Z
r1 enrol -> lost
r1 repeat -> granted
r1 repeat -> granted the same
wait 30d
r1 repeat -> granted the same
expect counts issued=1
r1 renew new-key -> granted
r1 repeat -> granted the same
expect counts issued=2
