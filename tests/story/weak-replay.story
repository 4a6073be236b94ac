# Replay of an old weak message. (SEC-04, ST-02)
ca grant=auto legacy
at 2026-01-01T00:00:00Z
r1 enrol digest=SHA1 -> granted
# As long as nothing stronger was seen it is the same request and gets the same certificate (rule 5), ...
r1 repeat -> granted the same
eve keep r1
r1 renew new-key digest=SHA256 -> granted
# ... then it is refused: the reply would be signed and enciphered the weak way once more.
eve repeat -> refused badAlg
expect counts issued=2
# A replay of a strong message, older than the newest certificate, does not lock out who began anew.
r2 enrol -> granted
eve keep r2
r2 renew new-key -> granted
operator revoke r2
eve repeat -> granted the same
r2 enrol digest=SHA1 -> granted
r2 renew new-key -> granted
expect counts issued=6 revoked=1
expect audit
