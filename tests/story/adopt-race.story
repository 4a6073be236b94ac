# Two renewals by one unknown certificate in flight: it is adopted once.
ca grant=auto
at 2026-01-01T00:00:00Z
r1 issued-elsewhere
signer stops 0
r1 renew new-key -> no answer
r1 renew new-key -> no answer
signer goes
wait 1s
expect counts issued=3
