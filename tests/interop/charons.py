"""charons.py - two charons with a tunnel between them cross a switch of the CA.

Each is strongSwan's own in a network of its own, a pair of veth between them, ESP by kernel-libipsec over a TUN device
(the machine's kernel may have none). Each has the identity of one trustpoint of keymuster-agent, by the ready-made hook.
All run on one clock, which stops around the switch. At each stop both sides in turn authenticate anew, and
a stream of octets through the tunnel, counted at the other end, says what was lost meanwhile. Soak does the same by the
real clock, all the time that a CA of three minutes and its overlap last.
Arguments: keymusterd, keymuster, client, keymuster-agent, directory of the ready-made hooks, steptime.
"""
import os
import re
import shutil
import sys
import time

import charon
import daemon
from charon import Charon
from daemon import Skip, case, until
from stepclock import StepClock
from trustpoint import BORN, DAY, RealClock, World

READY, STEPTIME = (os.path.abspath(p) for p in sys.argv[5:7])
SIDES = {"east": ("west", 1), "west": ("east", 2)}
KERNEL = "kernel-libipsec kernel-netlink"
CONNECTION = """\
connections { tunnel {
  version = 2
  mobike = no
  unique = replace
  local_addrs = 10.9.0.%(mine)d
  remote_addrs = 10.9.0.%(its)d
  local { auth = pubkey
    id = "CN=%(me)s, unstructuredName=spoke-1" }
  remote { auth = pubkey
    id = "CN=%(other)s, unstructuredName=spoke-1" }
  children { net {
    local_ts = 10.9.%(mine)d.1/32
    remote_ts = 10.9.%(its)d.1/32
  } }
} }
"""
HOOK = """\
#!/bin/sh
# %(side)s
[ "$1" = pre-activate ] && [ -e %(dir)s/later ] && exit 75
%(enter)s %(dir)s/swanctl "$1" && echo "$1" >>%(dir)s/events
"""
# Counts up once in 20 ms until its input ends; the other side sends all back.
STREAM = """\
import select, socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("10.9.1.1", 7))
s.connect(("10.9.2.1", 7))
s.setblocking(False)
sent, back, left = 0, set(), 50
while left:
    if select.select([sys.stdin], [], [], 0.02)[0]:
        left -= 1
        select.select([s], [], [], 0.02)
    else:
        s.send(b"%d" % sent)
        sent += 1
    try:
        while True:
            back.add(s.recv(100))
    except BlockingIOError:
        pass
print(sent, sent - len(back))
"""
ECHO = """\
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("10.9.2.1", 7))
print("bound", flush=True)
while True:
    s.sendto(*s.recvfrom(100))
"""


class Side:
    def __init__(self, me, clock, within):
        self.other, self.n = SIDES[me]
        self.dir = daemon.directory()
        shutil.copy(READY + "/swanctl", self.dir)
        self.charon = Charon(
            CONNECTION % {"me": me, "other": self.other, "mine": self.n, "its": 3 - self.n}, within=within, kernel=KERNEL,
            more="  make_before_break = yes\n  retransmit_timeout = 0.5\n",
            env=clock.path and {"LD_PRELOAD": STEPTIME, "STEPTIME": clock.path})
        charon.write(self.dir + "/hook", HOOK % {"side": me, "dir": self.dir, "enter": " ".join(self.charon.within)})
        os.chmod(self.dir + "/hook", 0o755)

    def up(self):
        """The tunnel through which octets go, if it is one and it stands alone."""
        out = self.charon.swanctl("--list-sas", code=0).out
        all_ = re.findall(r"(?m)^tunnel: #(\d+), (\w+)", out)
        return all_[0][0] if len(all_) == 1 and all_[0][1] == "ESTABLISHED" and out.count("INSTALLED") == 1 else None

    def sees(self):
        """How often the other one was believed."""
        return self.charon.log().count("authentication of 'CN=%s, unstructuredName=spoke-1' with RSA" % self.other)


