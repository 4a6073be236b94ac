"""charon.py - strongSwan's charon in a network and with an /etc/swanctl of its own.

Shared by the tests of it; nothing of the machine's network is touched.
"""
import os
import re

import daemon
from daemon import run, start, until, write

STRONGSWAN = """\
charon-systemd {
  port = %(port)d
  port_nat_t = %(natt)d
  load_modular = no
  load = random nonce openssl sha2 hmac kdf pem pkcs1 pkcs8 x509 revocation constraints pubkey socket-default %(kernel)s vici
  filelog { stderr { default = 1 } }
%(more)s}
"""
# $0: its directory.
OWN = """\
mount -t tmpfs none /run && mount --bind "$0/strongswan.conf" /etc/strongswan.conf &&
mount --bind "$0/swanctl" /etc/swanctl && ip link set lo up && exec charon-systemd
"""
NETWORK = ["unshare", "-rnm"]


def refused(more="true"):
    """Why there can be none here that may also do that; None: there can."""
    if os.geteuid() != 0:
        return "not root"
    ran = run(*NETWORK, "sh", "-c", "mount -t tmpfs none /run && ip link set lo up && " + more)
    return None if ran.code == 0 else "no network of our own: " + (ran.err.strip().splitlines() or ["?"])[-1]


class Charon:
    def __init__(self, connections, port=500, natt=4500, within=NETWORK, kernel="kernel-netlink", more="", env=None):
        self.dir = daemon.directory()
        for sub in os.listdir("/etc/swanctl"):
            if os.path.isdir("/etc/swanctl/" + sub):
                os.makedirs(self.dir + "/swanctl/" + sub)
        write(self.dir + "/strongswan.conf", STRONGSWAN % {"port": port, "natt": natt, "kernel": kernel, "more": more})
        write(self.dir + "/swanctl/swanctl.conf", connections)
        log = open(self.dir + "/log", "ab")
        self.process = start([*within, "sh", "-c", OWN, self.dir], stdout=log, stderr=log, env=dict(os.environ, **env or {}))
        self.within = ["nsenter", "-t", str(self.process.pid), "-U", "-n", "-m", "--preserve-credentials"]
        until(lambda: self.process.poll() is not None or (self.became() and self.swanctl("--stats").code == 0), "charon runs")
        assert self.process.poll() is None, self.log()

    def became(self):
        """Before, it may still be where another charon runs, which would answer."""
        with open("/proc/%d/comm" % self.process.pid) as f:
            return f.read() == "charon-systemd\n"

    def run(self, *words, code=None):
        return run(*self.within, *words, code=code)

    def swanctl(self, *words, code=None):
        return self.run("swanctl", *words, code=code)

    def log(self):
        with open(self.dir + "/log") as f:
            return f.read()

    def tunnels(self):
        """The ones that are up, by number."""
        return set(re.findall(r"(?m)^\w+: #(\d+), ESTABLISHED", self.swanctl("--list-sas", code=0).out))

    def stop(self):
        daemon.end(self.process)
