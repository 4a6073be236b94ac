"""generations.py - three generations of a CA under simulated clocks.

strongSwan's pki and micromdm's scepclient enrol, renew and take shadow certificates; openssl verify says on both
sides of each switch what is valid. The peers run by the real clock: libfaketime brings pki along, scepclient (linked
statically) does not look at dates. Beside them lives an agent, and a prober looks whether its active files are valid at
all times. Arguments: keymusterd, keymuster, client, keymuster-agent. KR-20, CP-07, NX-15, INV-03.
"""
import calendar
import http.server
import os
import re
import shutil
import threading
import time

import daemon
from daemon import case, dates, fingerprint, key_id, openssl, run, until
from stepclock import StepClock
from trustpoint import Agent

DAY = 86400
BORN = calendar.timegm((2031, 3, 1, 12, 0, 0))
PACE = 600


class Forwarder:
    """scepclient knows no GetNextCACert: here GetCACert brings what that brought, and the rest goes through."""

    def __init__(self, d, der):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if "operation=GetCACert" in self.path:
                    self.say(200, "application/x-x509-ca-cert", der)
                else:
                    self.pass_on(d.fetch(self.path))

            def do_POST(self):
                self.pass_on(d.fetch(self.path, "POST", self.rfile.read(int(self.headers["Content-Length"]))))

            def pass_on(self, answer):
                self.say(answer.status, answer.headers["content-type"], answer.body)

            def say(self, status, kind, body):
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self):
        return "http://127.0.0.1:%d%s" % (self.server.server_port, daemon.PATH)


class Pki:
    """strongSwan's pki: a certificate and its key."""

    def __init__(self, world, name):
        self.world, self.name, self.held, self.count = world, name, None, 0

    def ask(self, ca):
        w, self.count = self.world, self.count + 1
        key = "%s-%d" % (self.name, self.count)
        words = ["pki", "--scep", "--url", w.d.url(), "--in", w.d.key(key), "--dn", "O=Cisco, CN=" + self.name, "--outform",
                 "pem", "--cacert-enc", ca, "--cacert-sig", ca]
        if self.held:
            words += ["--cert", self.held[0], "--key", self.held[1]]
        ran = run(*words, code=0, env=daemon.faked(w.now(), w.pace))
        assert "BEGIN CERTIFICATE" in ran.out, ran
        return w.d.save(key + ".pem", ran.out.encode()), w.d.key(key)

    def renew(self):
        self.held = self.ask(self.world.ca)

    def shadow(self):
        self.waits = self.ask(self.world.next)
        return self.waits[0]

    def activate(self):
        self.held = self.waits

    def cert(self):
        return self.held[0]


class Mdm:
    """micromdm's scepclient: a directory with key and certificate; a shadow certificate is in a copy of it."""

    def __init__(self, world, name):
        self.world, self.name, self.dir, self.count = world, name, daemon.directory(), 0

    def ask(self, where, url):
        """The certificate, where the next one will not overwrite it."""
        run("scepclient", "-server-url", url, "-private-key", where + "/key.pem", "-certificate", where + "/cert.pem",
            "-cn", self.name, "-organization", "Cisco", cwd=where, code=0)
        self.count += 1
        return shutil.copy(where + "/cert.pem", "%s/%s-%d.pem" % (self.world.d.dir, self.name, self.count))

    def renew(self):
        self.held = self.ask(self.dir, self.world.d.url())

    def shadow(self):
        self.copy = daemon.directory() + "/shadow"
        shutil.copytree(self.dir, self.copy)
        der = self.world.d.dir + "/next.der"
        openssl("x509", "-in", self.world.next, "-outform", "DER", "-out", der)
        with open(der, "rb") as f:
            self.waits = self.ask(self.copy, Forwarder(self.world.d, f.read()).url())
        return self.waits

    def activate(self):
        self.dir, self.held = self.copy, self.waits

    def cert(self):
        return self.held


