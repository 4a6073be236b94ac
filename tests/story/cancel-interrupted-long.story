# The same where a list is valid until its CA's end: an ordinary one of the next CA is not taken for the last.
ca grant=auto crl=300d ca-lifetime=100d lifetime=365d rollover=40d
at 2026-01-01T00:00:00Z
r1 enrol -> granted
wait 60d
r1 asks-next -> shown
r1 shadow to-next new-key -> granted
disk full 2
operator cancel force -> cannot take it now
wait 1s
expect generations active=1 cancelled=2
expect counts revoked=1
