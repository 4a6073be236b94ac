# A hook decides on challenges: allowed ones are granted, others wait for a human. (RQ-19)
ca asks
at 2026-01-01T00:00:00Z
hook allow
r1 enrol password=device-1 -> granted
expect asked 1
# The same request gets the same certificate and is not asked again.
r1 repeat -> granted the same
expect asked 1
hook deny
r2 enrol password=guess -> pending
expect asked 2
expect delay 0s
r2 repeat -> pending
expect asked 2
# The operator still decides on what waits.
operator grant r2
r2 poll -> granted
# Nobody asks about those who bring no challenge, renew, or bring a one-time password of ours, also a spent one.
expect asked 2
r7 enrol -> pending
r1 renew new-key password=device-1 -> granted
operator password p1 60 -> Password is
r8 enrol password=p1 -> granted
r9 enrol password=p1 -> pending
expect asked 2
# Nor about what no password would decide.
r10 enrol password=x subject=RootCA,OU=TAC wants-ca -> pending
r11 enrol password=x type=17 -> refused badRequest
expect asked 2
expect audit
