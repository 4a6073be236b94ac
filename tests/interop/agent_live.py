"""agent_live.py - nginx and its clients over a switch, in real time.

The CA lives for three minutes (soak: ten). nginx serves with the files of one trustpoint, curl connects several times
a second with those of another, both sides verify by ca-bundle.pem, a hook reloads nginx. With an overlap no handshake
fails; without one only those around the switch. Beside it a prober looks whether the active files serve: at each change
of them, and four times a second.
Arguments: keymusterd, keymuster, client, keymuster-agent.
"""
import calendar
import os
import re
import ssl
import threading
import time

import daemon
from daemon import case, until
from trustpoint import Agent

SOAK = bool(os.environ.get("KEYMUSTER_SOAK"))
MINUTES = 10 if SOAK else 3  # that a CA certificate lives
LIFE = 60 * MINUTES
RATE = 4  # handshakes a second
HOOK = """\
#!/bin/sh
case $1 in next-ca|activate) ;; *) exit 0;; esac
[ -e %(dir)s/nginx.pid ] && kill -HUP "$(cat %(dir)s/nginx.pid)" && date +%%s.%%N >>%(dir)s/reloads
exit 0
"""
NGINX = """\
daemon off;
error_log %(dir)s/error.log;
pid %(dir)s/nginx.pid;
events {}
http {
  access_log off;
  client_body_temp_path %(dir)s/tmp; proxy_temp_path %(dir)s/tmp; fastcgi_temp_path %(dir)s/tmp; uwsgi_temp_path %(dir)s/tmp;
  scgi_temp_path %(dir)s/tmp;
  server {
    listen 127.0.0.1:%(port)d ssl;
    ssl_certificate %(tp)s/active/fullchain.pem;
    ssl_certificate_key %(tp)s/active/key.pem;
    ssl_client_certificate %(tp)s/ca-bundle.pem;
    ssl_verify_client on;
    ssl_session_cache off;
    ssl_session_tickets off;
    return 200 "well\\n";
  }
}
"""


def context(a, name, server=False):
    """As a program has it that reads its files now; one generation, whatever the link does meanwhile."""
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    c.check_hostname = False
    c.verify_mode = ssl.CERT_REQUIRED
    active = os.path.realpath(a.path(name, "active"))
    c.load_cert_chain(active + "/fullchain.pem", active + "/key.pem")
    c.load_verify_locations(a.path(name, "ca-bundle.pem"))
    return c


