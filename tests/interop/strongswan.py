"""strongswan.py - strongSwan's pki enrols, polls, renews.

pki ends with 0 whatever it received (strongSwan 5.9.8), so every certificate is looked at.
Arguments: keymusterd, keymuster, client.
"""
import re
import socket
import threading

import daemon
from daemon import case, run, until

auto = daemon.Daemon()
manual = daemon.Daemon("  grant manual\n")
behind_ra = daemon.Daemon(daemon.EC_BEHIND_RA)


def pki(d, *words, conf=None):
    env = {"STRONGSWAN_CONF": conf} if conf else None
    ran = run("pki", *words, env=env)
    assert ran.code == 0, "pki %s: %s" % (" ".join(words), ran)
    return ran


def scep_words(d, key, dn, *more, url=None):
    return ("--scep", "--url", url or d.url(), "--in", d.key(key), "--dn", dn, "--cacert-enc",
            d.dir + "/ca.pem", "--cacert-sig", d.dir + "/ca.pem", "--outform", "pem") + more


def enrol(d, name, key, dn, *more, conf=None, url=None):
    """The issued certificate's file."""
    d.ca()
    ran = pki(d, *scep_words(d, key, dn, *more, url=url), conf=conf)
    assert "BEGIN CERTIFICATE" in ran.out, ran
    assert "not trusted" not in ran.err, ran
    return d.save(name + ".pem", ran.out.encode())


class Wire:
    """A forwarder that keeps what the client sends, to see the message itself."""

    def __init__(self, d):
        self.port, self.sent, self.target = daemon.free_port(), [], d.port
        self.socket = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.serve, daemon=True).start()

    def pump(self, come, go, keep):
        try:
            while data := come.recv(65536):
                if keep is not None:
                    keep.extend(data)
                go.sendall(data)
        except OSError:
            pass
        try:
            go.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def serve(self):
        while True:
            client, _ = self.socket.accept()
            server = socket.create_connection(("127.0.0.1", self.target))
            self.sent.append(bytearray())
            for words in ((client, server, self.sent[-1]), (server, client, None)):
                threading.Thread(target=self.pump, args=words, daemon=True).start()

    def url(self):
        return "http://127.0.0.1:%d%s" % (self.port, daemon.PATH)

    def messages(self, d):
        """Every PKIOperation that was posted, and its envelope, as openssl prints them."""
        texts = []
        for octets in self.sent:
            head, _, body = bytes(octets).partition(b"\r\n\r\n")
            if head.startswith(b"POST"):
                path, inner = d.save("wire.der", body), d.dir + "/wire-inner.der"
                run("openssl", "cms", "-verify", "-noverify", "-inform", "DER", "-in", path, "-binary", "-out", inner,
                    code=0)
                texts.append("".join(daemon.openssl("cms", "-cmsout", "-print", "-noout", "-inform", "DER", "-in", p)
                                     for p in (path, inner)))
        return texts

    def message_types(self, d):
        """messageType of every PKIOperation that was posted."""
        found = [re.search(r"2\.16\.840\.1\.113733\.1\.9\.2\)[^:]*set:\s*PRINTABLESTRING:(\d+)", text)
                 for text in self.messages(d)]
        return [int(f[1]) for f in found]


@case("pki --scepca fetches the CA certificate by every path it may use")
def scepca():
    for path in (daemon.PATH, "/scep", "/ROOTCA/cgi-bin/pkiclient.exe", "/certsrv/mscep/mscep.dll"):
        out = auto.dir + "/scepca.pem"
        pki(auto, "--scepca", "--url", auto.url(path), "--caout", out, "--outform", "pem", "--force")
        auto.ca()
        same = [daemon.cert_field(f, "-fingerprint", "-sha256") for f in (out, auto.dir + "/ca.pem")]
        assert same[0] == same[1], path


@case("first enrolment with SAN under grant auto")
def first():
    cert = enrol(auto, "first", "first", "O=Cisco, CN=r1", "--san", "r1.example", "--san", "10.0.0.1")
    daemon.check_certificate(auto, cert, auto.key("first"), "CN=r1,O=Cisco",
                             "DNS:r1.example, IP Address:10.0.0.1")


