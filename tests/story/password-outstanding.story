# A used password is not outstanding: revocation passwords of IOS are not delayed for it.
at 2026-01-01T00:00:00Z
operator password p1 600
r1 enrol password=p1 -> granted
r2 enrol password=Rev1 from=10.9.9.9 -> pending
r3 enrol password=Rev2 from=10.9.9.9 -> pending
r4 enrol password=Rev3 from=10.9.9.9 -> pending
r5 enrol password=Rev4 from=10.9.9.9 -> pending
expect delay 0s
