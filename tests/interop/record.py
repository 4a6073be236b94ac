"""record.py - what authority and trustpoints consumed is stepped through them again, and no secret is in the record.

An hour of the simulated clock lasts eight seconds; that of the agent steps. Arguments: keymusterd, keymuster, client,
keymuster-agent.
"""
import os
import re
import time

import daemon
from daemon import KEYMUSTER, case, run, until
from trustpoint import BORN, DAY, Agent, World

BEARER, CHALLENGE, TYPED, FOREIGN = "Be4rer+of-a-hook", "Tru5t_p0int", "Typed-at-the-5hell", "Vty_0f-others"


def type7(text, at=4):
    """As IOS obfuscates."""
    with_ = b"dsfd;kfoA,.iyewrkldJKDHSUBsgvca69834ncxv9873254k;fg87"
    return "%02d" % at + "".join("%02X" % (c ^ with_[at + i]) for i, c in enumerate(text.encode()))


WORDS = """\
  database archive pkcs12 password 0 Rev0c$t1
  lifetime ca-certificate 1
  lifetime certificate 1
  auto-rollover 0 23 overlap 0 20
  profile vpn challenge url https://127.0.0.1:1/ask
  profile vpn challenge password 0 %s
crypto pki trustpoint OWN
  enrollment url http://127.0.0.1:%%(port)d
  password 7 %s
  subject-name CN=own
  auto-enroll 70 regenerate
username joe password 7 %s
enable secret 5 $1$mERr$hx5rVt7rPNoS4wqbXKX7m0
""" % (BEARER, type7(CHALLENGE), type7(FOREIGN))


now = time.time()


class Recorded(daemon.Daemon):
    def options(self):
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - 16 * 3600))
        return super().options() + ["--clock", "at=%s,rate=450,epoch=%d" % (at, now), "--record", "record"]


base = daemon.ROOT.replace("  lifetime certificate 365\n  lifetime ca-certificate 730\n", WORDS)
d = Recorded("", base)
held = {}


def pki(name, *more):
    return run("pki", "--scep", "--url", d.url(), "--in", d.key(name), "--dn", "O=Cisco, CN=" + name, "--outform", "pem",
               "--cacert-enc", d.ca(), "--cacert-sig", d.ca(), *more)


def authenticate(name):
    d.command("crypto pki authenticate %s fingerprint" % name, daemon.fingerprint(d.ca()).partition("=")[2])


def replay(path):
    return run(KEYMUSTER, "simulate", "--replay", path)


def holds(path, *secrets):
    """Which of these are in the file."""
    with open(path, "rb") as f:
        octets = f.read()
    return [s for s in secrets if (s if isinstance(s, bytes) else s.encode()) in octets]


@case("enrolments by one-time password, by a wrong one, by an operator; a revocation; a rollover; a trustpoint's life: all is recorded")
def lives():
    held["password"] = re.search(r"Password is (\S+)", d.command("crypto pki server ROOTCA password generate"))[1]
    ran = pki("r1", "--password", held["password"])
    assert "BEGIN CERTIFICATE" in ran.out, ran
    cert = d.save("r1.pem", ran.out.encode())
    pki("r2", "--password", "of-my-own-choice", "--maxpolltime", "1", "--interval", "1")
    authenticate("OWN")
    until(lambda: "cn=own" in str(d.requests()), "the trustpoint asks")
    d.command("crypto pki server ROOTCA grant all")
    ran = pki("r2", "--password", "of-my-own-choice")
    assert "BEGIN CERTIFICATE" in ran.out, ran
    d.command("crypto pki server ROOTCA revoke 0x" + daemon.serial_of(cert))
    until(lambda: os.path.exists(d.state + "/trustpoints/OWN/active/cert.pem"), "the trustpoint has its certificate")
    d.command("crypto pki export OWN pkcs12 own.p12 password", TYPED)
    until(lambda: d.get("GetNextCACert").status == 200, "GetNextCACert is answered")
    held["conf"] = d.command("show running-config")
    d.stop()


@case("the record is for its owner alone and holds neither passwords, in clear or sealed, nor keys")
def secrets():
    path = d.dir + "/record"
    sealed = re.findall(r"password 6 ([0-9A-F]+)", held["conf"])
    assert len(set(sealed)) == 4, held["conf"]  # archive, hook, trustpoint, joe
    assert os.stat(path).st_mode & 0o777 == 0o600
    found = holds(path, held["password"], bytes.fromhex(held["password"]), "of-my-own-choice", "Rev0c$t1", BEARER, CHALLENGE,
                  type7(CHALLENGE), TYPED, FOREIGN, type7(FOREIGN), "hx5rVt7rPNoS4wqbXKX7m0", *sealed)
    assert not found, found
    assert len(holds(path, "crypto pki server ROOTCA", "crypto pki trustpoint OWN", "profile vpn challenge url")) == 3


