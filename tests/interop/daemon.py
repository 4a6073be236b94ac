"""daemon.py - run keymusterd, ask it, keep score.

Shared by the tests of this directory: a daemon on a free loopback port in a directory of its
own, its control command, plain HTTP over sockets, and a TAP score. Waiting is always for an
event and ends at a deadline; only processes started here are ended.
"""
import atexit
import base64
import calendar
import ctypes
import hashlib
import itertools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from ports import free_port  # noqa: E402

KEYMUSTERD, KEYMUSTER, CLIENT = (os.path.abspath(p) for p in sys.argv[1:4])
PKI_MESSAGE = "application/x-pki-message"
DEADLINE = 60.0
PAUSE = 0.02
PATH = "/cgi-bin/pkiclient.exe"
BEGUN = int(time.time())  # nothing that a real clock dates here is older

ROOT = """\
hostname Root-CA
clock calendar-valid
ip http server
ip http listen 127.0.0.1 %(port)d
crypto pki server ROOTCA
  issuer-name CN=RootCA,OU=TAC,O=Cisco
  lifetime certificate 365
  lifetime ca-certificate 730
"""

EC_BEHIND_RA = "  grant auto\n  eckeypair EC 256\n  ra rsakeypair EC-RA 2048\n"

started = []
keys = itertools.count()  # of the tests' pool
directories = []


def end(process, seconds=DEADLINE):
    """Ask a process of ours to end, insist at the deadline; returns its exit status."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


def clean():
    for process in started:
        end(process, 5)
    for path in directories:
        shutil.rmtree(path, ignore_errors=True)


atexit.register(clean)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


prctl = ctypes.CDLL(None).prctl  # found before any fork: a lock that another thread holds is never let go of in a child


def with_parent():
    """A child that outlived a killed test would keep its port: it ends with us (PR_SET_PDEATHSIG)."""
    prctl(1, signal.SIGTERM)


def start(command, **options):
    process = subprocess.Popen(command, preexec_fn=with_parent, **options)
    started.append(process)
    return process


def directory():
    path = tempfile.mkdtemp(prefix="keymuster-interop-")
    directories.append(path)
    return path


def write(path, text, mode=0o644):
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, mode)
    return path


def until(claim, what, seconds=DEADLINE):
    """The first true value of claim(); fails with the sentence when it is not true behind the deadline either."""
    deadline = time.monotonic() + seconds
    while True:
        late = time.monotonic() > deadline
        value = claim()
        if value:
            return value
        if late:
            raise AssertionError("not within %d s: %s" % (seconds, what))
        time.sleep(PAUSE)


def trusting_nobody(command):
    """The openssl command trusts whom it is told alone; and each "openssl x509" would read all that the machine trusts."""
    return {"SSL_CERT_FILE": os.devnull} if command[0] == "openssl" else {}


class Ran:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    def __str__(self):
        return "exit %d\n%s%s" % (self.code, self.out, self.err)


def run(*command, code=None, give=None, env=None, patience=DEADLINE, **options):
    """Run to its end; a code that must be met, or None for any."""
    done = subprocess.run([str(c) for c in command], input=give, text=True, capture_output=True, timeout=patience,
                          env=dict(os.environ, **trusting_nobody(command), **env or {}), **options)
    ran = Ran(done)
    if code is not None and ran.code != code:
        raise AssertionError("%s: expected exit %d\n%s" % (" ".join(map(str, command)), code, ran))
    return ran


class Answer:
    """An HTTP answer as it came; headers by lower-case name."""

    def __init__(self, raw):
        head, _, self.body = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.raw, self.headers = raw, {}
        self.status = int(lines[0].split()[1]) if lines[0].startswith("HTTP/1.") else 0
        for line in lines[1:]:
            name, _, value = line.partition(":")
            if name.lower() in self.headers:
                raise AssertionError("header %s twice" % name)
            self.headers[name.lower()] = value.strip()

    def __str__(self):
        return "%r" % self.raw[:300]


def receive(s, head_only=False):
    """One answer, by its Content-Length; empty octets when the peer closed instead."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = s.recv(65536)
        if not piece:
            return data
        data += piece
    head = data.partition(b"\r\n\r\n")[0]
    length = re.search(rb"(?im)^content-length: *(\d+)", head)
    status = int(head.split()[1])
    if head_only or status == 304 or status < 200 or not length:
        return data
    while len(data) - len(head) - 4 < int(length[1]):
        piece = s.recv(65536)
        if not piece:
            break
        data += piece
    return data


