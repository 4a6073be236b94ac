# Patterns: the text of the subject as shown, whatever its case; '*' is any part of it. (SEC-04, AL-03)
ca grant=auto legacy=CN=OLD-*,ou=cvo,o=Cisco ancient=cn=very-old,ou=CVO,o=cisco
at 2026-01-01T00:00:00Z
old-1 enrol digest=SHA1 -> granted
old-1 renew new-key -> granted
old-1 crl -> list
old-1 enrol cipher=DES-CBC -> refused badAlg
very-old enrol digest=MD5 cipher=DES-CBC -> granted
very-old renew new-key -> granted
very-old crl -> list
very-old enrol digest=SHA1 -> granted
very-older enrol digest=MD5 -> refused badAlg
# Downgrade by capability: SHA-1 stands in GetCACaps for all, yet serves those it is for alone.
expect caps SHA-1
new-1 enrol digest=SHA1 -> refused badAlg
an-old-1 enrol csr-digest=SHA1 -> refused badAlg
new-1 enrol -> granted
new-1 renew new-key digest=SHA1 -> refused badAlg
new-1 renew new-key digest=SHA256 -> granted
new-1 crl -> list
new-1 crl digest=SHA1 -> refused badAlg
# Whoever signs: the request inside decides.
old-2 enrol digest=SHA1 subject=new-2 -> refused badAlg
expect counts issued=7
