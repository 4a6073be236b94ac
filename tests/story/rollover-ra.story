# Each generation has its own RA; the recipient names the generation. Serials are of one sequence.
ca grant=auto crl=30d ca-lifetime=730d lifetime=365d rollover=90d key=ec256 ra=ROOTCA-RA sequential archive
at 2026-01-01T00:00:00Z
r1 enrol -> granted
expect r1 serial=03 until=365d
wait 640d
expect generations active=1 next=2
expect next-ca from=90d
r1 enrol -> granted
expect r1 serial=06 until=ca-end
r1 shadow to-next new-key -> granted
wait 90d
expect generations active=2 old=1
expect ra until=730d
r1 activate
expect r1 serial=07 until=365d
r1 renew -> granted
expect archive
