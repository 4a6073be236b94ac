# Lists that are too long for one turn: same entries, number and instant for both generations, the newest revocation among them.
ca grant=auto crl=30d ca-lifetime=100d lifetime=365d rollover=40d
at 2026-01-01T00:00:00Z
r1 enrol -> granted
r2 enrol -> granted
revoked 9000
operator revoke r1
wait 1s
expect crl entries=9001 lists=r1 next=30d+6h-1s
restart
wait 1s
expect crl entries=9001 lists=r1
# A revocation while one is being signed is in the next.
revoked 20000
wait 60d
expect generations active=1 next=2
expect crl entries=29001
expect crl-next entries=29001
operator revoke r2
wait 1s
expect crl entries=29002 lists=r2
expect crl-next entries=29002
restart
wait 1s
expect crl entries=29002
expect crl-next entries=29002
# The store takes it or not, the signer is there or not: the next one comes.
disk full 2
revoked 1
wait 30d
expect crl entries=29003
wait 10d
expect generations active=2 old=1
expect crl entries=29003