def within(a, name):
    """A handshake of the active files with themselves: key, chain, dates and bundle in one look."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context(a, name).wrap_bio(to_client, to_server)
    server = context(a, name, True).wrap_bio(to_server, to_client, server_side=True)
    done = set()
    while len(done) < 2:
        for each in client, server:
            try:
                each.do_handshake()
                done.add(each)
            except ssl.SSLWantReadError:
                pass


class Site:
    """An authority, an agent with the identities of server and client, nginx, a client, a prober."""

    def __init__(self, overlap):
        base = daemon.ROOT.replace("  lifetime certificate 365\n  lifetime ca-certificate 730\n", "")
        self.d = daemon.Daemon("  grant auto\n  lifetime certificate 0 0 %d\n  lifetime ca-certificate 0 0 %d\n  auto-rollover 0 0 %d%s\n" % (
            MINUTES, MINUTES, MINUTES - 1, " overlap 0 0 1" if overlap else ""), base).start()
        self.dir = daemon.directory()
        os.mkdir(self.dir + "/tmp")  # nginx gives it away
        self.end = daemon.dates(self.d.ca())[1]
        self.tries, self.failures, self.looks, self.blind = 0, [], 0, []
        self.stopped = threading.Event()
        hook = self.dir + "/hook"
        with open(hook, "w") as f:
            f.write(HOOK % {"dir": self.dir})
        os.chmod(hook, 0o755)
        fingerprint = daemon.fingerprint(self.d.dir + "/ca.pem").partition("=")[2]
        self.a = Agent("".join("crypto pki trustpoint %s\n  enrollment url %s\n  fingerprint %s\n  subject-name CN=%s\n  auto-enroll 60\n%s" % (
            name, self.d.url(), fingerprint, name, more) for name, more in (("server", "  hook %s\n" % hook), ("client", "")))).start()
        until(lambda: all(self.a.has(n, "active/info.json") for n in ("server", "client")), "both enrol")
        self.old = {n: self.a.serial(n) for n in ("server", "client")}
        self.port = daemon.free_port()
        with open(self.dir + "/nginx.conf", "w") as f:
            f.write(NGINX % {"dir": self.dir, "port": self.port, "tp": self.a.path("server", "")[:-1]})
        self.nginx = daemon.start(("nginx", "-p", self.dir, "-c", self.dir + "/nginx.conf"))
        until(lambda: self.handshake() is None, "nginx serves")
        self.threads = [threading.Thread(target=t, daemon=True) for t in (self.connect, self.probe)]
        for t in self.threads:
            t.start()

    def handshake(self):
        """None, or why not. A whole request: with TLS 1.3 the server's word on our certificate comes behind the handshake."""
        active = os.path.realpath(self.a.path("client", "active"))  # one generation, whatever the link does meanwhile
        got = daemon.run("curl", "-sS", "-m", "30", "--resolve", "server:%d:127.0.0.1" % self.port, "--cert", active + "/fullchain.pem",
                         "--key", active + "/key.pem", "--cacert", self.a.path("client", "ca-bundle.pem"), "https://server:%d/" % self.port)
        return None if got.out == "well\n" else got.out + got.err

    def connect(self):
        while not self.stopped.is_set():
            at = time.time()
            why = self.handshake()
            self.tries += 1
            if why:
                self.failures.append((at - self.end, why))
            time.sleep(max(0, 1 / RATE - (time.time() - at)))

    def probe(self):
        """A look at once when the files are others, else every quarter of a second."""
        last = {}
        while not self.stopped.is_set():
            for name in "server", "client":
                at = time.time()
                try:
                    bundle = os.stat(self.a.path(name, "ca-bundle.pem"))
                    seen = os.readlink(self.a.path(name, "active")), bundle.st_ino, bundle.st_mtime_ns, int(4 * at)
                    if last.get(name) == seen:
                        continue
                    last[name] = seen
                    within(self.a, name)
                except OSError as why:
                    self.blind.append((at - self.end, name, str(why)))
                self.looks += 1
            time.sleep(0.01)

    def switched(self):
        return all(self.a.serial(n) != self.old[n] for n in self.old)

    def stop(self):
        self.stopped.set()
        for t in self.threads:
            t.join()
        daemon.end(self.nginx)
        self.a.stop()
        self.d.stop()

    def reloads(self):
        assert os.path.exists(self.dir + "/reloads"), self.a.log()
        with open(self.dir + "/reloads") as f:
            return ["%+.2f" % (float(line) - self.end) for line in f]

    def switched_at(self):
        """When the second generation of both became active, by the agent's log."""
        at = {name: calendar.timegm(time.strptime(t, "%Y-%m-%dT%H:%M:%SZ")) - self.end for t, name in re.findall(
            r"^(\S+) core notice: identity active trustpoint='(\w+)' generation=2", self.a.log(), re.M)}
        assert len(at) == 2, self.a.log()
        return at

    def say(self, what):
        print("# %s: CA of %d s, %d handshakes, %d failed%s; %d looks at the active files, %d found none that serves; reloads at %s s" % (
            what, LIFE, self.tries, len(self.failures), " from %+.2f to %+.2f s" % (self.failures[0][0], self.failures[-1][0])
            if self.failures else "", self.looks, len(self.blind), " ".join(self.reloads())))


sites = {}


@case("both sites serve, each identity holds its next certificate before the switch")
def begins():
    for overlap in True, False:
        sites[overlap] = Site(overlap)
    for s in sites.values():
        until(lambda s=s: s.switched() or all(s.a.has(n, "shadow/info.json") for n in s.old), "the next certificates", LIFE)
        assert time.time() < s.end, "too late"


@case("INV-03 overlap of 60 s: the files switch when half of it is over, 0 handshakes fail, no instant without an identity that serves")
def overlapping():
    s = sites[True]
    until(s.switched, "the switch", LIFE)
    for name, at in s.switched_at().items():
        assert s.a.dates(name)[0] == s.end - 60 and -30 <= at <= -20, (name, at, s.a.dates(name))
    until(lambda: time.time() > s.end + 10, "ten seconds behind the end", LIFE)
    s.say("overlap 60 s")
    assert not s.failures, s.failures[:5]
    assert not s.blind, s.blind[:5]
    assert s.tries > LIFE * RATE / 3 and len(s.reloads()) >= 2


@case("without overlap: handshakes fail only from a second before the end to a second behind the reload")
def sharp():
    s = sites[False]
    until(s.switched, "the switch", LIFE)
    assert all(0 <= at <= 5 for at in s.switched_at().values()), s.switched_at()
    until(lambda: time.time() > s.end + 10, "ten seconds behind the end", LIFE)
    s.say("no overlap")
    last = float(s.reloads()[-1])
    assert 0 <= last < 10, s.reloads()
    assert all(-1 <= at <= last + 1 for at, _ in s.failures), (s.reloads(), s.failures)
    # the client's files switch by themselves, perhaps a moment behind the server's reload
    assert all(-1 <= at <= last + 1 for at, _, _ in s.blind), (s.reloads(), s.blind)
    assert s.handshake() is None


@case("all end in order")
def ends():
    for s in sites.values():
        s.stop()


if __name__ == "__main__":
    daemon.main()