class World:
    """A daemon, its clients, and what of two generations they see."""

    def __init__(self, lines, spec, now, pace=1):
        base = daemon.ROOT.replace("  lifetime certificate 365\n  lifetime ca-certificate 730\n", "")
        self.d = daemon.Daemon("  grant auto\n  compat ancient\n" + lines, base, {"KEYMUSTER_CLOCK": spec})
        self.now, self.pace = now, pace
        self.switches, self.ca, self.next = [], None, None

    def start(self):
        self.d.start()
        self.ca = self.keep("first", open(self.d.ca(), "rb").read())
        self.clients = Pki(self, "swan"), Mdm(self, "mdm")
        self.renew()
        return self

    def keep(self, name, octets):
        return self.d.save("%s.pem" % name, octets)

    def renew(self):
        for client in self.clients:
            client.renew()

    def next_ca(self):
        """From GetNextCACert, signed by the CA that is known."""
        answer = self.d.get("GetNextCACert")
        if answer.status == 404:
            return None
        return self.keep("ca-%d" % (len(self.switches) + 2), daemon.next_certificate(self.d, answer, self.ca))

    def shadows(self):
        """The switch, as both see it: (instant, old CA, next CA, [(certificate, shadow) of each client])."""
        self.switches.append((dates(self.ca)[1], self.ca, self.next, [(c.cert(), c.shadow()) for c in self.clients]))

    def switched(self):
        assert fingerprint(self.d.ca()) == fingerprint(self.next), "GetCACert does not bring the next one"
        assert self.d.get("GetNextCACert").status == 404
        self.ca, self.next = self.next, None
        for client in self.clients:
            client.activate()
        self.renew()

    def verify(self, overlap):
        """Trusting both CAs: only the old chain until a second before the next begins, only the new one from the switch on."""
        for at, old, new, held in self.switches:
            bundle = self.keep("both", b"".join(open(path, "rb").read() for path in (old, new)))
            for cert, shadow in held:
                assert dates(shadow)[0] == dates(new)[0] == at - overlap, (at, overlap, dates(shadow), dates(new), shadow, new)
                assert daemon.cert_field(cert, "-subject") == daemon.cert_field(shadow, "-subject")
                for when, of_old, of_new in ((at - overlap - 1, True, False), (at - overlap, overlap > 0, True),
                                             (at - 1, True, overlap > 0), (at, False, True)):
                    for path, valid in (cert, of_old), (shadow, of_new):
                        ran = run("openssl", "verify", "-x509_strict", "-CAfile", bundle, "-attime", str(when), path)
                        assert (ran.code == 0) == valid, (path, when - at, ran)
                        assert valid or re.search("has expired|not yet valid", ran.err), ran

    def end(self, issued):
        """Three generations of one name and three keys; everybody has the right number of certificates."""
        rows = [c for c in self.d.certificates() if c["kind"] in ("initial", "renewal", "shadow") and "r1" not in c["subject"]]
        assert len(rows) == len({c["serial"] for c in rows}) == issued, rows
        assert len({key_id(ca) for switch in self.switches for ca in switch[1:3]}) == 3
        assert "ROOTCA#3" in self.d.command("show crypto key mypubkey rsa")
        assert self.d.show("crypto pki server ROOTCA audit")["verified"]
        self.d.stop()


# ---- a clock that steps ----


