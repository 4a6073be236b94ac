"""hooks.py - the ready-made hooks, run by the hooks process, against the daemons they are for.

A trustpoint's files are laid out as the agent does; the CA is openssl. nginx, haproxy and OpenVPN
run on loopback. Two charons run in a network of their own (unshare); where that is not allowed,
swanctl is one that only notes how it was called, and the case says so. systemctl always is such a
one. Arguments: keymusterd, keymuster, client, hook, directory of the ready-made hooks.
"""
import glob
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time

import charon
import daemon
from daemon import Skip, case, run, start, until, write

HOOK, READY = (os.path.abspath(p) for p in sys.argv[4:6])
os.umask(0o022)

top = daemon.directory()
os.mkdir(top + "/hooks", 0o755)  # a checkout may be for a group to write
for name in os.listdir(READY):
    shutil.copy(READY + "/" + name, top + "/hooks")


def read(path):
    with open(path) as f:
        return f.read()


class Authority:
    """One generation of the CA: all have one name."""

    def __init__(self, n):
        self.key, self.cert, self.n = "%s/ca-%d.key" % (top, n), "%s/ca-%d.pem" % (top, n), n
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self.key, "-out", self.cert,
            "-days", "30", "-subj", "/O=Test/CN=Root", "-addext", "keyUsage=critical,keyCertSign,cRLSign", code=0)

    def issue(self, subject, out, key=None):
        """A certificate for everything; the key beside it."""
        key_file, extensions = out + ".key", top + "/extensions"
        if key:
            shutil.copy(key, key_file)
        else:
            run("openssl", "genrsa", "-out", key_file, "2048", code=0)
        write(extensions, "subjectAltName=DNS:localhost,IP:127.0.0.1\nkeyUsage=digitalSignature,keyEncipherment\n"
              "authorityKeyIdentifier=keyid\n")
        run("openssl", "req", "-new", "-key", key_file, "-subj", subject, "-out", out + ".csr", code=0)
        run("openssl", "x509", "-req", "-in", out + ".csr", "-CA", self.cert, "-CAkey", self.key, "-CAcreateserial",
            "-days", "20", "-extfile", extensions, "-out", out, code=0)
        return out, key_file


old, new = Authority(1), Authority(2)


class Trustpoint:
    """The files of docs/HOOKS.md, two generations of them."""

    def __init__(self, name, same_key=False, unit=False):
        self.name, self.dir = name, "%s/%s" % (top, name)
        os.makedirs(self.dir + "/ca.d")
        for ca in (old, new):
            gen = "%s/gen-%04d" % (self.dir, ca.n)
            os.mkdir(gen)
            cert, key = ca.issue("/O=Test/%sCN=%s" % ("OU=%d/" % ca.n if unit else "", name),
                                 top + "/%s-%d" % (name, ca.n), top + "/%s-1.key" % name if same_key and ca is new else None)
            for leaf, text in (("cert", read(cert)), ("chain", ""), ("fullchain", read(cert)), ("key", read(key)),
                               ("ca", read(ca.cert))):
                write("%s/%s.pem" % (gen, leaf), text, 0o600 if leaf == "key" else 0o644)
        self.point(1)
        self.cas(old)

    def path(self, leaf):
        return self.dir + "/" + leaf

    def point(self, n):
        os.symlink("gen-%04d" % n, self.path("active.new"))
        os.rename(self.path("active.new"), self.path("active"))
        self.n = n

    def cas(self, *cas):
        for path in glob.glob(self.path("ca.d/*")):
            os.unlink(path)
        for ca in cas:
            shutil.copy(ca.cert, self.path("ca.d/%04d.pem" % ca.n))
        write(self.path("bundle.new"), "".join(read(ca.cert) for ca in cas))
        os.rename(self.path("bundle.new"), self.path("ca-bundle.pem"))

    def served(self):
        """The active certificate as DER."""
        return ssl.PEM_cert_to_DER_cert(read(self.path("active/cert.pem")))

    def facts(self, event):
        facts = ["trustpoint=" + self.name, "ca_bundle=" + self.path("ca-bundle.pem")]
        if event == "activate":
            gen = self.path("gen-%04d" % self.n)
            facts += ["directory=" + gen] + ["%s=%s/%s.pem" % (leaf, gen, leaf)
                                             for leaf in ("cert", "chain", "fullchain", "ca", "key")]
        return facts

    def tell(self, event, line, code=0, within=()):
        return run(*within, HOOK, "%s/hooks/%s" % (top, line), event, *self.facts(event), code=code)

    def environment(self, event, path):
        """For a hook that is run without the hooks process, with programs of ours before those of the system."""
        env = {"KEYMUSTER_" + name.upper(): value for name, _, value in (f.partition("=") for f in self.facts(event))}
        return dict(env, PATH=path + ":/usr/sbin:/usr/bin", LANG="C.UTF-8")


