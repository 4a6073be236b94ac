"""rollover.py - a CA carries strongSwan over to the next.

The daemon's clock steps. The next CA certificate overlaps the active one, so that both are valid by the real
clock, which pki and openssl look at. Arguments: keymusterd, keymuster, client.
"""
import os
import re
import time

import daemon
from daemon import aes_256, case, certificates_in, dates, fingerprint, key_id, openssl, run, until
from stepclock import StepClock

WORDS = """\
  grant auto
  database archive pkcs12 password 0 Rev0c$t1
  lifetime ca-certificate 1
  lifetime certificate 1
  auto-rollover 0 8 overlap 0 8
"""


HOUR = 3600
BORN = int(time.time()) - 20 * HOUR
END = BORN + 24 * HOUR
NEXT = END - 8 * HOUR
path = daemon.directory() + "/clock"
clock = StepClock(path, BORN)
base = daemon.ROOT.replace("  lifetime certificate 365\n  lifetime ca-certificate 730\n", "")
d = daemon.Daemon(WORDS, base, {"KEYMUSTER_CLOCK": "step=" + path})
held = {}


def pki(name, ca, *more, begun=True):
    """A certificate by pki --scep from the CA in this file; pki warns of one that has not begun by the real clock."""
    ran = run("pki", "--scep", "--url", d.url(), "--in", d.key(name), "--dn", "O=Cisco, CN=r1", "--outform", "pem",
              "--cacert-enc", ca, "--cacert-sig", ca, *more, code=0)
    assert "BEGIN CERTIFICATE" in ran.out and ("not trusted" not in ran.err or not begun), ran
    return d.save(name + ".pem", ran.out.encode())


@case("NX-05, NX-06: before there is a next CA, GetNextCACert is 404 and says when to ask again")
def before():
    answer = d.get("GetNextCACert")
    assert answer.status == 404 and int(answer.headers["retry-after"]) > 0, answer
    assert b"BEGIN" not in answer.body and b"\x30\x82" not in answer.body, answer
    held["old"] = d.save("old.pem", open(d.ca(), "rb").read())
    held["cert"] = pki("active", held["old"])
    assert "Autorollover timer" in d.command("show crypto pki server")


@case("NX-01, NX-03, NX-19: then it is signed by the active CA; inside, byte for byte, the next one alone")
def announced():
    clock.run_until(NEXT - 1)
    assert d.get("GetNextCACert").status == 404, "it came early"
    clock.run_until(NEXT)
    until(lambda: d.get("GetNextCACert").status == 200, "GetNextCACert is answered")
    answer = d.get("GetNextCACert")
    assert answer.headers["content-type"] == "application/x-x509-next-ca-cert", answer
    path, inner = d.save("next.der", answer.body), d.dir + "/inner.der"
    run("openssl", "cms", "-verify", "-inform", "DER", "-in", path, "-CAfile", held["old"], "-purpose", "any", "-binary",
        "-out", inner, code=0)
    (text,) = certificates_in(inner)
    held["next"] = d.save("next.pem", text.encode())
    made = d.dir + "/made.der"
    openssl("crl2pkcs7", "-nocrl", "-certfile", held["next"], "-outform", "DER", "-out", made)
    with open(inner, "rb") as a, open(made, "rb") as b:
        assert a.read() == b.read(), "openssl would write other octets"
    outside = [fingerprint(d.save("outside.pem", t.encode())) for t in certificates_in(path)]
    assert sorted(outside) == sorted(map(fingerprint, (held["old"], held["next"]))), outside
    ran = run("openssl", "cms", "-verify", "-inform", "DER", "-in", path, "-CAfile", held["next"], "-purpose", "any",
              "-binary", "-out", os.devnull)
    assert ran.code != 0, "the next CA is its own witness"


@case("KR-01, KR-02, NX-17: the next one has the same name, a key and a serial of its own, and its dates")
def next_certificate():
    old, new = held["old"], held["next"]
    assert "OK" in openssl("verify", "-x509_strict", "-check_ss_sig", "-CAfile", new, new)
    for what, same in (("-subject", True), ("-pubkey", False), ("-serial", False)):
        assert (daemon.cert_field(old, what) == daemon.cert_field(new, what)) == same, what
    assert key_id(old) != key_id(new)
    begins, ends = dates(new)
    assert begins == dates(old)[1] - 8 * HOUR == NEXT and ends == begins + 24 * HOUR, (begins, ends, dates(old))
    text = d.command("show crypto pki certificates")
    assert text.index("CA Certificate (Rollover)") < text.index("CA Certificate\n"), text
    text = d.command("show crypto pki server")
    assert "Rollover status: available for rollover" in text and "Autorollover timer" not in text, text
    assert "ROOTCA#" in d.command("show crypto key mypubkey rsa")


@case("CA-04: GetCACert still brings the active one")
def not_early():
    assert fingerprint(d.ca()) == fingerprint(held["old"])


