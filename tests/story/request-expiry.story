# A request nobody decides goes after lifetime enrollment-request, to the second.
ca request=2h
at 2026-01-01T00:00:00Z
r1 enrol -> pending
wait 1h
r2 enrol -> pending
wait 59m+59s
r1 poll -> pending
wait 1s
r1 poll -> refused badCertId
r2 poll -> pending
expect counts pending=1
wait 1h
expect counts pending=0
