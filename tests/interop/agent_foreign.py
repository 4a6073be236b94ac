"""agent_foreign.py - keymuster-agent before a server of others: micromdm's scepserver.

Debian's package scep: no GetNextCACert, answers signed by SHA-1 in single DES, two requests at once may get one
serial number. It listens on every address, so where this may be, the test runs in a network of its own.
Arguments: keymusterd, keymuster, client, keymuster-agent.
"""
import os
import subprocess
import sys
import time

import daemon
from daemon import case, openssl, run, until
from trustpoint import Agent, DAY

ANCIENT = "compat ancient"


def alone():
    """Begin anew in a network namespace, where that may be."""
    if os.environ.get("KEYMUSTER_ALONE"):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    elif subprocess.run(["unshare", "-rn", "true"], capture_output=True).returncode == 0:
        os.environ["KEYMUSTER_ALONE"] = "1"
        os.execvp("unshare", ["unshare", "-rn", sys.executable] + sys.argv)


class Foreign:
    """scepserver over one depot; another CA is another depot at the same port."""

    def __init__(self, organization, *options, port=None, years=1):
        self.dir, self.process = daemon.directory(), None
        self.port, self.options = port or daemon.free_port(), options
        self.depot, self.log_path = self.dir + "/depot", self.dir + "/log"
        run("scepserver", "ca", "-init", "-depot", self.depot, "-keySize", "2048", "-years", years, "-organization",
            organization, code=0)
        self.ca = self.depot + "/ca.pem"
        self.fingerprint = daemon.fingerprint(self.ca).partition("=")[2]

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = daemon.start(("scepserver", "-depot", self.depot, "-port", str(self.port), "-allowrenew", "0",
                                         "-log-json", "-debug") + self.options, stdout=log, stderr=log)
        until(lambda: run("curl", "-sf", self.url() + "?operation=GetCACaps").code == 0, "scepserver answers")
        return self

    def stop(self):
        daemon.end(self.process)

    def log(self):
        with open(self.log_path) as f:
            return f.read()

    def ends(self):
        return daemon.dates(self.ca)[1]

    def url(self):
        return "http://127.0.0.1:%d/scep" % self.port

    def trustpoint(self, name, *lines):
        return "crypto pki trustpoint %s\n  enrollment url %s\n  fingerprint %s\n  subject-name CN=%s,O=Spokes\n%s" % (
            name, self.url(), self.fingerprint, name.lower(), "".join("  %s\n" % x for x in lines))


def rfc3339(at):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def agent(lines, at=None, rate=1):
    a = Agent(lines)
    return begin(a, at, rate)


def begin(a, at=None, rate=1):
    """at: what time it is for the agent; None: what it is."""
    a.env.pop("KEYMUSTER_CLOCK", None)
    if at is not None:
        a.env["KEYMUSTER_CLOCK"] = "at=%s,rate=%s" % (rfc3339(at), rate)
    return a.start()



def holds(a, name, s, at=None):
    """An identity under this server's CA: chain, bundle and key."""
    cert = a.path(name, "active/cert.pem")
    openssl("verify", "-attime", str(int(at or time.time())), "-CAfile", s.ca, cert)
    return a.whole(name, int(at or time.time()))


def words(a, name):
    return next(t for t in a.show("crypto pki trustpoints")["trustpoints"] if t["name"] == name)


def shelved(a, name):
    """Every octet below active/, and the files of the CAs."""
    files = {}
    for top in "active", "ca.d":
        for leaf in sorted(os.listdir(a.path(name, top))):
            with open(a.path(name, "%s/%s" % (top, leaf)), "rb") as f:
                files[top, leaf] = f.read()
    return files


def issuer_is(a, name, organization):
    return "O = %s," % organization in daemon.cert_field(a.path(name, "active/cert.pem"), "-issuer")


def due(a, name, percent):
    begin_, end = a.dates(name)
    return begin_ + (end - begin_) * percent // 100


@case("AL-08 without 'compat ancient' its answers are refused, and the log says what of them and which word lets them in")
def strict():
    s = Foreign("Strict").start()
    a = agent(s.trustpoint("F", "auto-enroll 80", "fqdn none"))
    until(lambda: "signed with sha1, weaker than the request (compat ancient)" in a.log(), "it says so")
    assert not a.has("F", "active") and words(a, "F")["state"] == "enrolling", words(a, "F")
    a.stop()
    s.stop()


@case("another fingerprint than the configured one: nothing is stored, nothing is sent but GetCACert")
def stranger():
    s, other = Foreign("Right"), Foreign("Wrong")
    other.port = s.port
    other.start()
    a = agent(s.trustpoint("F", "auto-enroll 80", "fqdn none", ANCIENT))
    until(lambda: "the CA has another fingerprint" in a.log(), "it says so")
    assert "PKIOperation" not in other.log() and not words(a, "F")["authenticated"]
    a.stop()
    other.stop()


