# A hook that knows which device a challenge is for binds it to subject and alternative names.
ca asks
at 2026-01-01T00:00:00Z
hook allow subject=cn=R1,ou=cvo,o=~cisco~
r1 enrol password=c -> granted
r2 enrol password=c -> pending
hook allow san=DNS:R3.example,IP:10.0.0.3
r3 enrol password=c san=IP:10.0.0.3,DNS:r3.example -> granted
r4 enrol password=c san=DNS:r3.example -> pending
r5 enrol password=c san=IP:10.0.0.3,DNS:r3.example,DNS:more.example -> pending
r6 enrol password=c -> pending
# An empty list: no alternative name at all.
hook allow san=
r7 enrol password=c -> granted
r8 enrol password=c san=DNS:r8.example -> pending
# Names that cannot be read are no answer: neither granted nor refused, nothing stored.
hook allow subject=r9
r9 enrol password=c -> unavailable
hook allow san=r9.example
r9 enrol password=c -> unavailable
hook allow san=DNS:-
r9 enrol password=c -> unavailable
expect counts issued=3 pending=5
hook allow subject=CN=r9,OU=CVO,O=Cisco
r9 enrol password=c -> granted
expect audit
