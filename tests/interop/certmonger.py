"""certmonger.py - Debian's certmonger enrols, polls, renews.

Its daemon runs as it does in service, but on a message bus and in directories of this test, so
neither a system bus nor systemd is needed. The CA is named by -N: by -R alone certmonger 0.79.17
cannot verify an answer (2026). Arguments: keymusterd, keymuster, client.
"""
import os
import re
import socket

import daemon
from daemon import case, run, until

BUS = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=%s</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""
DIRECTORIES = {"CERTMONGER_CONFIG_DIR": "config", "CERTMONGER_REQUESTS_DIR": "requests", "CERTMONGER_CAS_DIR": "cas",
               "CERTMONGER_LOCAL_CA_DIR": "local", "CERTMONGER_TMPDIR": "tmp", "TMPDIR": "tmp"}

auto = daemon.Daemon()
manual = daemon.Daemon("  grant manual\n")
behind_ra = daemon.Daemon(daemon.EC_BEHIND_RA)


def listens(path):
    """Its name is there a moment before it is listened at."""
    with socket.socket(socket.AF_UNIX) as s:
        return s.connect_ex(path) == 0


class Certmonger:
    """certmonger on a bus of its own; what it holds lies in its directory."""

    name = "certmonger"

    def __init__(self):
        self.dir = daemon.directory()
        bus = self.dir + "/bus"
        self.env = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=" + bus, "HOME": self.dir,
                    "CERTMONGER_SYSTEM_LOCK_FILE": self.dir + "/lock"}
        for name, under in DIRECTORIES.items():
            self.env[name] = os.path.join(self.dir, under)
            os.makedirs(self.env[name], exist_ok=True)
        self.write("bus.conf", BUS % bus)
        self.write("config/certmonger.conf", "[defaults]\nnotification_method = command\n"
                   "notification_destination = /bin/true\n")
        self.bus = self.launch("dbus-daemon", "--config-file=" + self.dir + "/bus.conf", "--nofork", "--nopidfile")
        until(lambda: listens(bus), "the bus listens")
        self.process = self.launch("certmonger", "-s", "-n", "-d", "1")
        until(lambda: self.getcert("list-cas").code == 0, "certmonger answers")

    def write(self, name, text):
        with open(os.path.join(self.dir, name), "w") as f:
            f.write(text)

    def launch(self, *command):
        with open(self.dir + "/log", "ab") as log:
            return daemon.start(command, stdout=log, stderr=log, env=dict(os.environ, **self.env))

    def log(self):
        with open(self.dir + "/log", errors="replace") as f:
            return f.read()

    def stop(self):
        for process in (self.process, self.bus):
            daemon.end(process)

    def getcert(self, word, *more, code=None):
        return run("getcert", word, "-s", *more, code=code, env=self.env)

    def add_ca(self, name, d):
        self.getcert("add-scep-ca", "-c", name, "-u", d.url(), "-N", d.ca(), code=0)
        until(lambda: "SCEP CA certificate thumbprint" in self.getcert("list-cas", "-c", name).out,
              "certmonger has fetched the CA certificate")

    def file(self, name, kind):
        return "%s/%s.%s" % (self.dir, name, kind)

    def request(self, ca, name, *more, code=None):
        return self.getcert("request", "-c", ca, "-I", name, "-f", self.file(name, "pem"), "-k",
                            self.file(name, "key"), "-N", "CN=%s,O=Cisco" % name, *more, code=code)

    def status(self, name):
        """State, and what the CA said if it refused."""
        out = self.getcert("list", "-i", name, code=0).out
        error = re.search(r"ca-error: (.*)", out)
        return re.search(r"status: (\S+)", out)[1], error[1] if error else ""


monger = None  # started once the daemons are


def check(d, name, san=None):
    """The certificate in the file, and its serial."""
    assert monger.status(name) == ("MONITORING", ""), monger.status(name)
    cert = monger.file(name, "pem")
    daemon.check_certificate(d, cert, monger.file(name, "key"), "O=Cisco,CN=" + name, san)
    return daemon.serial_of(cert)