class Stepped(World):
    LINES = "  lifetime crl 336\n  lifetime ca-certificate 730\n  lifetime certificate 365\n  auto-rollover 90"

    def __init__(self, overlap):
        path = daemon.directory() + "/clock"
        self.clock, self.overlap = StepClock(path, BORN), overlap
        lines = self.LINES + (" overlap %d" % (overlap // DAY) if overlap else "") + "\n"
        super().__init__(lines, "step=" + path, self.clock.now)

    def lists(self, at, names):
        """Who is valid by the lists of this second: each by that of its own CA."""
        for ca, cert in names:
            crl = self.keep("crl", daemon.pem("X509 CRL", self.d.fetch("/crl/%s.crl" % key_id(ca)).body))
            run("openssl", "verify", "-x509_strict", "-CAfile", ca, "-crl_check", "-CRLfile", crl, "-attime", str(at), cert, code=0)

    def generation(self):
        begins, ends = dates(self.ca)
        for days in 300, 600:
            self.clock.run_until(begins + days * DAY)
            self.renew()
        self.clock.run_until(ends - 90 * DAY - 1)
        assert self.next_ca() is None, "the next CA came early"
        self.clock.run_until(ends - 90 * DAY)
        self.next = until(self.next_ca, "GetNextCACert is answered")
        assert dates(self.next) == [ends - self.overlap, ends - self.overlap + 730 * DAY]
        assert self.clock.now() == ends - 90 * DAY
        self.shadows()
        held = self.switches[-1][3]
        self.clock.run_until(ends - 1)
        assert fingerprint(self.d.ca()) == fingerprint(self.ca), "the switch came early"
        self.lists(ends - 1, [(self.ca, cert) for cert, _ in held])
        self.clock.run_until(ends)
        until(lambda: fingerprint(self.d.ca()) == fingerprint(self.next), "the switch")
        assert self.clock.now() == ends
        self.lists(ends, [(self.next, shadow) for _, shadow in held])
        self.switched()

    def story(self):
        self.start()
        for _ in range(2):
            self.generation()
        self.verify(self.overlap)
        self.end(2 * (1 + 2 * 4))


@case("three generations on a clock that steps: enrol, renew, shadow, each switch to the second, openssl agrees")
def stepped():
    Stepped(0).story()


@case("the same with an overlap of 10 days: both chains are valid in it, only the new one from the switch on")
def overlap():
    Stepped(10 * DAY).story()


# ---- a clock with a pace ----
#
# No process waits for another here, so each span of the story is seconds on a slow machine too, by the real clock: 18
# between the next CA and its begin, in which shadows are taken; 6 in which the agent must switch before the old CA ends;
# 12 from then on in which there is no next CA.


class Probed(Agent):
    """An agent that is looked at when its files are others, and four times a second between."""

    def __init__(self, world, spec):
        super().__init__("crypto pki trustpoint R1\n  enrollment url %s\n  fingerprint %s\n  subject-name CN=r1\n  auto-enroll 60 regenerate\n" % (
            world.d.url(), fingerprint(world.ca).partition("=")[2]), {"KEYMUSTER_CLOCK": spec})
        self.world, self.looks, self.blind, self.served = world, 0, [], set()
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.probe, daemon=True)

    def start(self):
        super().start()
        until(lambda: self.has("R1", "active/info.json"), "the agent enrols")
        self.thread.start()
        return self

    def probe(self):
        last = None
        while not self.stopped.is_set():
            files = self.files()
            at, seen = self.world.now(), (files, int(4 * time.time()))
            if seen != last:
                ran = run("openssl", "verify", "-attime", str(int(at)), "-CAfile", self.path("R1", "ca-bundle.pem"), files[0] + "/cert.pem")
                if self.files() == files:  # else it has looked at those of another instant
                    self.looks += 1
                    self.served.add(files[0])
                    if ran.code != 0:
                        self.blind.append((at, str(ran)))
                    last = seen
            time.sleep(0.01)

    def files(self):
        """Which ones they are at this instant."""
        bundle = os.stat(self.path("R1", "ca-bundle.pem"))
        return os.path.realpath(self.path("R1", "active")), bundle.st_ino, bundle.st_mtime_ns

    def stop(self):
        self.stopped.set()
        self.thread.join()
        super().stop()


class Paced(World):
    OVERLAP = 2 * 3600

    def __init__(self):
        begun = int(time.time())

        self.spec = "at=%s,rate=%d,epoch=%d" % (time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(BORN)), PACE, begun)
        super().__init__("  lifetime ca-certificate 0 9\n  lifetime certificate 0 9\n  auto-rollover 0 5 overlap 0 2\n", self.spec,
                         lambda: BORN + (time.time() - begun) * PACE, PACE)

    def start(self):
        super().start()
        self.agent = Probed(self, self.spec).start()
        return self

    def generation(self):
        self.next = until(self.next_ca, "GetNextCACert is answered")
        self.shadows()
        until(lambda: fingerprint(self.d.ca()) == fingerprint(self.next), "the switch")
        self.switched()

    def probed(self):
        """Its own three generations, and never a look at files that do not serve."""
        until(lambda: len(self.agent.served) >= 3, "the agent's switches")
        print("# %d looks at %d identities, %d saw none that serves" % (self.agent.looks, len(self.agent.served), len(self.agent.blind)))
        self.agent.stop()
        assert not self.agent.blind, self.agent.blind[:3]
        assert self.agent.looks > 20


@case("three generations on a clock with a pace of %d, while the same clients enrol, renew and take shadows; a prober finds valid files at all times" % PACE)
def paced():
    world = Paced().start()
    for _ in range(2):
        world.generation()
    world.probed()
    world.verify(world.OVERLAP)
    world.end(2 * (1 + 2 * 2))


if __name__ == "__main__":
    daemon.main()