class Prober:
    """Four that shake hands and ask for / again and again, with a certificate of each generation in turn."""

    def __init__(self, port):
        self.port, self.done, self.seen, self.failed = port, threading.Event(), [], []
        self.threads = [threading.Thread(target=self.probe, daemon=True) for _ in range(4)]
        self.contexts = []
        for ca in (old, new):
            cert, key = ca.issue("/O=Test/CN=visitor", "%s/visitor-%d-%d" % (top, port, ca.n))
            context = ssl.create_default_context(cadata=read(old.cert) + read(new.cert))
            context.load_cert_chain(cert, key)
            self.contexts.append(context)
        self.visitors = 1  # the new generation's is shown once its CA is known

    def once(self, context):
        with socket.create_connection(("127.0.0.1", self.port), timeout=daemon.DEADLINE) as s:
            with context.wrap_socket(s, server_hostname="localhost") as t:
                t.sendall(b"GET / HTTP/1.0\r\n\r\n")
                answer = t.recv(1000)
                if b" 200 " not in answer:
                    raise OSError("answer %r" % answer[:100])
                return t.getpeercert(True)

    def start(self):
        for thread in self.threads:
            thread.start()

    def probe(self):
        while not self.done.is_set():
            try:
                self.seen.append(self.once(self.contexts[len(self.seen) % self.visitors]))
            except OSError as why:
                self.failed.append((time.monotonic(), repr(why)))

    def answers(self):
        """At the start: wait for the daemon, whatever fails meanwhile."""
        def tried():
            try:
                return self.once(self.contexts[0])
            except OSError:
                return None
        self.seen.append(until(tried, "port %d answers" % self.port))
        return self.seen[-1]

    def more(self, n=100):
        least = len(self.seen) + len(self.failed) + n
        until(lambda: len(self.seen) + len(self.failed) >= least, "%d more handshakes" % n)

    def stop(self):
        self.done.set()
        for thread in self.threads:
            thread.join(20)
        assert not self.failed, "%d of %d failed, first %s" % (
            len(self.failed), len(self.failed) + len(self.seen), self.failed[0])


def children(process):
    return set(run("ps", "-o", "pid=", "--ppid", process.pid).out.split())


def lives_through(tp, port, line, reloaded=None):
    """Both events, as they come in life; every handshake succeeds, and in the end the new one is shown."""
    prober = Prober(port)
    first = tp.served()
    assert prober.answers() == first
    prober.start()
    prober.more()
    tp.cas(old, new)
    before = children(reloaded) if reloaded else set()
    tp.tell("next-ca", line)
    # one of them that stood still meanwhile would still accept, and refuse the next CA
    until(lambda: not before or not before & children(reloaded), "the processes of before the reload end")

    def newcomer():
        try:
            return prober.once(prober.contexts[1])
        except OSError:
            return None
    until(lambda: all(newcomer() for _ in range(20)), "who has a certificate of the next CA gets in")
    prober.visitors = 2
    prober.more()
    assert set(prober.seen) == {first}
    tp.point(2)
    for event in ("pre-activate", "post-activate", "shadow-ready", "failed", "verify"):
        tp.tell(event, line)
    prober.more()
    assert set(prober.seen) == {first}, "an event that says nothing new had an effect"
    tp.tell("activate", line)
    until(lambda: prober.seen[-1] == tp.served(), "the new certificate is shown")
    prober.more()
    prober.stop()
    assert set(prober.seen) == {first, tp.served()}
    print("# %s: %d handshakes, 0 failed" % (line.split("/")[0].strip(), len(prober.seen)))


def launch(name, *command, **options):
    log = open("%s/%s.log" % (top, name), "ab")
    return start(list(command), stdout=log, stderr=log, **options)