def kind(d, serial):
    return [c["kind"] for c in d.certificates() if c["serial"] == serial]


@case("grant auto: enrolment with alternative names")
def first():
    monger.request("auto", "c1", "-D", "c1.example", "-w", code=0)
    assert kind(auto, check(auto, "c1", "DNS:c1.example")) == ["initial"]


@case("RQ-04 resubmit brings another certificate for the same key, rekey one for a new key")
def renewals():
    held, key = check(auto, "c1", "DNS:c1.example"), daemon.cert_field(monger.file("c1", "pem"), "-pubkey")
    for word, same in (("resubmit", True), ("rekey", False)):
        monger.getcert(word, "-i", "c1", "-w", code=0)
        serial = check(auto, "c1", "DNS:c1.example")
        now = daemon.cert_field(monger.file("c1", "pem"), "-pubkey")
        assert serial != held and (now == key) == same, word
        assert kind(auto, serial) == ["renewal"], word
        held, key = serial, now


@case("grant manual: a one-time password enrols without a human")
def challenge():
    monger.request("manual", "c2", "-L", manual.one_time_password(), "-w", code=0)
    check(manual, "c2")
    assert not manual.requests(), manual.requests()


@case("grant manual: renewals wait for nobody, though they repeat the spent password")
def renewals_manual():
    held = check(manual, "c2")
    for word in ("resubmit", "rekey"):
        monger.getcert(word, "-i", "c2", "-w", code=0)
        serial = check(manual, "c2")
        assert serial != held and kind(manual, serial) == ["renewal"], word
        held = serial
    assert not manual.requests(), manual.requests()


def pending(name):
    """Number of the request that certmonger now waits for."""
    monger.request("manual", name, code=0)
    until(lambda: monger.status(name) == ("CA_WORKING", ""), "certmonger reads PENDING")
    return [r["id"] for r in manual.requests() if r["state"] == "pending" and name in r["subject"]][0]


def polled(name):
    """Its state once it waits no longer; by itself it polls after days only."""
    def settled():
        monger.getcert("refresh", "-i", name, code=0)
        status = monger.status(name)
        return status[0] in ("MONITORING", "CA_REJECTED") and status

    return until(settled, "certmonger polled")


@case("PK-04 grant manual: it reads PENDING, polls, and after the grant the poll brings the certificate")
def granted():
    manual.command("crypto pki server ROOTCA grant %d" % pending("c3"))
    polled("c3")
    check(manual, "c3")


@case("PK-04 grant manual: after a rejection the poll ends in CA_REJECTED, with the reason of FAILURE")
def rejected():
    manual.command("crypto pki server ROOTCA reject %d" % pending("c4"))
    state, error = polled("c4")
    assert state == "CA_REJECTED" and error, (state, error)
    assert not os.path.exists(monger.file("c4", "pem"))


@case("AL-05 a key of 1024 bits is refused in order: badAlg, and certmonger says so")
def weak_key():
    ran = monger.request("auto", "c5", "-g", "1024", "-w")
    assert ran.code == 2, ran
    assert monger.status("c5") == ("CA_REJECTED", "Unrecognized or unsupported algorithm identifier in client request."), \
        monger.status("c5")
    assert not [c for c in auto.certificates() if "c5" in c["subject"]]


@case("CA-03 an EC CA behind an RSA certificate: enrols and renews")
def ec_ca():
    monger.request("behind-ra", "c6", "-w", code=0)
    held = check(behind_ra, "c6")
    monger.getcert("rekey", "-i", "c6", "-w", code=0)
    serial = check(behind_ra, "c6")
    assert serial != held and kind(behind_ra, serial) == ["renewal"]
    assert "ecdsa-with-SHA256" in daemon.cert_field(monger.file("c6", "pem"), "-text")


@case("all end in order")
def ends():
    monger.stop()
    for d in (auto, manual, behind_ra):
        d.stop()


if __name__ == "__main__":
    for each in (auto, manual, behind_ra):
        each.start()
    monger = Certmonger()
    monger.add_ca("auto", auto)
    monger.add_ca("manual", manual)
    monger.add_ca("behind-ra", behind_ra)
    daemon.main()
