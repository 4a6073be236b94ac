# The list is signed again each lifetime crl, to the second; nextUpdate lies one overlap behind. (CR-05)
ca grant=auto crl=6h crl-overlap=2h
at 2026-01-01T00:00:00Z
expect crl number=1 next=8h
expect wake 6h
wait 5h+59m+59s
expect crl number=1
wait 1s
expect crl number=2 age=0s next=8h
wait 10d
expect crl number=42