class Crossing:
    def __init__(self, times, clock, percent=80):
        why = charon.refused("ip tuntap add mode tun name t")
        if why:
            raise Skip("no charons here: " + why)
        self.east = Side("east", clock, charon.NETWORK)
        self.west = Side("west", clock, self.east.charon.within + ["unshare", "-nm"])
        self.sides = self.east, self.west
        self.east.charon.run(*"ip link add veth type veth peer name veth netns".split(), self.west.charon.process.pid, code=0)
        for s in self.sides:
            s.charon.run("sh", "-ec", "ip addr add 10.9.0.%d/24 dev veth; ip link set veth up; ip addr add 10.9.%d.1/32 dev lo" % (
                s.n, s.n), code=0)
        self.w = World({"EAST": ["auto-enroll %d regenerate" % percent, "hook %s/hook" % self.east.dir],
                        "WEST": ["auto-enroll %d" % percent, "hook %s/hook" % self.west.dir]}, "  grant auto\n" + times, clock=clock)
        until(lambda: all(os.path.exists(s.dir + "/events") for s in self.sides), "both charons have a certificate")
        for s in self.sides:
            s.charon.swanctl("--load-conns", code=0)
        ran = self.east.charon.swanctl("--initiate", "--child", "net", "--timeout", "20")
        assert ran.code == 0, "%s\n%s" % (ran, self.logs())
        until(lambda: all(s.up() for s in self.sides), "a tunnel is up")
        self.echo = daemon.start([*self.west.charon.within, "python3", "-c", ECHO], stdout=-1)
        assert self.echo.stdout.readline() == b"bound\n"
        self.stream = daemon.start([*self.east.charon.within, "python3", "-c", STREAM], stdin=-1, stdout=-1, text=True)

    def at(self, when):
        self.w.run_until(when)
        self.anew("END%+d" % (when - END))

    def anew(self, when):
        """Each side authenticates anew and so does the other one to it."""
        for s in self.sides:
            was, seen = [x.up() for x in self.sides], [x.sees() for x in self.sides]
            ran = s.charon.swanctl("--rekey", "--ike", "tunnel", "--reauth")
            assert ran.code == 0, "%s\n%s" % (ran, s.charon.log()[-3000:])
            try:
                until(lambda: all(x.up() not in (None, o) for x, o in zip(self.sides, was)), "a tunnel anew")
            except AssertionError as why:
                raise AssertionError("%s at %s\n%s" % (why, when, self.logs()))
            assert [x.sees() for x in self.sides] == [n + 1 for n in seen], self.logs()

    def logs(self):
        return "".join("%s\n" % s.charon.log()[-3000:] for s in self.sides)

    def issued(self, side):
        return self.w.a.dates(side)[0]

    def stop(self):
        self.stream.stdin.close()
        sent, lost = map(int, self.stream.stdout.read().split())
        for s in self.sides:
            assert "AUTH_FAILED" not in s.charon.log() and "no trusted" not in s.charon.log(), s.charon.log()
        print("# %d authentications, 0 failed; %d of %d datagrams lost" % (sum(s.sees() for s in self.sides), lost, sent))
        daemon.end(self.echo)
        self.w.stop()
        for s in reversed(self.sides):
            s.charon.stop()


END = BORN + 20 * DAY
TIMES = "  lifetime ca-certificate 20\n  lifetime certificate 8\n  auto-rollover 4%s\n"


def stepping():
    return StepClock(daemon.directory() + "/clock", BORN)


@case("overlap: two charons authenticate before, while one of them has switched, and behind the end; the tunnel stands")
def overlapping():
    x = Crossing(TIMES % " overlap 2", stepping())
    switch = END - 3600  # an hour before the end at most
    for when in BORN + 10 * DAY, switch - 1:
        x.at(when)
    charon.write(x.west.dir + "/later", "")
    x.at(switch)
    assert x.issued("EAST") > x.issued("WEST"), "only one has switched"
    os.unlink(x.west.dir + "/later")
    x.at(switch + 120)
    assert x.issued("EAST") == x.issued("WEST"), "both have switched"
    for when in END - 1, END, END + DAY:
        x.at(when)
    x.stop()


@case("no overlap: two charons authenticate in the last second of a CA and in the first of the next")
def sharp():
    x = Crossing(TIMES % "", stepping())
    for when in END - 1, END, END + 1:
        x.at(when)
    x.stop()


def live():
    x = Crossing("  lifetime ca-certificate 0 0 3\n  lifetime certificate 0 0 3\n  auto-rollover 0 0 2 overlap 0 0 1\n", RealClock(), 60)
    end = daemon.dates(x.w.d.ca())[1]
    first = [x.w.a.serial(name) for name in ("EAST", "WEST")]
    while time.time() < end + 5:
        x.anew("%+.0f s" % (time.time() - end))
    assert all(x.w.a.serial(name) != was for name, was in zip(("EAST", "WEST"), first)), "both have switched"
    x.stop()


if os.environ.get("KEYMUSTER_SOAK"):
    case("real time: two charons authenticate over and over while a CA of three minutes goes over to the next, none fails")(live)

if __name__ == "__main__":
    daemon.main()