@case("nginx takes new CAs and a new certificate, and no handshake fails")
def nginx():
    if os.geteuid() != 0:
        raise Skip("only root may signal nginx by this hook")
    tp, port = Trustpoint("web"), daemon.free_port()
    conf = write(top + "/nginx.conf", """\
daemon off; pid %(top)s/nginx.pid; error_log stderr; user root;
events { }
http {
  access_log off;
  server {
    listen 127.0.0.1:%(port)d ssl;
    ssl_certificate %(tp)s/active/fullchain.pem; ssl_certificate_key %(tp)s/active/key.pem;
    ssl_client_certificate %(tp)s/ca-bundle.pem; ssl_verify_client on;
    location / { return 200 "here"; }
  }
}
""" % {"top": top, "port": port, "tp": tp.dir})
    process = launch("nginx", "nginx", "-c", conf)
    lives_through(tp, port, "nginx " + conf, process)
    write(tp.path("active/key.pem"), "no key")
    ran = tp.tell("activate", "nginx " + conf, code=1)
    assert "key" in ran.out, ran
    assert Prober(port).answers() == tp.served(), "a configuration that is no good must not be loaded"
    daemon.end(process)


HAPROXY = """\
global
  stats socket %(sock)s mode 600 level admin expose-fd listeners
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 60s
frontend f
  bind 127.0.0.1:%(port)d ssl crt %(pem)s %(clients)s
  http-request return status 200 content-type text/plain string here
"""


class Haproxy:
    def __init__(self, name, with_clients):
        self.tp, self.port = Trustpoint(name), daemon.free_port()
        self.pem, self.pid, self.sock = ("%s/%s.%s" % (top, name, e) for e in ("both", "pid", "sock"))
        write(self.pem, read(self.tp.path("active/fullchain.pem")) + read(self.tp.path("active/key.pem")))
        conf = write("%s/%s.cfg" % (top, name), HAPROXY % {
            "sock": self.sock, "port": self.port, "pem": self.pem,
            "clients": "ca-file %s verify required" % self.tp.path("ca-bundle.pem") if with_clients else ""})
        self.process = launch(name, "haproxy", "-W", "-f", conf, "-p", self.pid)

    def wrote(self):
        """FILE as it should be."""
        assert os.stat(self.pem).st_mode & 0o777 == 0o600 and not os.path.exists(self.pem + ".new")
        assert read(self.pem) == read(self.tp.path("active/fullchain.pem")) + read(self.tp.path("active/key.pem"))


@case("haproxy takes CAs and certificate by a reload of its master, and no handshake fails")
def haproxy_reload():
    h = Haproxy("reloaded", True)
    lives_through(h.tp, h.port, "haproxy %s %s" % (h.pem, h.pid), h.process)
    h.wrote()
    daemon.end(h.process)


@case("haproxy takes a certificate through its socket, and no handshake fails; CAs it does not take so")
def haproxy_socket():
    h = Haproxy("proxy", False)
    line = "haproxy %s %s" % (h.pem, h.sock)
    lives_through(h.tp, h.port, line)
    h.wrote()
    shutil.copy(old.key, h.tp.path("gen-0002/key.pem"))
    ran = h.tp.tell("activate", line, code=1)
    assert "inconsistencies" in ran.out or "Can't" in ran.out, ran
    assert Prober(h.port).answers() == h.tp.served(), "a key that does not match must not be taken"
    daemon.end(h.process)
    h = Haproxy("strict", True)
    assert Prober(h.port).answers() == h.tp.served()
    ran = h.tp.tell("next-ca", "haproxy %s %s" % (h.pem, h.sock), code=1)
    assert "give the PID file" in ran.out, ran
    daemon.end(h.process)


OPENVPN = ["openvpn", "--dev", "null", "--verb", "3", "--connect-retry", "1", "1", "--allow-compression", "no"]


def openvpn_peer(name, port, server, ca):
    """The other side, with a certificate of that generation; both CAs are good for it."""
    cert, key = ca.issue("/O=Test/OU=%d/CN=peer" % ca.n, "%s/%s-peer-%d" % (top, name, ca.n))
    where = daemon.directory()
    for n, each in enumerate((old, new)):
        shutil.copy(each.cert, "%s/%d.pem" % (where, n))
    run("openssl", "rehash", where, code=0)
    return launch("%s-peer" % name, *OPENVPN, "--cert", cert, "--key", key, "--capath", where,
                  *openvpn_side(port, server))


def openvpn_side(port, server):
    return (["--proto", "tcp-server", "--local", "127.0.0.1", "--lport", str(port), "--tls-server", "--dh", "none"]
            if server else ["--proto", "tcp-client", "--remote", "127.0.0.1", str(port), "--nobind", "--tls-client"])