# How pki 5.9.8 is told, and what its message then holds. It looks for other words in GetCACaps than it
# means; these all pass there.
algorithms = [
    (("--digest", "sha384"), ("sha384", "aes-128-cbc")),
    (("--digest", "sha512"), ("sha512", "aes-128-cbc")),
    (("--cipher", "des3"), ("sha256", "des-ede3-cbc")),
    (("--digest", "sha512", "--cipher", "des3"), ("sha512", "des-ede3-cbc")),
    (("--rsa-padding", "pss"), ("sha256", "rsassaPss")),
]


@case("AL-02 AL-04 SHA-384, SHA-512, 3DES, PSS: each sent and answered")
def each_algorithm():
    for n, (more, words) in enumerate(algorithms):
        wire = Wire(auto)
        cert = enrol(auto, "alg%d" % n, "alg%d" % n, "O=Cisco, CN=alg%d" % n, *more, url=wire.url())
        daemon.check_certificate(auto, cert, auto.key("alg%d" % n), "CN=alg%d,O=Cisco" % n)
        (sent,) = wire.messages(auto)
        assert all(w in sent for w in words), (more, sent)


@case("RenewalReq (17) with a new key: signed by the certificate held")
def renewal_new_key():
    old = enrol(auto, "old", "old", "O=Cisco, CN=r2")
    wire = Wire(auto)
    cert = enrol(auto, "new", "new", "O=Cisco, CN=r2", "--cert", old, "--key", auto.key("old"),
                 url=wire.url())
    daemon.check_certificate(auto, cert, auto.key("new"), "CN=r2,O=Cisco")
    assert wire.message_types(auto) == [17], wire.message_types(auto)
    assert daemon.serial_of(cert) != daemon.serial_of(old)
    entry = [c for c in auto.certificates() if c["serial"] == daemon.serial_of(cert)][0]
    assert entry["kind"] == "renewal", entry


@case("RenewalReq (17) with the same key and transaction id: a new certificate all the same")
def renewal_same_key():
    old = enrol(auto, "same1", "same", "O=Cisco, CN=r3")
    wire = Wire(auto)
    cert = enrol(auto, "same2", "same", "O=Cisco, CN=r3", "--cert", old, "--key", auto.key("same"),
                 url=wire.url())
    daemon.check_certificate(auto, cert, auto.key("same"), "CN=r3,O=Cisco")
    assert wire.message_types(auto) == [17], wire.message_types(auto)
    assert daemon.serial_of(cert) != daemon.serial_of(old)


@case("renewal as PKCSReq (19), pki.scep.renewal_via_pkcs_req")
def renewal_by_19():
    conf = auto.save("strongswan.conf", b"pki {\n  scep {\n    renewal_via_pkcs_req = yes\n  }\n}\n")
    old = enrol(auto, "nineteen1", "nineteen", "O=Cisco, CN=r4")
    wire = Wire(auto)
    cert = enrol(auto, "nineteen2", "nineteen-new", "O=Cisco, CN=r4", "--cert", old, "--key",
                 auto.key("nineteen"), conf=conf, url=wire.url())
    daemon.check_certificate(auto, cert, auto.key("nineteen-new"), "CN=r4,O=Cisco")
    assert wire.message_types(auto) == [19], wire.message_types(auto)
    entry = [c for c in auto.certificates() if c["serial"] == daemon.serial_of(cert)][0]
    assert entry["kind"] == "renewal", entry


@case("a revoked certificate is on the CRL at once and renews no more")
def revoked():
    good = enrol(auto, "good", "good", "O=Cisco, CN=r5")
    bad = enrol(auto, "bad", "bad", "O=Cisco, CN=r6")
    number = auto.show("crypto pki server ROOTCA crl")["number"]
    auto.command("crypto pki server ROOTCA revoke 0x" + daemon.serial_of(bad), "key-compromise")
    serial = daemon.serial_of(bad)
    until(lambda: serial in daemon.openssl("crl", "-in", auto.crl(), "-noout", "-text"),
          "the CRL names the revoked certificate")
    words = ("openssl", "verify", "-x509_strict", "-crl_check", "-CAfile", auto.ca(), "-CRLfile", auto.crl())
    assert "OK" in run(*words, good, code=0).out
    ran = run(*words, bad)
    assert ran.code != 0 and "certificate revoked" in ran.err, ran
    text = daemon.openssl("crl", "-in", auto.crl(), "-noout", "-text")
    assert "Key Compromise" in text, text
    assert auto.show("crypto pki server ROOTCA crl")["number"] > number
    ran = run("pki", *scep_words(auto, "bad-new", "O=Cisco, CN=r6", "--cert", bad, "--key", auto.key("bad")))
    assert ran.code != 0 and "BEGIN CERTIFICATE" not in ran.out, ran


