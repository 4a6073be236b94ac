# BAD-157: by hand at any time, without auto-rollover; asking twice makes one (IOS S56).
ca grant=auto crl=30d ca-lifetime=730d lifetime=365d
at 2026-01-01T00:00:00Z
expect generations active=1
operator rollover . -> being made
expect generations active=1 next=2
operator rollover . -> there already
expect next-ca from=730d
r1 enrol -> granted
r1 shadow to-next -> granted
wait 730d
expect generations active=2 old=1
r1 activate
r1 renew -> granted
# Without the word the next one ends without a successor.
wait 730d
r2 enrol -> unavailable