@case("CA-06 RP-04 authenticates by fingerprint, enrols (the server sorts the name anew), and says that there is no rollover")
def enrols():
    s = Foreign("First").start()
    a = agent(s.trustpoint("F", "auto-enroll 80", "fqdn none", "subject-name O=Spokes,OU=B,OU=A,CN=f", ANCIENT))
    until(lambda: a.has("F", "active/cert.pem"), "it enrols")
    holds(a, "F", s)
    until(lambda: "no GetNextCACert: before %s" % rfc3339(s.ends()) in a.log(), "it says so")
    assert words(a, "F")["server_has_rollover"] is False
    assert "The server hands out no next CA certificate" in a.command("show crypto pki trustpoints status")
    a.stop()
    s.stop()


@case("renews at the second of RENEW with and without a new key, by RenewalReq, over a restart of the agent")
def renews():
    s = Foreign("Renewing", "-crtvalid", "1").start()
    for more in "", " regenerate":
        a = agent(s.trustpoint("F", "auto-enroll 1" + more, "fqdn none", ANCIENT))
        until(lambda: a.has("F", "active/cert.pem"), "it enrols")
        old, key, at = a.serial("F"), a.key("F"), due(a, "F", 1)
        a.stop()
        begun = time.monotonic()
        begin(a, at - 3)
        until(lambda: a.serial("F") != old, "it renews")
        assert time.monotonic() - begun > 2.9, "it renewed before RENEW"
        assert (a.key("F") == key) != bool(more), "the key"
        holds(a, "F", s)
        a.stop()
    assert s.log().count("RenewalReq (17)") == 2 and s.log().count("PKCSReq (19)") == 2, s.log()
    s.stop()


@case("it races: of twelve renewals at once some are answered with an error or another's serial number; each trustpoint ends up with its own")
def races():
    s = Foreign("Racing", "-crtvalid", "1").start()
    names = ["F%d" % n for n in range(12)]
    a = agent("".join(s.trustpoint(n, "auto-enroll 1", "fqdn none", ANCIENT) for n in names))
    until(lambda: all(a.has(n, "active/cert.pem") for n in names), "all enrol")
    old = {n: a.serial(n) for n in names}
    at = max(due(a, n, 1) for n in names)
    a.stop()
    begin(a, at, 100)  # who is refused tries again after a tenth of a day
    until(lambda: all(renewed(a, n, old) for n in names), "all renew", 240)  # retries come ever later
    for n in names:
        holds(a, n, s, at)
        assert daemon.cert_field(a.path(n, "active/cert.pem"), "-subject").endswith("CN = " + n.lower())
    serials = {a.serial(n) for n in names}
    print("# %d renewals, %d serial numbers, %d answers were no good" % (len(names), len(serials), a.log().count("in trouble")))
    a.stop()
    s.stop()


def renewed(a, name, old):
    return a.serial(name) != old[name]


@case("BAD-151 the CA is replaced: said plainly, the identity stays octet for octet, and goes on once an operator authenticates")
def replaced():
    s = Foreign("Before", "-crtvalid", "1").start()
    a = agent(s.trustpoint("F", "auto-enroll 1", "fqdn none", ANCIENT))
    until(lambda: a.has("F", "active/cert.pem"), "it enrols")
    before, at = shelved(a, "F"), due(a, "F", 1)
    a.stop()
    s.stop()
    other = Foreign("Behind", "-crtvalid", "1", port=s.port).start()
    begin(a, at)
    until(lambda: "another CA than the one that is held" in a.log(), "it says that another CA is there")
    assert shelved(a, "F") == before and holds(a, "F", s)
    assert "another CA" in words(a, "F")["trouble"], words(a, "F")
    ran = run(daemon.KEYMUSTER, "-r", a.run, "crypto", "pki", "authenticate", "F", "fingerprint", "00" * 32)
    assert ran.code == 1 and "another fingerprint" in ran.out + ran.err, ran
    assert shelved(a, "F") == before
    a.command("crypto pki authenticate F fingerprint " + other.fingerprint)
    until(lambda: issuer_is(a, "F", "Behind"), "it enrols anew")
    holds(a, "F", other)
    a.stop()
    other.stop()


@case("NX-12 at the CA's end: GetNextCACert is asked for and refused, show and log name it; late is late, and authenticating mends it")
def ends():
    s = Foreign("Ending", "-crtvalid", "400").start()
    a = agent(s.trustpoint("F", "auto-enroll 80", "fqdn none", ANCIENT))
    until(lambda: a.has("F", "active/cert.pem"), "it enrols")
    before = shelved(a, "F")
    a.stop()
    begin(a, s.ends() - 20 * DAY)
    until(lambda: "next CA certificate: HTTP status 500" in a.log(), "it asks for the next CA")
    assert words(a, "F")["state"] == "without-rollover", words(a, "F")
    text = a.command("show crypto pki trustpoints status")
    assert "the server does not hand out the next CA's certificate" in text, text
    assert "certificate='CA'" in a.log() and shelved(a, "F") == before
    a.stop()
    begin(a, s.ends() + 1)
    until(lambda: words(a, "F")["state"] == "late", "it is late")
    assert shelved(a, "F") == before
    s.stop()
    other = Foreign("Following", "-crtvalid", "400", port=s.port, years=10).start()
    a.command("crypto pki authenticate F fingerprint " + other.fingerprint)
    until(lambda: issuer_is(a, "F", "Following"), "it enrols at the CA that follows")
    holds(a, "F", other, s.ends() + 60)
    a.stop()
    other.stop()


if __name__ == "__main__":
    alone()
    daemon.main()