def openvpn(name, server, way):
    """Two sides over TCP without a device; the other one says whom it sees."""
    tp, port = Trustpoint(name, unit=True), daemon.free_port()
    pid, sock, capath = ("%s/%s.%s" % (top, name, e) for e in ("pid", "sock", "capath"))
    line = "openvpn %s%s" % ({"pid": pid, "socket": sock}[way], " " + capath if server else "")
    if server:
        directly(tp, "next-ca", "openvpn", stand_in("systemctl")[0], "unit", capath)  # as at the first enrolment
    ours = launch(name, *OPENVPN, "--cert", tp.path("active/fullchain.pem"), "--key", tp.path("active/key.pem"),
                  *(["--capath", capath] if server else ["--ca", tp.path("ca-bundle.pem")]), "--persist-key",
                  "--writepid", pid, "--management", sock, "unix", *openvpn_side(port, server))
    peer = openvpn_peer(name, port, not server, old)
    seen = lambda ou: read("%s/%s-peer.log" % (top, name)).count("VERIFY OK: depth=0, O=Test, OU=%d, CN=%s" % (ou, name))
    until(lambda: seen(1) >= 1, "the peer sees the old certificate")
    tp.cas(old, new)
    before = seen(1)
    tp.tell("next-ca", line)
    until(lambda: seen(1) > before, "the tunnel is there again")
    tp.point(2)
    tp.tell("activate", line)
    until(lambda: seen(2) >= 1, "the peer sees the new certificate")
    daemon.end(peer)
    peer = openvpn_peer(name, port, not server, new)
    until(lambda: "VERIFY OK: depth=0, O=Test, OU=2, CN=peer" in read("%s/%s.log" % (top, name)),
          "a peer with a certificate of the next CA gets in")
    for process in (peer, ours):
        daemon.end(process)


@case("an OpenVPN server shows the new certificate after SIGHUP by its PID file, and knows both CAs")
def openvpn_server():
    openvpn("tunnel", True, "pid")


@case("an OpenVPN client shows the new certificate after SIGHUP by its management socket, and knows both CAs")
def openvpn_client():
    openvpn("managed", False, "socket")


def stand_in(*names):
    """Programs that note how they were called; returns their directory and the notes."""
    where = daemon.directory()
    for name in names:
        write(where + "/" + name, '#!/bin/sh\necho "${0##*/} $*" >>%s/notes\n' % where, 0o755)
    return where, lambda: read(where + "/notes").splitlines() if os.path.exists(where + "/notes") else []


def directly(tp, event, hook, path, *words, code=0):
    ran = subprocess.run([top + "/hooks/" + hook, event, *words], env=tp.environment(event, path),
                         capture_output=True, text=True, timeout=daemon.DEADLINE)
    assert ran.returncode == code, ran
    return ran


@case("systemd is asked where it is to be (systemctl is one that takes notes)")
def units():
    tp = Trustpoint("units")
    where, notes = stand_in("systemctl")
    for event in ("next-ca", "shadow-ready", "pre-activate", "activate", "post-activate", "failed", "verify"):
        directly(tp, event, "restart-unit", where, "a.service", "b@c")
    directly(tp, "activate", "openvpn", where, "openvpn-client@x")
    directly(tp, "activate", "haproxy", where, top + "/units.pem")
    assert notes() == ["systemctl try-reload-or-restart -- a.service b@c"] * 2 + [
        "systemctl try-restart -- openvpn-client@x", "systemctl reload haproxy"], notes()
    for hook in ("restart-unit", "openvpn", "haproxy"):
        assert "which" in directly(tp, "activate", hook, where, code=2).stderr
    assert len(notes()) == 4


# An SA of its own for each: what differs is only when they would be made anew.
CONNECTION = """\
connections { %(name)s {
  version = 2
  childless = force
  unique = never
  rekey_time = %(hours)dh
  remote_addrs = 127.0.0.1
  remote_port = %(port)d
  local_addrs = 127.0.0.1
  local { auth = pubkey
    id = "O=Test, CN=%(me)s" }
  remote { auth = pubkey
    id = "O=Test, CN=%(other)s" }
} }
"""


class Charon(charon.Charon):
    def __init__(self, name, other, port, other_port, within):
        super().__init__("".join(
            CONNECTION % {"name": "try%d" % n, "hours": n, "me": name, "other": other, "port": other_port}
            for n in range(1, 4)), port, port + 1, within)
        self.tries = 0

    def initiate(self):
        self.tries += 1
        return self.swanctl("--initiate", "--ike", "try%d" % self.tries, "--timeout", "50").code == 0