class Daemon:
    """keymusterd over one state directory; may be stopped and started again."""

    def __init__(self, lines="  grant auto\n", base=ROOT, env=None):
        self.dir = directory()
        self.state, self.run = self.dir + "/state", self.dir + "/run"
        self.conf, self.log_path = self.dir + "/keymuster.conf", self.dir + "/log"
        self.port, self.env, self.process = free_port(), env or {}, None
        self.name = "port %d" % self.port
        self.write(base % {"port": self.port} + lines)

    def write(self, text):
        with open(self.conf, "w") as f:
            f.write(text)

    def text(self):
        with open(self.conf) as f:
            return f.read()

    def options(self):
        return [KEYMUSTERD, "-f", self.conf, "-s", self.state, "-r", self.run]

    def launch(self):
        with open(self.log_path, "ab") as log:
            self.process = start(self.options(), stderr=log, stdout=log, cwd=self.dir,
                                 env=dict(os.environ, **self.env))
        launched.append(self)

    def start(self):
        self.launch()
        until(self.serves, "the CA certificate is served")
        return self

    def serves(self):
        if self.process.poll() is not None:
            raise AssertionError("keymusterd ended with %d\n%s" % (self.process.returncode, self.log()))
        try:
            return self.get("GetCACert").status == 200 and self.fetch("/crl/ROOTCA.crl").status == 200
        except OSError:
            return False

    def stop(self):
        """Ends in order: exit 0 and no word of a sanitizer in the log."""
        code = end(self.process)
        assert code == 0, "keymusterd ended with %d\n%s" % (code, self.log())
        assert not re.search(r"Sanitizer|runtime error", self.log()), self.log()

    def fails(self):
        """Start that must be refused: what was said; exit 1."""
        ran = run(*self.options(), env=self.env)
        assert ran.code == 1, "expected exit 1\n%s" % ran
        return ran.err

    def log(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()

    def command(self, *words, code=0):
        return run(KEYMUSTER, "-r", self.run, *" ".join(words).split(), code=code).out

    def show(self, *words):
        return json.loads(self.command("show", *words, "json"))

    def requests(self):
        return self.show("crypto pki server ROOTCA requests")["router"]

    def certificates(self):
        return self.show("crypto pki server ROOTCA certificates")["certificates"]

    def one_time_password(self):
        text = self.command("crypto pki server ROOTCA password generate")
        return re.search(r"Password is ([0-9A-F]{16,})", text)[1]

    def keeps_secret(self, word):
        """No log line and no file of the state directory has this word in clear."""
        assert word not in self.log(), "the log holds the secret"
        until(lambda: self.state_lacks(word), "every file of the state directory is read")

    def state_lacks(self, word):
        """False: a file went away before it was read, perhaps under the name of another."""
        for where, _, names in os.walk(self.state):
            for name in names:
                try:
                    with open(os.path.join(where, name), "rb") as f:
                        assert word.encode() not in f.read(), "%s holds the secret" % name
                except FileNotFoundError:
                    return False
        return True

    def connect(self, seconds=DEADLINE):
        return socket.create_connection(("127.0.0.1", self.port), seconds)

    def raw(self, octets, head_only=False):
        """Send octets as they are; the first answer, or None when it closed without one."""
        with self.connect() as s:
            try:
                s.sendall(octets)
            except (BrokenPipeError, ConnectionResetError):
                pass  # refused before the end; the answer may still be there
            try:
                data = receive(s, head_only)
            except ConnectionResetError:
                return None
        return Answer(data) if data else None

    def fetch(self, target, method="GET", body=b"", headers=()):
        head = "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n" % (method, target)
        head += "".join("%s: %s\r\n" % h for h in headers)
        if body or method == "POST":
            head += "Content-Length: %d\r\n" % len(body)
        answer = self.raw(head.encode("latin-1") + b"\r\n" + body, method == "HEAD")
        if answer is None:
            raise ConnectionResetError("closed without an answer")
        return answer

    def get(self, operation, message=None, path=PATH):
        return self.fetch("%s?operation=%s%s" % (
            path, operation, "" if message is None else "&message=" + message))

    def post(self, octets, path=PATH):
        return self.fetch(path + "?operation=PKIOperation", "POST", octets)

    def url(self, path=PATH):
        return "http://127.0.0.1:%d%s" % (self.port, path)

    def save(self, name, octets):
        path = os.path.join(self.dir, name)
        with open(path, "wb") as f:
            f.write(octets)
        return path

    def ca(self):
        """Fetch the CA certificate; ca.der and ca.pem in the directory, ca-ra.pem if there is an RA."""
        answer = self.get("GetCACert")
        path = self.save("ca.der", answer.body)
        if answer.headers["content-type"] == "application/x-x509-ca-cert":
            return self.save("ca.pem", pem("CERTIFICATE", answer.body))
        for text in certificates_in(path):
            saved = self.save("one.pem", text.encode())
            ca = "CA:TRUE" in cert_field(saved, "-text")
            self.save("ca.pem" if ca else "ca-ra.pem", text.encode())
        return self.dir + "/ca.pem"

    def crl(self):
        return self.save("crl.pem", pem("X509 CRL", self.fetch("/crl/ROOTCA.crl").body))

    def key(self, name):
        path = "%s/%s.key" % (self.dir, name)
        if not os.path.exists(path):
            run(CLIENT, "key", next(keys), path, code=0)
        return path


def child(d, role):
    """Process id of this daemon's child of that role; None: there is none."""
    for entry in os.listdir("/proc"):
        try:
            with open("/proc/%s/stat" % entry) as f, open("/proc/%s/cmdline" % entry) as g:
                if int(f.read().rpartition(")")[2].split()[1]) == d.process.pid and "--role=" + role in g.read():
                    return int(entry)
        except (OSError, ValueError):
            continue
    return None


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def pem(what, der):
    return b"-----BEGIN %s-----\n%s-----END %s-----\n" % (what.encode(), base64.encodebytes(der), what.encode())


def openssl(*words):
    return run("openssl", *words, code=0).out


def cert_field(cert, *what):
    return openssl("x509", "-in", cert, "-noout", *what).strip()


def serial_of(cert):
    return cert_field(cert, "-serial").partition("=")[2]


def instant(text):
    return calendar.timegm(time.strptime(text.strip(), "%b %d %H:%M:%S %Y GMT"))


def dates(cert):
    """First and last second."""
    return [instant(line.partition("=")[2]) for line in cert_field(cert, "-startdate", "-enddate").splitlines()]


def fingerprint(cert):
    """As openssl x509 prints it, but without: it is asked in a loop."""
    with open(cert, encoding="ascii") as f:
        der = re.search(r"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", f.read(), re.S)[1]
    return "sha256 Fingerprint=" + hashlib.sha256(base64.b64decode(der)).digest().hex(":").upper()


def key_id(cert):
    return re.search(r"([0-9A-F]{2}:){19}[0-9A-F]{2}", cert_field(cert, "-ext", "subjectKeyIdentifier"))[0].replace(":", "")


def aes_256(p12, password):
    """Are key and certificates of a PKCS#12 file under AES-256-CBC, and under nothing else?"""
    said = run("openssl", "pkcs12", "-info", "-noout", "-in", p12, "-passin", "pass:" + password, code=0)
    bags = re.findall(r"^(PKCS7 Encrypted data|Shrouded Keybag|PKCS7 Data|Key bag)(?:: PBES2, PBKDF2, (\S+),.*)?$", said.out + said.err, re.M)
    return bags == [("PKCS7 Encrypted data", "AES-256-CBC"), ("PKCS7 Data", ""), ("Shrouded Keybag", "AES-256-CBC")]


def certificates_in(der):
    """PEM of each in a certs-only message."""
    text = openssl("pkcs7", "-inform", "DER", "-in", der, "-print_certs")
    return re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", text, re.S)


def next_certificate(d, answer, ca):
    """PEM of the certificate that GetNextCACert brings, signed by the CA in this file and by nobody else."""
    der, inner = d.save("next-answer.der", answer.body), d.dir + "/next-inner.der"
    assert answer.headers["content-type"] == "application/x-x509-next-ca-cert", answer
    run("openssl", "cms", "-verify", "-inform", "DER", "-in", der, "-CAfile", ca, "-purpose", "any", "-binary", "-no_check_time",
        "-out", inner, code=0)
    (text,) = certificates_in(inner)
    return text.encode()


def fields(cert):
    """Serial, subject (RFC 2253), notBefore, notAfter, SAN and public key, by one call of openssl."""
    out = cert_field(cert, "-serial", "-subject", "-nameopt", "RFC2253", "-startdate", "-enddate", "-ext",
                     "subjectAltName", "-pubkey")
    key = re.search(r"-----BEGIN PUBLIC KEY-----.*-----END PUBLIC KEY-----", out, re.S)[0]
    said = dict(re.findall(r"^(\w+)=(.*)$", out.replace(key, ""), re.M))
    san = re.search(r"Subject Alternative Name: *(?:critical)?\n *(.*)", out)
    return said, san[1].strip() if san else "", key


def check_certificate(daemon, cert, key, subject, san=None, days=365, at=None):
    """What a peer's exit code does not tell: chain, CRL, key, subject, names, dates. at: another time than now."""
    ca, crl, now = daemon.ca(), daemon.crl(), at or time.time()
    there = faked(at) if at else None  # certtool is told no time
    assert "OK" in openssl("verify", "-x509_strict", "-crl_check", "-CAfile", ca, "-CRLfile", crl, "-attime", str(int(now)), cert)
    out = run("certtool", "--verify", "--load-ca-certificate", ca, "--infile", cert, code=0, env=there).out
    assert "Verified. The certificate is trusted" in out, out
    out = run("certtool", "--verify-crl", "--load-ca-certificate", ca, "--infile", crl, code=0, env=there).out
    assert "Verified" in out and "Not verified" not in out, out
    said, names, public = fields(cert)
    assert public == openssl("pkey", "-in", key, "-pubout").strip(), "another key"
    assert said["subject"] == subject, "subject '%s', expected '%s'" % (said["subject"], subject)
    assert names == (san or ""), "SAN '%s', expected '%s'" % (names, san)
    number = serial_of(cert)  # CP-02: positive, at most 20 octets
    assert 0 < int(number, 16) < 1 << 159, number
    show = ("-nameopt", "RFC2253,show_type")  # CP-03: the CA's subject with its string types
    issuer = cert_field(cert, "-issuer", *show).partition("=")[2]
    assert issuer == cert_field(ca, "-subject", *show).partition("=")[2], issuer
    text = cert_field(cert, "-text", "-certopt", "no_extensions")  # CP-19
    algorithms = re.findall(r"Signature Algorithm: (\S+)", text)
    assert algorithms in (["sha256WithRSAEncryption"] * 2, ["ecdsa-with-SHA256"] * 2), text
    begins, ends = instant(said["notBefore"]), instant(said["notAfter"])
    assert (at - DEADLINE if at else BEGUN) <= begins <= now, "begins at %d, now is %d" % (begins, now)
    assert ends - begins == days * 86400, "valid for %d s" % (ends - begins)
    entry = [c for c in daemon.certificates() if c["serial"] == said["serial"]]
    assert len(entry) == 1, "the CA does not list serial %s" % said["serial"]


def by_post(d, message):
    return d.post(message)


def exchange(d, key, subject, way=by_post, name=None, **words):
    """One exchange: what client says of the answer, the message and the answer."""
    d.ca()
    out = d.dir + "/%s.pem" % (name or key)
    command = [CLIENT, d.dir + "/ca.der", d.key(key), subject, "out=" + out]
    command += ["%s=%s" % w for w in words.items()]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    process = start(command, text=True, **pipes)
    line = process.stdout.readline()
    assert line, process.communicate()[1]
    message = bytes.fromhex(line)
    answer = way(d, message)
    assert answer.status == 200 and answer.headers["content-type"] == PKI_MESSAGE, answer
    said, err = process.communicate(answer.body.hex() + "\n", DEADLINE)
    assert process.returncode == 0, err
    return said.split(), out, message, answer.body


def enrol(d, key, subject, san=None, **words):
    """As exchange; it must be granted at once: what client says, and the certificate's file."""
    said, out, _, _ = exchange(d, key, subject, **words, **({"san": san} if san else {}))
    assert said[0] == "success", said
    return said, out


class Skip(Exception):
    """The case cannot be tried on this machine; says why."""


def faketime():
    """The library that shifts a program's clock."""
    found = subprocess.run(["dpkg", "-L", "libfaketime"], capture_output=True, text=True).stdout
    found = re.findall(r".*/libfaketimeMT\.so\.1$", found, re.M)
    if not found:
        raise Skip("libfaketime is not installed")
    return found[0]


def faked(at, pace=1):
    """The environment of a program for which it is this time."""
    return {"LD_PRELOAD": faketime(), "FAKETIME_DONT_FAKE_MONOTONIC": "1", "TZ": "UTC",
            "FAKETIME": time.strftime("@%Y-%m-%d %H:%M:%S", time.gmtime(at)) + " x%d" % pace}


cases, launched = [], []


def case(sentence):
    """Register a case."""
    def take(function):
        cases.append((sentence, function))
        return function
    return take


def plain_case(sentence):
    """One with libfaketime: it and a sanitizer stand in each other's way, now and then for good."""
    return case(sentence) if "ASAN_OPTIONS" not in os.environ else lambda function: function


def main():
    """Run every case in order; each failure shows the end of the logs of what ran beside it. TAP."""
    bad = 0
    print("TAP version 13\n1..%d" % len(cases))
    for number, (sentence, function) in enumerate(cases, 1):
        launched[:] = [d for d in launched if d.process.poll() is None]
        try:
            function()
            print("ok %d - %s" % (number, sentence))
        except Skip as why:
            print("ok %d - %s # SKIP %s" % (number, sentence, why))
        except Exception:  # every failure is a result; the next cases still run
            bad += 1
            print("not ok %d - %s" % (number, sentence))
            text = traceback.format_exc()
            for d in dict.fromkeys(launched):
                text += "log of %s:\n%s\n" % (d.name, "\n".join(d.log().splitlines()[-20:]))
            print("\n".join("# " + line for line in text.splitlines()))
        sys.stdout.flush()
    sys.exit(1 if bad else 0)