@case("a one-time password enrols once, without a human, under grant manual")
def challenge():
    word = manual.one_time_password()
    cert = enrol(manual, "challenge", "challenge", "O=Cisco, CN=c1", "--san", "c1.example", "--password", word)
    daemon.check_certificate(manual, cert, manual.key("challenge"), "CN=c1,O=Cisco", "DNS:c1.example")
    assert not manual.requests(), manual.requests()
    process, request = polling("challenge2", "O=Cisco, CN=c2", "--password", word)
    daemon.end(process)
    assert not [c for c in manual.certificates() if "c2" in c["subject"]], "it worked twice"


def polling(name, dn, *more):
    """pki that waits for a human, once its request is stored: process and number."""
    manual.ca()
    out = open(manual.dir + "/" + name + ".pem", "wb")
    err = open(manual.dir + "/" + name + ".err", "wb")
    process = daemon.start(("pki",) + scep_words(manual, name, dn, "--interval", "1", *more),
                           stdout=out, stderr=err)
    cn = dn.rpartition("CN=")[2]

    def stored():
        return [r for r in manual.requests() if r["state"] == "pending" and cn in r["subject"]]

    return process, until(stored, "the request is pending")[0]


def polled_result(process, name):
    code = process.wait(daemon.DEADLINE)
    with open(manual.dir + "/" + name + ".pem") as out, open(manual.dir + "/" + name + ".err") as err:
        return code, out.read(), err.read()


@case("grant manual: pki polls until keymuster grants the request")
def granted():
    process, request = polling("poll", "O=Cisco, CN=p1")
    manual.command("crypto pki server ROOTCA grant %d" % request["id"])
    code, out, err = polled_result(process, "poll")
    assert code == 0 and "BEGIN CERTIFICATE" in out, err
    daemon.check_certificate(manual, manual.dir + "/poll.pem", manual.key("poll"), "CN=p1,O=Cisco")


@case("grant manual: a rejected request ends the polling without a certificate")
def rejected():
    process, request = polling("reject", "O=Cisco, CN=p2")
    manual.command("crypto pki server ROOTCA reject %d" % request["id"])
    code, out, err = polled_result(process, "reject")
    assert code != 0 and "BEGIN CERTIFICATE" not in out, err
    assert not [c for c in manual.certificates() if "p2" in c["subject"]]


@case("grant manual: a renewal signed by a live certificate waits for nobody")
def renewal_manual():
    cert = enrol(manual, "poll-new", "poll-new", "O=Cisco, CN=p1", "--cert", manual.dir + "/poll.pem",
                 "--key", manual.key("poll"))
    daemon.check_certificate(manual, cert, manual.key("poll-new"), "CN=p1,O=Cisco")


@case("CA-03: an EC CA behind an RSA certificate: fetched as two, enrols, renews, ends with the CA's chain")
def ec_ca():
    d = behind_ra
    pki(d, "--scepca", "--url", d.url(), "--caout", d.dir + "/two.pem", "--outform", "pem")
    assert d.get("GetCACert").headers["content-type"] == "application/x-x509-ca-ra-cert"
    ra = ("--cacert-enc", d.dir + "/two-ra.pem", "--cacert-sig", d.dir + "/two-ra.pem", "--cacert", d.dir + "/two.pem")
    held = ()
    for name in ("ec", "ec-new"):
        ran = pki(d, "--scep", "--url", d.url(), "--in", d.key(name), "--dn", "O=Cisco, CN=e1", "--outform", "pem", *ra, *held)
        cert = d.save(name + ".pem", ran.out.encode())
        daemon.check_certificate(d, cert, d.key(name), "CN=e1,O=Cisco")
        assert "ecdsa-with-SHA256" in daemon.cert_field(cert, "-text")
        held = ("--cert", cert, "--key", d.key(name))


@case("the daemons end in order")
def ends():
    auto.stop()
    manual.stop()
    behind_ra.stop()


if __name__ == "__main__":
    auto.start()
    manual.start()
    behind_ra.start()
    daemon.main()
