# R5: "lifetime shadow balance": the certificate of the next CA has what the active one lacks of its lifetime.
ca grant=auto crl=30d ca-lifetime=730d lifetime=365d rollover=90d
at 2026-01-01T00:00:00Z
wait 584d
r2 enrol -> granted
r3 enrol -> granted
expect r2 until=146d
wait 66d
r3 shadow to-next -> granted
ca shadow-balance
r2 shadow to-next -> granted
# 20 days before the end 345 lack. One that a human grants is not longer.
wait 60d
r4 enrol -> granted
r4 shadow to-next -> granted
r5 enrol -> granted
ca renewals-wait
r5 shadow to-next -> pending
operator grant r5
wait 20d
r2 activate
expect r2 until=219d
r3 activate
expect r3 until=365d
r4 activate
expect r4 until=345d
r5 poll -> granted
expect r5 until=345d
