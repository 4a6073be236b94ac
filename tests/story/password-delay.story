# Wrong passwords of one address are answered later and later; others are not held up.
at 2026-01-01T00:00:00Z
operator password p1 600
r1 enrol password=guess1 from=10.9.9.9 -> pending
r2 enrol password=guess2 from=10.9.9.9 -> pending
r3 enrol password=guess3 from=10.9.9.9 -> pending
expect delay 0s
r4 enrol password=guess4 from=10.9.9.9 -> pending
r5 enrol password=guess5 from=10.9.9.9 -> pending
r6 enrol password=guess6 from=10.9.9.9 -> pending
r7 enrol password=guess7 from=10.8.8.8 -> pending
expect delay 0s
r8 enrol password=p1 from=10.9.9.9 -> granted
expect delay 0s