SAME = r"\d{2,} turns with \d{2,} events, \d{2,} steps of 1 trustpoint: everything left as it did then"


@case("stepped again, everything leaves authority and trustpoint as it did then")
def same():
    ran = replay(d.dir + "/record")
    assert ran.code == 0 and re.match(SAME, ran.out), ran


@case("each start on store and shelves that are there, with sealed passwords, begins a record of its own; a request waits on a shelf")
def again():
    two = "crypto pki trustpoint TWO\n enrollment url %s\n password 0 %s\n subject-name CN=two\n auto-enroll 70\n"
    d.write(held["conf"].replace("end\n", two % (d.url(), CHALLENGE)))
    d.start()
    authenticate("TWO")
    until(lambda: "request waits at the server trustpoint='TWO'" in d.log(), "the second trustpoint waits")
    d.stop()
    d.start()
    pki("r3", "--password", "of-my-own-choice", "--maxpolltime", "1", "--interval", "1")
    d.command("crypto pki server ROOTCA grant all")
    assert "BEGIN CERTIFICATE" in pki("r3", "--password", "of-my-own-choice").out
    until(lambda: os.path.exists(d.state + "/trustpoints/TWO/active/cert.pem"), "the second trustpoint has its certificate")
    d.stop()
    for record in "/record.1", "/record.2":
        ran = replay(d.dir + record)
        assert ran.code == 0 and " steps of 2 trustpoints: " in ran.out, ran
        found = holds(d.dir + record, CHALLENGE, BEARER, "of-my-own-choice", *re.findall(r"password 6 ([0-9A-F]+)", held["conf"]))
        assert not found, found


class RecordedAgent(Agent):
    def options(self):
        return super().options() + ["--record", "record"]


@case("keymuster-agent records the same: a trustpoint enrols, finds its disk full, renews, starts anew and switches on a clock that steps")
def trustpoint():
    times = "  grant auto\n  lifetime ca-certificate 20\n  lifetime certificate 8\n  auto-rollover 4\n"
    w = World({"R1": ["auto-enroll 80 regenerate", "password 0 " + CHALLENGE + "$"]}, times, agent=RecordedAgent)
    until(lambda: w.a.has("R1", "active/cert.pem"), "it enrols")
    full = w.a.path("R1", "shelf.new")
    due = BORN + 8 * DAY * 80 // 100
    w.run_until(due - 1)
    os.mkdir(full)
    w.run_until(due + 30)
    os.rmdir(full)
    assert "trustpoint cannot go on, it tries again" in w.a.log() and w.a.dates("R1")[0] == BORN, w.a.log()
    w.run_until(BORN + 7 * DAY)
    assert due < w.a.dates("R1")[0] < due + 60
    w.a.stop()
    w.a.start()
    w.run_until(BORN + 21 * DAY)
    w.a.whole("R1", BORN + 21 * DAY)
    w.stop()
    assert "switched to the next CA" in w.a.log(), w.a.log()
    for record in "/record", "/record.1":
        ran = replay(w.a.dir + record)
        assert ran.code == 0 and re.match(r"\d{2,} steps of 1 trustpoint: everything left as it did then", ran.out), ran
        assert not holds(w.a.dir + record, CHALLENGE, "PRIVATE KEY")
    held["agent"] = w.a.dir + "/record.1"


@case("an octet of a turn or step that is changed is noticed; a file that is no record is refused")
def differs():
    with open(d.dir + "/record", "rb") as f:
        octets = bytearray(f.read())
    octets[-1] ^= 1
    ran = replay(d.save("changed", bytes(octets)))
    assert ran.code == 1 and "differs" in ran.out, ran
    ran = replay(d.save("cut", bytes(octets[:-1])))
    assert ran.code == 0 and "the last one is cut" in ran.out, ran
    with open(held["agent"], "rb") as f:
        octets = bytearray(f.read())
    octets[-1] ^= 1
    ran = replay(d.save("changed", bytes(octets)))
    assert ran.code == 1 and re.match(r"step \d+, of trustpoint R1, at 2031-03-2\d\S+ differs: other effects", ran.out), ran
    ran = replay(d.conf)
    assert ran.code == 2 and "record" in ran.err, ran


if __name__ == "__main__":
    d.start()
    daemon.main()
