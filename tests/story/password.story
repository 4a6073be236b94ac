# A one-time password grants one enrolment; a wrong one waits for a human and never locks anybody out. (RQ-19)
at 2026-01-01T00:00:00Z
operator password p1 60 -> Password is
operator password p2 60 -> Password is
r1 enrol password=p1 -> granted
r2 enrol password=p1 -> pending
expect delay 0s
r3 enrol password=guess1 from=10.9.9.9 -> pending
r4 enrol password=guess2 from=10.9.9.9 -> pending
r5 enrol password=guess3 from=10.9.9.9 -> pending
r6 enrol password=guess4 from=10.9.9.9 -> pending
r7 enrol password=p2 from=10.9.9.9 -> granted
expect delay 0s
expect counts issued=2 pending=5
# Passwords end.
operator password p3 10 -> valid for 10 minutes
wait 10m
r8 enrol password=p3 -> pending
# A revocation password of IOS is no wrong guess while no one-time password is out.
r9 enrol password=Rev0cati0n$Passw0rd -> pending
expect delay 0s
expect audit
