# A client whose certificate ended asks by it: a human decides, it is not turned away for good.
ca grant=auto lifetime=30d
at 2026-01-01T00:00:00Z
r1 enrol -> granted
wait 30d
r1 renew new-key -> pending
operator grant all
r1 poll -> granted
