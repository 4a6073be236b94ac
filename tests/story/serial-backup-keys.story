# The store of a backup beside keys that remember more: whom it does not know is adopted, whatever the counter gave meanwhile, and
# numbers that were given leap once, each over all that is lost. (BAD-137)
ca grant=auto sequential crl=6h
at 2026-01-01T00:00:00Z
r1 enrol -> granted
backup
wait 1d
r2 enrol -> granted
r3 enrol -> granted
r4 enrol -> granted
r5 enrol -> granted
operator revoke r5
wait 1d
backup returns
# Of the lists that were signed since it knows none: the next one is there at once.
wait 1s
expect crl number=65539
r6 enrol -> unavailable
r2 renew new-key -> granted
r6 repeat -> granted
# The number of r2's certificate was given to r6 and refused; the others' were passed over.
r3 renew new-key -> granted
r4 renew new-key -> granted
r1 renew new-key -> granted
wait 6h
expect crl number=65540
expect audit
