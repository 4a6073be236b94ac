# The store of a backup beside keys that remember more: whom it does not know is adopted, whatever the counter gave meanwhile. (BAD-137)
ca grant=auto sequential
at 2026-01-01T00:00:00Z
r1 enrol -> granted
backup
wait 1d
r2 enrol -> granted
r3 enrol -> granted
r4 enrol -> granted
r5 enrol -> granted
backup returns
# The counter begins where it was; the signer refuses what it has signed, and the counter leaps over all that is lost.
r6 enrol -> unavailable
r2 renew new-key -> unavailable
r2 repeat -> unavailable
r2 repeat -> granted
r6 repeat -> granted
# The number of r2's certificate was given to r6 and refused; the others' were passed over.
r3 renew new-key -> granted
r4 renew new-key -> granted
r5 renew new-key -> granted
r1 renew new-key -> granted
expect audit
