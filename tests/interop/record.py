"""record.py - what the authority consumed is stepped through it again, and no secret is in the record.

An hour of the simulated clock lasts two seconds. Arguments: keymusterd, keymuster, client.
"""
import os
import re
import time

import daemon
from daemon import KEYMUSTER, case, run, until

WORDS = """\
  database archive pkcs12 password 0 Rev0c$t1
  lifetime ca-certificate 1
  lifetime certificate 1
  auto-rollover 0 20 overlap 0 20
"""


now = time.time()


class Recorded(daemon.Daemon):
    def options(self):
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - 16 * 3600))
        return super().options() + ["--clock", "at=%s,rate=1800,epoch=%d" % (at, now), "--record", "record"]


base = daemon.ROOT.replace("  lifetime certificate 365\n  lifetime ca-certificate 730\n", "")
d = Recorded(WORDS, base)
held = {}


def pki(name, *more):
    return run("pki", "--scep", "--url", d.url(), "--in", d.key(name), "--dn", "O=Cisco, CN=" + name, "--outform", "pem",
               "--cacert-enc", d.ca(), "--cacert-sig", d.ca(), *more)


def replay(path):
    return run(KEYMUSTER, "simulate", "--replay", path)


@case("enrolments by one-time password, by a wrong one, by an operator; a revocation; a rollover: all is recorded")
def lives():
    held["password"] = re.search(r"Password is (\S+)", d.command("crypto pki server ROOTCA password generate"))[1]
    ran = pki("r1", "--password", held["password"])
    assert "BEGIN CERTIFICATE" in ran.out, ran
    cert = d.save("r1.pem", ran.out.encode())
    pki("r2", "--password", "of-my-own-choice", "--maxpolltime", "1", "--interval", "1")
    d.command("crypto pki server ROOTCA grant all")
    ran = pki("r2", "--password", "of-my-own-choice")
    assert "BEGIN CERTIFICATE" in ran.out, ran
    d.command("crypto pki server ROOTCA revoke 0x" + daemon.serial_of(cert))
    until(lambda: d.get("GetNextCACert").status == 200, "GetNextCACert is answered")
    d.stop()


@case("the record is for its owner alone and holds neither passwords nor keys")
def secrets():
    path = d.dir + "/record"
    assert os.stat(path).st_mode & 0o777 == 0o600
    with open(path, "rb") as f:
        octets = f.read()
    for secret in (held["password"].encode(), b"of-my-own-choice", b"Rev0c$t1", bytes.fromhex(held["password"])):
        assert secret not in octets
    assert octets.count(b"crypto pki server ROOTCA") == 1


@case("stepped again, everything leaves the authority as it did then")
def same():
    ran = replay(d.dir + "/record")
    assert ran.code == 0 and re.match(r"\d{2,} turns with \d{2,} events: everything left as it did then", ran.out), ran


@case("a start on a store that is there begins a record of its own, which is stepped from that store")
def again():
    d.start()
    pki("r3", "--password", "of-my-own-choice", "--maxpolltime", "1", "--interval", "1")
    d.command("crypto pki server ROOTCA grant all")
    assert "BEGIN CERTIFICATE" in pki("r3", "--password", "of-my-own-choice").out
    d.stop()
    ran = replay(d.dir + "/record.1")
    assert ran.code == 0, ran


@case("an octet of a turn that is changed is noticed; a file that is no record is refused")
def differs():
    with open(d.dir + "/record", "rb") as f:
        octets = bytearray(f.read())
    octets[-1] ^= 1
    ran = replay(d.save("changed", bytes(octets)))
    assert ran.code == 1 and "differs" in ran.out, ran
    ran = replay(d.save("cut", bytes(octets[:-1])))
    assert ran.code == 0 and "the last one is cut" in ran.out, ran
    ran = replay(d.conf)
    assert ran.code == 2 and "record" in ran.err, ran


if __name__ == "__main__":
    d.start()
    daemon.main()
