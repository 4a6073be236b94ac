# Challenges that a hook refuses are answered later and later, also while no one-time password is out.
ca asks
at 2026-01-01T00:00:00Z
hook deny
steady
r1 enrol password=guess1 from=10.9.9.9 -> pending
r2 enrol password=guess2 from=10.9.9.9 -> pending
r3 enrol password=guess3 from=10.9.9.9 -> pending
expect delay 0s
r4 enrol password=guess4 from=10.9.9.9 -> pending
expect delay 1s
r5 enrol password=guess5 from=10.9.9.9 -> pending
expect delay 2s
r6 enrol password=guess6 from=10.8.8.8 -> pending
expect delay 0s
# A right one passes at once; nobody is blamed for a hook that is silent.
hook allow
r7 enrol password=right from=10.9.9.9 -> granted
expect delay 0s
hook again
r8 enrol password=any from=10.9.9.9 -> unavailable
expect delay 0s
