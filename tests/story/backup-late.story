# A certificate that a restored store does not know, by a CA that was replaced long ago, has ended as any other has: it waits for a human.
ca grant=auto crl=30d ca-lifetime=200d lifetime=365d rollover=40d
at 2026-01-01T00:00:00Z
backup
r1 enrol -> granted
backup returns
wait 195d
wait 30d
expect generations active=2
r1 renew new-key -> pending
