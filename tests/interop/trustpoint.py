"""trustpoint.py - an agent with its trustpoints, an authority, and one clock that steps for both.

Shared by the tests of agents; sys.argv[4] is keymuster-agent.
"""
import calendar
import os
import re
import sys
import time

import daemon
from daemon import openssl, run, until
from stepclock import StepClock

DAY = 86400
BORN = calendar.timegm((2031, 3, 1, 12, 0, 0))
AGENT = os.path.abspath(sys.argv[4])
TIMES = """\
  grant auto
  lifetime ca-certificate 200
  lifetime certificate 50
  auto-rollover 40
"""


class Agent(daemon.Daemon):
    """keymuster-agent, with trustpoints that name the authority d."""

    def __init__(self, lines, env=None):
        self.dir = daemon.directory()
        self.state, self.run = self.dir + "/state", self.dir + "/run"
        self.conf, self.log_path = self.dir + "/agent.conf", self.dir + "/log"
        self.env, self.process, self.name = env or {}, None, "agent"
        self.write("hostname spoke-1\nclock calendar-valid\n" + lines)

    def options(self):
        return [AGENT, "-f", self.conf, "-s", self.state, "-r", self.run]

    def start(self):
        self.launch()
        until(self.answers, "the agent answers")
        return self

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError("keymuster-agent ended with %d\n%s" % (self.process.returncode, self.log()))
        return os.path.exists(self.run + "/control") and run(daemon.KEYMUSTER, "-r", self.run, "show", "clock").code == 0

    def path(self, tp, leaf):
        return "%s/trustpoints/%s/%s" % (self.state, tp, leaf)

    def has(self, tp, leaf):
        return os.path.exists(self.path(tp, leaf))

    def dates(self, tp, leaf="active/cert.pem"):
        """(from, until) in Unix seconds."""
        out = openssl("x509", "-in", self.path(tp, leaf), "-noout", "-dates")
        return tuple(calendar.timegm(time.strptime(t.replace("  ", " "), "%b %d %H:%M:%S %Y %Z"))
                     for t in re.findall(r"=(.*)", out))

    def key(self, tp, leaf="active/key.pem"):
        return openssl("pkey", "-in", self.path(tp, leaf), "-pubout")

    def serial(self, tp, leaf="active/cert.pem"):
        return openssl("x509", "-in", self.path(tp, leaf), "-noout", "-serial")

    def whole(self, tp, at, leaf="active"):
        """The certificate is valid at that instant under its own CA and in the bundle, and the key is its own."""
        cert = self.path(tp, leaf + "/cert.pem")
        for cas in leaf + "/ca.pem", "ca-bundle.pem":
            openssl("verify", "-attime", str(at), "-CAfile", self.path(tp, cas), cert)
        public = openssl("x509", "-in", cert, "-noout", "-pubkey")
        assert public == self.key(tp, leaf + "/key.pem"), "the key is another's"
        return True


class RealClock:
    """That of everybody, in the place of one that steps."""
    path, now = None, staticmethod(time.time)


class World:
    """An authority and an agent on one clock, which this holds."""

    def __init__(self, trustpoints, times=TIMES, more_env=None, first="", cdp=False, clock=None, agent=None):
        self.dir = daemon.directory()
        self.clock = clock or StepClock(self.dir + "/clock", BORN)
        env = {"KEYMUSTER_CLOCK": "step=" + self.clock.path} if self.clock.path else {}
        base = daemon.ROOT.replace("  lifetime certificate 365\n  lifetime ca-certificate 730\n", "")
        self.d = daemon.Daemon(times, base, env)
        if cdp:  # certificates name the list
            self.d.write(self.d.text() + "  cdp-url %s\n" % self.d.url("/crl/ROOTCA.crl"))
        self.d.start()
        self.fingerprint = daemon.fingerprint(self.d.ca()).partition("=")[2]
        lines = "".join("crypto pki trustpoint %s\n  enrollment url %s\n  fingerprint %s\n  subject-name CN=%s\n%s"
                        % (name, self.d.url(), self.fingerprint, name.lower(), "".join("  %s\n" % x for x in more))
                        for name, more in trustpoints.items())
        self.a = (agent or Agent)(first + lines, dict(env, **(more_env or {}))).start()

    def now(self):
        return self.clock.now()

    def run_until(self, at):
        self.clock.run_until(at)

    def stop(self):
        self.a.stop()
        self.d.stop()