@case("NX-15, NX-16, NX-18: pki asks the next CA with its certificate of the active one and gets a shadow certificate")
def shadow():
    cert = held["shadow"] = pki("shadow", held["next"], "--cert", held["cert"], "--key", d.key("active"))
    assert "OK" in openssl("verify", "-x509_strict", "-partial_chain", "-no_check_time", "-CAfile", held["next"], cert)
    ran = run("openssl", "verify", "-x509_strict", "-no_check_time", "-CAfile", held["old"], cert)
    assert ran.code != 0, "the active CA has signed it"


@case("KR-04 KR-05 KR-07 KR-08 KR-13 CR-08: both generations have a list under their key identifier: same number, instant and entries")
def lists():
    d.command("crypto pki server ROOTCA revoke 0x" + daemon.serial_of(held["cert"]), "superseded")

    def both():
        texts = []
        for ca in ("old", "next"):
            answer = d.fetch("/crl/%s.crl" % key_id(held[ca]))
            if answer.status != 200:
                return None
            path = d.save(ca + ".crl", daemon.pem("X509 CRL", answer.body))
            assert "verify OK" in run("openssl", "crl", "-in", path, "-CAfile", held[ca], "-verify", "-noout").err
            text = openssl("crl", "-in", path, "-noout", "-text")
            if "Serial Number: " + daemon.serial_of(held["cert"]) not in text:
                return None
            texts.append([re.search(r"CRL Number: *\n *(\d+)", text)[1], re.search("Last Update.*", text)[0],
                          re.findall("Serial Number.*", text)])
        return texts if texts[0] == texts[1] else None

    until(both, "two lists that name the revoked certificate")


@case("KU-08, KU-11, KU-15: by the link certificates each generation's certificates verify for who trusts the other one")
def links():
    for trusted, other, cert in (("old", "next", held["shadow"]), ("next", "old", held["cert"])):
        answer = d.fetch("/ROOTCA/link/%s" % key_id(held[other]))
        assert answer.status == 200 and answer.headers["content-type"] == "application/pkix-cert", answer
        link = d.save("link.pem", daemon.pem("CERTIFICATE", answer.body))
        assert "OK" in openssl("verify", "-x509_strict", "-no_check_time", "-CAfile", held[trusted], "-untrusted", link, cert)
        ran = run("openssl", "verify", "-x509_strict", "-no_check_time", "-CAfile", held[trusted], cert)
        assert ran.code != 0, "it verifies without"


@case("INV-11, S44: each generation has its archive, which openssl reads: AES-256")
def archives():
    assert re.search(r"CRYPTO_CS: file opened ca='ROOTCA' file='\S+/ROOTCA_00001.p12'", d.log()), d.log()
    for leaf, ca in (("ROOTCA.p12", "old"), ("ROOTCA_00001.p12", "next")):
        path = d.state + "/servers/ROOTCA/archive/" + leaf
        assert aes_256(path, "Rev0c$t1"), leaf
        out = openssl("pkcs12", "-in", path, "-passin", "pass:Rev0c$t1", "-nodes")
        cert = d.save("archived.pem", out.encode())
        assert fingerprint(cert) == fingerprint(held[ca]), leaf
        assert openssl("pkey", "-in", cert, "-pubout").strip() == daemon.cert_field(held[ca], "-pubkey"), leaf


@case("CA-04: at the end of the active one GetCACert brings the next, and GetNextCACert nothing")
def switched():
    clock.run_until(END - 1)
    assert fingerprint(d.ca()) == fingerprint(held["old"]), "the switch came early"
    clock.run_until(END)
    until(lambda: d.get("GetCACert").status == 200 and fingerprint(d.ca()) == fingerprint(held["next"]), "the switch")
    until(lambda: "switch to next CA certificate" in d.command("show crypto pki server ROOTCA audit"), "the record of it")
    assert d.get("GetNextCACert").status == 404
    answer = d.fetch("/ROOTCA/next/%s" % key_id(held["old"]))
    with open(d.dir + "/next.der", "rb") as f:
        assert answer.status == 200 and answer.body == f.read(), "the old CA's last answer is not there any more"
    assert d.fetch("/ROOTCA/next/%s" % key_id(held["next"])).status == 404
    ran = run("openssl", "crl", "-in", d.crl(), "-CAfile", held["next"], "-verify", "-noout")
    assert "verify OK" in ran.err, ran


@case("who holds the shadow certificate renews with it")
def goes_on():
    cert = pki("after", held["next"], "--cert", held["shadow"], "--key", d.key("shadow"), begun=False)
    assert "OK" in openssl("verify", "-x509_strict", "-no_check_time", "-CAfile", held["next"], cert)


@case("the daemon ends in order")
def ends():
    d.stop()


if __name__ == "__main__":
    d.start()
    daemon.main()
