"""compat.py - old algorithms: refused, let in by the compat words, answered in kind.

The messages come from client (tests/lib/peer.h); micromdm.py has a client that knows old ones
alone. Arguments: keymusterd, keymuster, client.
"""
import daemon
from daemon import case, enrol, exchange

strict = daemon.Daemon()
legacy = daemon.Daemon("  grant auto\n  compat legacy cn=old-*\n")
ancient = daemon.Daemon("  grant auto\n  compat ancient\n")
oldest = daemon.Daemon("  hash md5\n  rsakeypair OLD 1024\n  serial sequential\n  compat ancient\n  grant manual\n")
daemons = (strict, legacy, ancient, oldest)

WEAK = (("SHA1", "DES-EDE3-CBC"), ("SHA1", "DES-CBC"), ("MD5", "AES-128-CBC"), ("SHA256", "DES-CBC"))


@case("AL-01 AL-02 AL-03 without a word the old ones are refused by badAlg, and the text says which word would help")
def refused():
    for digest, cipher in WEAK:
        key = (digest + cipher).lower()
        said, _, _, _ = exchange(strict, key, "O=Cisco,CN=" + key, digest=digest, cipher=cipher)
        assert said[:2] == ["failure", "0"] and "'compat" in said, (digest, cipher, said)


@case("CC-05 GetCACaps says SHA-1 where a word is, and nothing of DES and MD5")
def capabilities():
    plain = strict.get("GetCACaps").body.decode().splitlines()
    assert "SHA-1" not in plain, plain
    for d in (legacy, ancient, oldest):
        words = d.get("GetCACaps").body.decode().splitlines()
        assert words == sorted(plain + ["SHA-1"]), words


@case("AL-02 SEC-04 compat legacy PATTERN: SHA-1 for those subjects alone, and for nobody who is stronger")
def by_pattern():
    said, old = enrol(legacy, "old-1", "O=Cisco,CN=old-1", digest="SHA1", cipher="DES-EDE3-CBC")
    assert said[2:] == ["SHA1", "DES-EDE3-CBC"], said
    said, _, _, _ = exchange(legacy, "new-1", "O=Cisco,CN=new-1", digest="SHA1")
    assert said[:2] == ["failure", "0"], said
    said, new = enrol(legacy, "old-1", "O=Cisco,CN=old-1", name="stronger", type="renew", signer=old)
    assert said[2:] == ["SHA256", "AES-128-CBC"], said
    said, _, _, _ = exchange(legacy, "old-1", "O=Cisco,CN=old-1", name="x", type="renew", signer=new, digest="SHA1")
    assert said[:2] == ["failure", "0"] and "stronger" in said, said


@case("AL-02 AL-03 RP-05 compat ancient: each in kind, signed by the signer that was told at its start")
def in_kind():
    for digest, cipher in WEAK:
        key = (digest + cipher).lower()
        said, out = enrol(ancient, key, "O=Cisco,CN=" + key, digest=digest, cipher=cipher)
        assert said[2:] == [digest, cipher], (digest, cipher, said)
        daemon.check_certificate(ancient, out, ancient.key(key), "CN=%s,O=Cisco" % key)


@case("AL-08 hash md5, rsakeypair OLD 1024 and serial sequential under compat ancient: starts, enrols, revokes")
def old_ca():
    ca = oldest.ca()
    text = daemon.openssl("x509", "-in", ca, "-noout", "-text")
    assert "md5WithRSAEncryption" in text and "Public-Key: (1024 bit)" in text, text
    said, _, _, _ = exchange(oldest, "r1", "O=Cisco,CN=r1", digest="MD5", cipher="DES-CBC")
    assert said == ["pending", "MD5"], said
    oldest.command("crypto pki server ROOTCA grant %d" % oldest.requests()[0]["id"])

    def issued():
        said, out, _, _ = exchange(oldest, "r1", "O=Cisco,CN=r1", type="poll", digest="MD5", cipher="DES-CBC")
        return said[0] == "success" and said[2:] == ["MD5", "DES-CBC"] and out

    out = daemon.until(issued, "the poll brings the certificate")
    assert daemon.serial_of(out) == "02"
    assert "md5WithRSAEncryption" in daemon.openssl("x509", "-in", out, "-noout", "-text")
    oldest.command("crypto pki server ROOTCA revoke 0x02")
    daemon.until(lambda: "Serial Number: 02" in daemon.openssl("crl", "-in", oldest.crl(), "-noout", "-text"), "on the list")


@case("the daemons end in order")
def ends():
    for d in daemons:
        d.stop()


if __name__ == "__main__":
    for d in daemons:
        d.start()
    daemon.main()
