# A backup was put back after the fleet had renewed: many serials ahead are taken, and the counter jumps over them. (BAD-137)
ca grant=auto sequential
at 2026-01-01T00:00:00Z
c1 issued-elsewhere serial=3
c2 issued-elsewhere serial=4
c3 issued-elsewhere serial=5
c4 issued-elsewhere serial=6
c5 issued-elsewhere serial=7
c6 issued-elsewhere serial=8
c7 issued-elsewhere serial=9
c8 issued-elsewhere serial=10
c9 issued-elsewhere serial=11
c10 issued-elsewhere serial=12
c11 issued-elsewhere serial=13
c12 issued-elsewhere serial=14
c13 issued-elsewhere serial=15
c14 issued-elsewhere serial=16
c15 issued-elsewhere serial=17
c16 issued-elsewhere serial=18
c17 issued-elsewhere serial=19
c18 issued-elsewhere serial=20
c19 issued-elsewhere serial=21
c20 issued-elsewhere serial=22
c1 renew new-key -> granted
c2 renew new-key -> granted
c3 renew new-key -> granted
c4 renew new-key -> granted
c5 renew new-key -> granted
c6 renew new-key -> granted
c7 renew new-key -> granted
c8 renew new-key -> granted
c9 renew new-key -> granted
c10 renew new-key -> granted
c11 renew new-key -> granted
c12 renew new-key -> granted
c13 renew new-key -> granted
c14 renew new-key -> granted
c15 renew new-key -> granted
c16 renew new-key -> granted
c17 renew new-key -> granted
c18 renew new-key -> granted
c19 renew new-key -> granted
c20 renew new-key -> granted
expect counts issued=40
