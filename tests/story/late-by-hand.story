# "grant late DAYS" alone: who comes late waits for a human, and for so many days may still write to the replaced CA.
ca grant=manual crl=30d ca-lifetime=100d lifetime=365d rollover=40d late=20d
at 2026-01-01T00:00:00Z
r1 enrol -> pending
operator grant r1
r1 poll -> granted
r2 enrol -> pending
operator grant r2
r2 poll -> granted
r3 enrol -> pending
operator grant r3
r3 poll -> granted
# Two hold a certificate of one name: the second is the client's newest.
eve enrol subject=r4 -> pending
operator grant 4 -> 4 granted
eve poll -> granted
r4 enrol -> pending
operator grant r4
r4 poll -> granted
wait 100d
expect generations active=2 old=1
# The newest certificate waits too, for nobody said auto.
r1 renew new-key -> pending
wait 1d
r1 poll -> pending
operator grant r1 -> granted
r1 poll -> granted
expect r1 until=ca-end
# It renews by itself again.
r1 renew new-key -> granted
# By auto the newest does not wait; the other one goes on waiting, and a human may grant it.
eve renew new-key -> pending
ca late-auto
r4 renew new-key -> granted
eve poll -> pending
eve renew new-key -> pending
operator grant all
eve poll -> granted
# To the second as long as the key of the replaced CA is there.
ca no-late-auto
wait 18d+23h+59m+59s
r2 renew to-old new-key -> pending
operator grant r2 -> granted
r2 poll to-old -> granted
r3 renew to-old new-key -> pending
wait 1s
expect generations active=2
r3 poll to-old reply-active -> pending
r3 renew to-old reply-active new-key -> refused badCertId: unknown CA certificate, fetch it again by GetCACert
# Who has fetched the CA anew is not refused even then: his certificate has ended, and a human decides.
r3 renew new-key -> pending
operator grant r3 -> granted
r3 poll -> granted
