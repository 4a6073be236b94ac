"""agent_words.py - an operator's commands to trustpoints: revocation lists, checks, exports, removal.

keymuster-agent beside its authority, on a clock that steps. Arguments: keymusterd, keymuster, client, keymuster-agent.
"""
import calendar
import os
import re
import time

import daemon
from daemon import case, openssl, run, until
from trustpoint import TIMES, World

HOUR = 3600
LIFE = 12 * HOUR  # of a list (lifetime crl)
PASSWORD = "fig tree 9"
VALIDATE = "crypto pki certificate validate R1"
REQUEST = "crypto pki crl request R1"


def world(*lines, lists=True, times=TIMES):
    """One trustpoint that has enrolled; its certificate names the list, unless not lists."""
    w = World({"R1": ["auto-enroll 80", *lines]}, times, cdp=lists)
    until(lambda: w.a.has("R1", "active/cert.pem"), "it enrols")
    return w


def settle(w):
    """All that is due at this instant is done."""
    w.run_until(w.now())


def crls(w):
    return w.a.show("crypto pki crls")["crls"]


def instant(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def says(w, line, code):
    """What keymuster prints for it, which ends with this code."""
    ran = run(daemon.KEYMUSTER, "-r", w.a.run, *line.split())
    assert ran.code == code, "%s: expected exit %d\n%s" % (line, code, ran)
    return ran.out + ran.err


def verified(w, leaf="crl.pem"):
    """A stranger verifies the certificate under the files."""
    return run("openssl", "verify", "-crl_check", "-CAfile", w.a.path("R1", "ca-bundle.pem"), "-CRLfile", w.a.path("R1", leaf),
               "-attime", str(w.now()), w.a.path("R1", "active/cert.pem"))


def revoke(w):
    w.d.command("crypto pki server ROOTCA revoke", w.a.serial("R1").strip().partition("=")[2])
    until(lambda: "Revoked Certificates:" in openssl("crl", "-in", w.d.crl(), "-noout", "-text"), "the list has it")


@case("a list is fetched after enrolment, kept for others in PEM, and fetched anew at 90 % of its life")
def kept():
    w = world()
    until(lambda: w.a.has("R1", "crl.pem"), "the list is kept")
    assert verified(w).code == 0 and verified(w, "crl.d/0001.pem").code == 0
    (one,) = crls(w)
    born = w.now()
    assert one["url"] == w.d.url("/crl/ROOTCA.crl") and one["entries"] == 0, one
    text = w.a.command("show crypto pki crls")
    assert "CRL Issuer Name:\n    cn=RootCA\n" in text and "CRL number: %d\n" % one["number"] in text, text
    assert "CRL UPDATE" in w.a.command("show crypto pki timers")
    for _ in range(2):
        begins, ends, due = (instant(crls(w)[0][key]) for key in ("this_update", "next_update", "update_at"))
        assert due == begins + (ends - begins) * 9 // 10, crls(w)
        number = crls(w)[0]["number"]
        w.run_until(due - 1)
        assert crls(w)[0]["number"] == number, "fetched before its second"
        w.run_until(due)
        (after,) = crls(w)
        if after["number"] == number:  # the authority had none yet: it is asked again soon
            w.run_until(due + LIFE // 10)
            (after,) = crls(w)
        assert after["number"] > number, (number, after)
    assert w.now() > born + LIFE
    assert verified(w).code == 0 and os.listdir(w.a.path("R1", "crl.d")) == ["0001.pem"]
    w.stop()


@case("a list is known again after a restart, and not fetched anew before its time")
def restarted():
    w = world()
    until(lambda: w.a.has("R1", "crl.pem"), "the list is kept")
    settle(w)
    (before,) = crls(w)
    w.a.stop()
    os.unlink(w.a.path("R1", "crl.pem"))  # as if it had died between its files
    w.a.start()
    settle(w)
    assert crls(w) == [before]
    assert verified(w).code == 0
    w.stop()


@case("without an address of a list none is sought, and crl request says what to configure")
def nowhere():
    w = world(lists=False)
    settle(w)
    assert crls(w) == [] and not w.a.has("R1", "crl.pem")
    text = says(w, REQUEST, 1)
    assert "names no CRL" in text and "Configure: crl query http://HOST/PATH" in text, text
    text = says(w, VALIDATE, 1)
    assert "not valid: nothing says whether it is revoked: no address of a CRL is known" in text, text
    assert "No revocation list is kept" in w.a.command("show crypto pki crls")
    w.stop()


@case("crl query, whatever the certificate says; a server that is not there harms nobody and is tried again")
def unreachable():
    w = world("crl query http://127.0.0.1:9/none.crl", "revocation-check crl none")
    settle(w)
    w.a.whole("R1", w.now())
    assert crls(w) == []
    text = says(w, REQUEST, 4)
    assert "% No CRL from http://127.0.0.1:9/none.crl" in text, text
    text = says(w, VALIDATE, 0)
    assert "Revocation not checked:" in text and "Certificate chain for R1 is valid" in text, text
    tries = w.a.log().count("revocation list not to be had")
    w.run_until(w.now() + 6 * HOUR)
    more = w.a.log().count("revocation list not to be had") - tries
    assert 5 <= more <= 20, "%d tries in six hours" % more
    (row,) = w.a.show("crypto pki trustpoints status")["trustpoints"]
    assert "trouble" not in row or not row["trouble"], row
    w.stop()


@case("crl request fetches now; a revoked certificate is said so by validate, and by others under the kept list")
def revoked():
    w = world()
    until(lambda: w.a.has("R1", "crl.pem"), "the list is kept")
    text = says(w, VALIDATE, 0)
    assert "Chain has 2 certificates\n" in text and "Not revoked: CRL of" in text, text
    assert text.endswith("Certificate chain for R1 is valid\n"), text
    revoke(w)
    settle(w)
    assert "is valid" in says(w, VALIDATE, 0), "the kept list is still good"
    text = says(w, REQUEST, 0)
    assert re.search(r"CRL of cn=RootCA,ou=TAC,o=Cisco, number \d+, 1 revoked, next update ", text), text
    text = says(w, VALIDATE, 1)
    assert "% Certificate chain for R1 is not valid: it was revoked " in text, text
    assert verified(w).code != 0
    assert crls(w)[0]["entries"] == 1
    counts = w.a.show("crypto pki counters")
    assert "2" in re.findall(r"Successful Validations: *(\d+)", w.a.command("show crypto pki counters")), counts
    w.stop()


@case("crl cache none: validate fetches a list for itself, and none is kept")
def uncached():
    w = world("crl cache none")
    settle(w)
    assert crls(w) == []
    assert "is valid" in says(w, VALIDATE, 0)
    revoke(w)
    settle(w)
    assert "it was revoked" in says(w, VALIDATE, 1)
    text = says(w, REQUEST, 0)
    assert "It is not kept: crl cache none" in text, text
    assert crls(w) == [] and not w.a.has("R1", "crl.pem")
    w.stop()


@case("crl cache delete-after: fetched anew when it is over")
def deleted():
    w = world("crl cache delete-after 60")
    until(lambda: w.a.has("R1", "crl.pem"), "the list is kept")
    first = crls(w)[0]["fetched_at"]
    w.run_until(w.now() + HOUR)
    assert crls(w)[0]["fetched_at"] > first, crls(w)
    w.d.stop()
    w.run_until(w.now() + HOUR)
    assert crls(w) == [] and not w.a.has("R1", "crl.pem") and os.listdir(w.a.path("R1", "crl.d")) == []
    w.a.stop()


@case("a list that no CA of ours has signed is not kept")
def foreign():
    w = world()
    other = daemon.Daemon(TIMES, env=w.d.env).start()
    with open(w.a.conf) as f:
        text = f.read()
    w.a.stop()
    w.a.write(text + "  crl query %s\n" % other.url("/crl/ROOTCA.crl"))
    w.a.start()
    settle(w)
    text = says(w, REQUEST, 1)
    assert "no CA that is held here has signed it" in text, text
    assert len(crls(w)) == 1
    assert verified(w).code == 0, "the one kept is gone"
    other.stop()
    w.stop()


@case("over a switch the next CA's list takes the place of the old one's")
def switched():
    w = world(times=TIMES + "  lifetime crl 336\n")
    until(lambda: w.a.has("R1", "crl.pem"), "the list is kept")
    old = w.a.dates("R1", "ca-bundle.pem")[1]
    w.run_until(old + 2 * 60)
    assert w.a.dates("R1")[0] == old, "no switch"
    assert len(crls(w)) == 1 and len(os.listdir(w.a.path("R1", "crl.d"))) == 1, crls(w)
    assert verified(w).code == 0
    assert "is valid" in says(w, VALIDATE, 0)
    w.stop()


@case("validate says what is wrong with key and dates")
def invalid():
    w = world()
    until(lambda: w.a.has("R1", "crl.pem"), "the list is kept")
    says(w, VALIDATE, 0)
    w.a.stop()
    keys = w.a.state + "/keys"
    (name,) = [n for n in os.listdir(keys) if n.endswith(".key")]
    os.rename(os.path.join(keys, name), w.a.dir + "/gone.key")
    w.a.start()
    text = says(w, VALIDATE, 1)
    assert "% Certificate chain for R1 is not valid: its key is not to be had" in text, text
    w.stop()


@case("before enrolment each command says what to type")
def early():
    w = World({"R1": []})
    until(lambda: "R1" in w.a.command("show crypto pki trustpoints"), "it is there")
    settle(w)
    for line in VALIDATE, "crypto pki export R1 pem terminal", "crypto pki export R1 pkcs12 x.p12 password " + PASSWORD:
        text = says(w, line, 1)
        assert "Trustpoint R1 has no certificate.\n  Type: crypto pki enroll R1\n" in text, text
    assert "has no certificate that names a CRL" in says(w, REQUEST, 1)
    assert "is not known" in says(w, "crypto pki certificate validate R9", 1)
    w.stop()


@case("a fingerprint line that is changed later moves nothing, and authenticate says how to take another CA")
def fingerprint():
    w = world()
    w.a.stop()
    with open(w.a.conf) as f:
        w.a.write(f.read().replace(w.fingerprint, "00" * 32))
    w.a.start()
    settle(w)
    assert "is valid" in says(w, VALIDATE, 0)
    line = "crypto pki authenticate R1"
    assert "authenticated already.\n  To take another one: %s fingerprint HEX" % line in says(w, line, 0)
    assert "the CA has another fingerprint" in says(w, line + " fingerprint " + "AB" * 20, 1)
    assert "is valid" in says(w, VALIDATE, 0)
    w.stop()


@case("require SCEPStandard: a server that says it is enrolled at; eku request: it grants of it what clients may have")
def standard():
    w = world("require SCEPStandard", "eku request client-auth code-signing ipsec-user")
    w.a.whole("R1", w.now())
    text = openssl("x509", "-in", w.a.path("R1", "active/cert.pem"), "-noout", "-ext", "extendedKeyUsage")
    assert text.split("\n")[1].strip() == "TLS Web Client Authentication, IPSec User", text
    w.stop()


@case("export pem: CA and certificate, printed or in a file, never the key")
def export_pem():
    w = world()
    text = says(w, "crypto pki export R1 pem terminal", 0)
    assert text.startswith("% CA certificate:\n-----BEGIN CERT") and "% General Purpose Certificate:\n" in text, text
    assert text.count("BEGIN CERTIFICATE") == 2 and "KEY" not in text, text
    with open(w.a.path("R1", "active/cert.pem")) as f:
        assert f.read() in text
    where = w.a.path("R1", "export/r1.pem")
    assert where in says(w, "crypto pki export R1 pem url r1.pem", 0)
    with open(where) as f:
        assert f.read() == text
    assert "is there already" in says(w, "crypto pki export R1 pem url r1.pem", 1)
    for name in "/etc/r1.pem", "../r1.pem", "a/b", ".hidden":
        assert "Expected NAME" in says(w, "crypto pki export R1 pem url " + name, 2)
    w.stop()


@case("export pkcs12: key, certificate and CA under a password (AES-256), which stands nowhere")
def export_pkcs12():
    w = world()
    line = "crypto pki export R1 pkcs12 r1.p12 password "
    assert "needs 8 characters or more" in says(w, line + "fig", 1)
    where = w.a.path("R1", "export/r1.p12")
    assert where in says(w, line + PASSWORD, 0)
    assert os.listdir(w.a.path("R1", "export")) == ["r1.p12"] and os.stat(where).st_mode & 0o077 == 0
    assert daemon.aes_256(where, PASSWORD)
    key = openssl("pkcs12", "-in", where, "-nodes", "-nocerts", "-passin", "pass:" + PASSWORD)
    assert run("openssl", "pkey", "-pubout", give=key, code=0).out == w.a.key("R1")
    certs = openssl("pkcs12", "-in", where, "-nokeys", "-passin", "pass:" + PASSWORD)
    assert certs.count("BEGIN CERTIFICATE") == 2, certs
    assert run("openssl", "pkcs12", "-in", where, "-nodes", "-passin", "pass:").code != 0
    w.a.keeps_secret(PASSWORD)
    assert "is there already" in says(w, line + PASSWORD, 1)
    w.stop()


def lay(w, tp, name, text):
    """A file for import, of these octets."""
    os.makedirs(w.a.path(tp, "import"), exist_ok=True)
    with open(w.a.path(tp, "import/" + name), "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode())


def read(path):
    with open(path, "rb") as f:
        return f.read()


def stored(w, tp):
    """All that there is of a trustpoint, but what was brought, and every key."""
    files = {name: read(w.a.path(tp, name)) for name in os.listdir(w.a.path(tp, "")) if os.path.isfile(w.a.path(tp, name))}
    return files, sorted(os.listdir(w.a.path(tp, ""))), sorted(n for n in os.listdir(w.a.state + "/keys") if n.endswith(".key"))


def brought(w):
    """Files for import, of R1's identity and of others; ours is what IOS makes."""
    at = w.dir + "/brought"
    os.makedirs(at)
    key, cert, ca = (w.a.path("R1", "active/" + x) for x in ("key.pem", "cert.pem", "ca.pem"))
    openssl("pkcs12", "-export", "-inkey", key, "-in", cert, "-certfile", ca, "-out", at + "/r1.p12", "-passout", "pass:" + PASSWORD,
            "-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1")
    for name in "other", "ca":
        openssl("req", "-x509", "-newkey", "rsa:1024", "-nodes", "-subj", "/CN=" + name, "-keyout", at + "/%s.key" % name, "-out", at + "/%s.pem" % name,
                "-addext", "basicConstraints=critical,CA:" + ("TRUE" if name == "ca" else "FALSE"), "-days", "20000")
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", at + "/ec.key")
    openssl("pkey", "-in", key, "-aes128", "-passout", "pass:" + PASSWORD, "-out", at + "/sealed.key")
    openssl("pkcs12", "-export", "-inkey", at + "/ca.key", "-in", at + "/ca.pem", "-out", at + "/ca.p12", "-passout", "pass:" + PASSWORD)
    parts = {name: read(at + "/" + name) for name in os.listdir(at)}
    return dict(parts, key=read(key), cert=read(cert), ca=read(ca))


@case("import pkcs12 and pem: what is no good is named, and nothing stored; what is good is renewed like any other")
def imported():
    w = World({"R1": ["auto-enroll 80"], "I1": ["auto-enroll 80", "no fingerprint"], "I2": ["no fingerprint"], "I3": []})
    until(lambda: w.a.has("R1", "active/cert.pem"), "R1 enrols")
    until(lambda: "Yes" in w.a.command("show crypto pki trustpoints I3 status"), "I3 is authenticated")
    settle(w)
    b = brought(w)
    word = " password " + PASSWORD
    line = "crypto pki import I3 %s x%s"
    text = says(w, line % ("pkcs12", word), 1)
    assert w.a.path("I3", "import/x") + " is not there: put the file there" in text, text
    before = stored(w, "I3")
    bad = [  # form, file, password, what is said
        ("pkcs12", b["r1.p12"], " password nonsense", "the password is wrong"),
        ("pkcs12", b["r1.p12"][:-1], word, "it is no PKCS#12"),
        ("pkcs12", b["cert"], word, "it is no PKCS#12"),
        ("pkcs12", b["ca.p12"], word, "the certificate is a CA's"),
        ("pem url", b"nothing", "", "no private key in it"),
        ("pem url", b["cert"] + b["ca"], "", "no private key in it"),
        ("pem url", b["key"], "", "0 of its 0 certificates are for its private key, one is wanted"),
        ("pem url", b["other.key"] + b["cert"] + b["ca"], "", "0 of its 2 certificates are for its private key"),
        ("pem url", b["key"] + b["cert"] + b["other.key"], "", "2 private keys in it, one is wanted"),
        ("pem url", b["key"] + b["cert"] + b["cert"], "", "2 of its 2 certificates"),
        ("pem url", b["sealed.key"] + b["cert"], "", "the private key is encrypted, and no password is given"),
        ("pem url", b["sealed.key"] + b["cert"], " password nonsense", "the password is wrong"),
        ("pem url", b["ec.key"] + b["cert"], "", "its key is not RSA"),
        ("pem url", b["other.key"] + b["other.pem"] + b["ca.pem"], "", "not by the CA that was asked"),
        ("pem url", b["ca.key"] + b["ca.pem"], "", "the certificate is a CA's"),
    ]
    for form, octets, password, why in bad:
        lay(w, "I3", "x", octets)
        text = says(w, line % (form, password), 1)
        assert text.startswith("% Nothing is stored: ") and why in text, "%s: %s" % (why, text)
        assert stored(w, "I3") == before, "%s: something is stored" % why
    w.a.keeps_secret(PASSWORD)
    for tp, form, name, octets in ("I1", "pkcs12", "r1.p12", b["r1.p12"]), ("I2", "pem url", "r1.pem", b["ca"] + b["sealed.key"] + b["cert"]):
        lay(w, tp, name, octets)
        text = says(w, "crypto pki import %s %s %s%s" % (tp, form, name, word), 0)
        assert "Key and certificates of %s are stored.\n" % tp in text and w.a.path(tp, "import/" + name) in text, text
        settle(w)
        w.a.whole(tp, w.now())
        assert w.a.serial(tp) == w.a.serial("R1") and w.a.key(tp) == w.a.key("R1")
        text = says(w, "crypto pki import %s %s %s%s" % (tp, form, name, word), 1)
        assert "is no newer than the one held" in text, text
    begins, ends = w.a.dates("R1")
    w.run_until(begins + (ends - begins) * 8 // 10 + 3600)
    assert w.a.serial("I1") != w.a.serial("I2"), "not renewed"
    w.a.whole("I1", w.now())
    assert "Certificate received" in says(w, "crypto pki enroll I2", 0)
    w.run_until(ends + 1)
    w.a.whole("I2", w.now())
    before = stored(w, "I3")
    lay(w, "I3", "x", b["r1.p12"])
    assert "has ended" in says(w, line % ("pkcs12", word), 1)
    assert stored(w, "I3") == before
    w.a.keeps_secret(PASSWORD)
    w.stop()


class Authority:
    """A CA of openssl, which knows nothing of SCEP; at the time of the world w."""

    def __init__(self, w, name):
        self.w, self.name, self.dir, self.count = w, name, daemon.directory(), 0
        self.lib = daemon.faketime()
        self.key, self.cert = self.dir + "/ca.key", self.dir + "/ca.pem"
        self.run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=" + name,
                 "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-keyout", self.key, "-out", self.cert, "-days", "3650")

    def run(self, *words, at=0):
        past = time.strftime("@%Y-%m-%d %H:%M:%S", time.gmtime(self.w.now() - 60 + at))
        run("openssl", *words, code=0, env={"LD_PRELOAD": self.lib, "FAKETIME": past, "TZ": "UTC"})

    def issues(self, csr, days=100, at=0, more=""):
        """PEM of a certificate for a request that was printed."""
        self.count += 1
        stem = "%s/%d" % (self.dir, self.count)
        for name, text in (".csr", csr), (".ext", "keyUsage=digitalSignature,keyEncipherment\n" + more):
            with open(stem + name, "w") as f:
                f.write(text)
        self.run("x509", "-req", "-in", stem + ".csr", "-CA", self.cert, "-CAkey", self.key, "-CAcreateserial", "-days", str(days),
                 "-extfile", stem + ".ext", "-out", stem + ".pem", at=at)
        return read(stem + ".pem").decode()


def pastes(w, line, code, text):
    """What keymuster prints for a line behind which this text is pasted."""
    ran = run(daemon.KEYMUSTER, "-r", w.a.run, *line.split(), give=text)
    assert ran.code == code, "%s: expected exit %d\n%s" % (line, code, ran)
    return ran.out + ran.err


def another_request(subject):
    """A request of somebody else's making."""
    path = daemon.directory() + "/csr"
    openssl("req", "-new", "-newkey", "rsa:1024", "-keyout", "/dev/null", "-nodes", "-subj", subject, "-out", path)
    return read(path).decode()


@case("enrollment terminal: all is pasted and printed, as well checked as a server's answer, and renewal is said to be due")
def by_hand():
    block = ["no enrollment url", "no fingerprint", "fqdn none", "auto-enroll 80"]
    w = World({"T1": [*block, "rsakeypair T1 1024", "enrollment terminal pem"],
               "T2": [*block, "rsakeypair T2 1024", "enrollment terminal"]})
    w.d.stop()  # nobody is asked
    ours, foreign = Authority(w, "ours"), Authority(w, "foreign")
    ca, print_of = read(ours.cert).decode(), daemon.fingerprint(ours.cert).partition("=")[2]
    authenticate, enroll, take = "crypto pki authenticate T1", "crypto pki enroll T1", "crypto pki import T1 certificate"
    assert "is not authenticated" in says(w, enroll, 1) and "no request was made" in pastes(w, take, 1, ca)
    assert "no certificate was pasted" in pastes(w, authenticate, 1, "")
    assert "is not base64" in pastes(w, authenticate, 1, "no certificate!\n")
    assert "that is a private key" in pastes(w, authenticate, 1, read(ours.key).decode())
    text = pastes(w, authenticate, 3, ca)
    assert text.endswith("  Type: %s fingerprint %s\n" % (authenticate, print_of.replace(":", ""))), text
    assert "has another fingerprint" in pastes(w, authenticate + " fingerprint " + "AB" * 20, 1, ca)
    assert stored(w, "T1")[0] == {} and not stored(w, "T1")[2], "something is stored"
    assert "certificate accepted" in pastes(w, authenticate + " fingerprint " + print_of, 0, ca)
    status = "show crypto pki trustpoints T1 status"
    assert "Now: to be enrolled by hand: crypto pki enroll T1\n" in w.a.command(status)
    csr = says(w, enroll, 0)
    text = w.a.command(status)
    assert "Certificate request(s) ..... Pending\n" in text and "certificate back: " + take in text, text
    assert csr.startswith("Certificate Request follows:\n\n-----BEGIN CERTIFICATE REQUEST-----\n") and take in csr, csr
    assert says(w, enroll, 0) == csr, "another request"
    key = w.dir + "/key.pub"
    with open(key, "w") as f:
        f.write(run("openssl", "req", "-verify", "-noout", "-pubkey", give=csr, code=0).out)
    other, before = another_request("/CN=t1"), stored(w, "T1")
    good = ours.issues(csr)
    renamed = w.dir + "/renamed.pem"
    ours.run("x509", "-new", "-force_pubkey", key, "-subj", "/CN=t2", "-CA", ours.cert, "-CAkey", ours.key, "-CAcreateserial", "-out", renamed)
    bad = [
        ("another key's", ours.issues(other), "0 certificates for our key, one is wanted"),
        ("the CA's own", ca, "0 certificates for our key, one is wanted"),
        ("two of our key", good + ours.issues(csr), "2 certificates for our key, one is wanted"),
        ("another name's", read(renamed).decode(), "the certificate is for another name, 'cn=t2'"),
        ("another CA's", foreign.issues(csr), "not by the CA that was asked"),
        ("a CA's", ours.issues(csr, more="basicConstraints=critical,CA:TRUE\n"), "the certificate is a CA's"),
        ("one that ended", ours.issues(csr, days=1, at=-2 * 86400), "has ended"),
        ("one of tomorrow", ours.issues(csr, at=86400), "not valid yet"),
        ("the request", csr, "no certificate was pasted"),
    ]
    for what, pasted, why in bad:
        text = pastes(w, take, 1, pasted)
        assert why in text, "%s: %s" % (what, text)
        assert stored(w, "T1") == before, "%s is stored" % what
    assert "successfully imported" in pastes(w, take, 0, good)
    assert "Now: holds" in w.a.command(status), w.a.command(status)
    until(lambda: w.a.has("T1", "active/ca.pem"), "its files are there")
    w.a.whole("T1", w.now())
    assert "no request was made" in pastes(w, take, 1, good)
    # T2 by a script, as on a router, without the lines of PEM
    bare = "\n".join(ca.splitlines()[1:-1])
    ran = run(daemon.KEYMUSTER, "-r", w.a.run, code=0, give="crypto pki authenticate T2 fingerprint %s\n%s\nquit\ncrypto pki enroll T2\n" % (print_of, bare))
    csr2 = "-----BEGIN CERTIFICATE REQUEST-----\n%s\n-----END CERTIFICATE REQUEST-----\n" % ran.out.split("follows:\n\n")[1].split("\n\n")[0]
    assert "successfully imported" in pastes(w, "crypto pki import T2 certificate", 0, ours.issues(csr2))
    begins, ends = w.a.dates("T1")
    due = begins + (ends - begins) * 8 // 10
    for at, now in (due - 1, False), (due, True):
        w.run_until(at)
        (row,) = w.a.show("crypto pki trustpoints T1 status")["trustpoints"]
        said = re.search(r"to be renewed by hand.*trustpoint='T1'", w.a.log()) is not None
        assert row["by_hand"] and row["renewal_due"] == now and said == now, (row, said)
    assert "Manual renewal is due since" in w.a.command("show crypto pki trustpoints T1 status")
    serial = w.a.serial("T1")
    csr = says(w, enroll, 0)
    assert run("openssl", "req", "-noout", "-pubkey", give=csr, code=0).out == w.a.key("T1"), "another key"
    assert "successfully imported" in pastes(w, take, 0, ours.issues(csr))
    until(lambda: w.a.serial("T1") != serial, "its files are there")
    w.a.whole("T1", w.now())
    assert "Manual renewal will be due" in w.a.command("show crypto pki trustpoints T1 status")
    assert "nobody answered" not in w.a.log(), "somebody was asked"
    w.a.stop()


@case("no crypto pki trustpoint: asks, then stops it and keeps a copy; the others go on")
def removed():
    w = World({"R1": ["auto-enroll 80"], "R2": ["auto-enroll 80"]})
    until(lambda: w.a.has("R1", "active/cert.pem") and w.a.has("R2", "active/cert.pem"), "they enrol")
    line = "no crypto pki trustpoint R1"
    text = says(w, line, 3)
    assert text.splitlines()[-1] == "  Type: %s force" % line, text
    assert w.a.has("R1", "active/cert.pem") and "trustpoint R1" in w.a.command("show running-config")
    text = says(w, line + " force", 0)
    copy = w.a.state + "/trustpoints/R1.removed-1"
    assert copy in text and "configuration file" in text, text
    assert os.path.exists(copy + "/active/key.pem") and not w.a.has("R1", "")
    assert "trustpoint R1" not in w.a.command("show running-config")
    assert "trustpoint R2" in w.a.command("show running-config")
    names = [t["name"] for t in w.a.show("crypto pki trustpoints")["trustpoints"]]
    assert names == ["R2"], names
    assert "is not known" in says(w, line, 1)
    serial = w.a.serial("R2")
    w.run_until(w.a.dates("R2")[0] + 40 * 86400)
    assert w.a.serial("R2") != serial, "the other one does not renew"
    assert not w.a.has("R1", ""), "it came back"
    w.a.stop()
    w.a.start()  # its lines are still there
    until(lambda: w.a.has("R1", "active/cert.pem"), "it enrols anew")
    assert copy[:-1] + "2" in says(w, line + " force", 0)
    w.stop()


if __name__ == "__main__":
    daemon.main()
