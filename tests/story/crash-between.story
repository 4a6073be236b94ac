# The daemon dies between intent and signature, and between signature and reply: the repeat gets one certificate. (ST-08)
ca grant=auto
at 2026-01-01T00:00:00Z
signer stops 1
r1 enrol -> no answer
restart
r1 repeat -> granted
expect counts issued=1
signer stops 2
r2 enrol -> no answer
restart
r2 repeat -> granted
expect counts issued=2
r1 repeat -> granted the same