def two_charons(name, same_key):
    """The peer comes again after each event; what was up stays up."""
    ours = Charon(name, "peer", 1500, 1502, charon.NETWORK)
    peer = Charon("peer", name, 1502, 1500, ours.within + ["unshare", "-m"])
    tp = Trustpoint(name, same_key=same_key)
    cert, key = old.issue("/O=Test/CN=peer", "%s/peer-of-%s" % (top, name))
    shutil.copy(cert, peer.dir + "/swanctl/x509/peer.pem")
    shutil.copy(key, peer.dir + "/swanctl/private/peer.pem")
    shutil.copy(old.cert, peer.dir + "/swanctl/x509ca/old.pem")
    peer.swanctl("--load-all", "--noprompt", code=0)
    tp.tell("activate", "swanctl all", within=ours.within)
    assert peer.initiate(), ours.log() + peer.log()
    first = ours.tunnels()
    tp.cas(old, new)
    tp.tell("next-ca", "swanctl", within=ours.within)
    listed = ours.swanctl("--list-certs", "--flag", "ca", code=0).out
    assert listed.count("CA CRLSign self-signed") == 2, listed
    # Now the peer is one that has switched: it trusts the next CA alone, and shows its certificate.
    cert, key = new.issue("/O=Test/CN=peer", "%s/peer2-of-%s" % (top, name))
    shutil.copy(cert, peer.dir + "/swanctl/x509/peer.pem")
    shutil.copy(key, peer.dir + "/swanctl/private/peer.pem")
    os.unlink(peer.dir + "/swanctl/x509ca/old.pem")
    shutil.copy(new.cert, peer.dir + "/swanctl/x509ca/new.pem")
    peer.swanctl("--load-creds", "--clear", "--noprompt", code=0)
    assert not peer.initiate(), "the old certificate is good for a peer that does not trust its CA"
    tp.point(2)
    tp.tell("activate", "swanctl", within=ours.within)
    assert peer.initiate(), ours.log() + peer.log()
    # the one that the peer gave up counts as up until ours has heard of it
    up = until(lambda: (lambda up: len(up) < 3 and up)(ours.tunnels()), "two are up")
    assert len(first) == 1 and first < up and len(up) == 2, (first, up)
    tp.cas(new)
    tp.tell("next-ca", "swanctl", within=ours.within)
    assert os.listdir(ours.dir + "/swanctl/x509ca") == [name + "-0002.pem"]
    assert os.stat("%s/swanctl/private/%s.pem" % (ours.dir, name)).st_mode & 0o777 == 0o600
    for each in peer, ours:
        each.stop()


def charons(name, same_key):
    why = charon.refused()
    if why:
        raise Skip("no charon here: " + why)
    two_charons(name, same_key)


@case("charon shows the new certificate under a new key, and tunnels stay up")
def charon_new_key():
    charons("gate", False)


@case("charon shows the new certificate under the same key, and tunnels stay up")
def charon_same_key():
    charons("keeper", True)


@case("swanctl: which files are laid where, and what it is told")
def swanctl_told():
    tp = Trustpoint("post")
    where, notes = stand_in("swanctl")
    tp.cas(old, new)
    directly(tp, "activate", "swanctl", where, where + "/etc")
    assert sorted(os.listdir(where + "/etc/x509ca")) == ["post-0001.pem", "post-0002.pem"]
    assert read(where + "/etc/private/post.pem") == read(tp.path("active/key.pem"))
    directly(tp, "next-ca", "swanctl", where, "all", where + "/etc")
    assert notes() == ["swanctl --load-creds --noprompt", "swanctl --load-all --noprompt"], notes()


@case("swanctl: another directory, a trustpoint whose name begins alike, a word that is none")
def swanctl_directory():
    where, notes = stand_in("swanctl")
    etc = where + "/swan"
    short, long = Trustpoint("A"), Trustpoint("A-0001")
    long.cas(old, new)
    for tp in (short, long, short):
        directly(tp, "activate", "swanctl", where, etc)
    directly(Trustpoint("B"), "next-ca", "swanctl", where, etc, "all")
    assert sorted(os.listdir(etc + "/x509ca")) == ["A-0001-0001.pem", "A-0001-0002.pem", "A-0001.pem", "B-0001.pem"]
    assert sorted(os.listdir(etc + "/x509")) == ["A-0001.pem", "A.pem"]
    assert "neither" in directly(Trustpoint("C"), "activate", "swanctl", where, "al", code=64).stderr
    # one key, and another certificate: charon must forget the one before
    assert notes() == ["swanctl --load-creds --noprompt"] * 2 + [
        "swanctl --load-creds --clear --noprompt", "swanctl --load-all --noprompt"], notes()


@case("the ready-made hooks are what shellcheck likes")
def shellcheck():
    run("shellcheck", "-s", "sh", *glob.glob(READY + "/*"), code=0)


if __name__ == "__main__":
    daemon.main()
