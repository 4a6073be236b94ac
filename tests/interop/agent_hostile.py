"""agent_hostile.py - every answer that a trustpoint must not believe, over real HTTP.

Between keymuster-agent and a real authority stands a liar, who forwards, and spoils what a row names. The CA's keys are
known (from its archive), so a forged answer is right in all but one thing. Each lie is told twice: what is on disk
stays octet for octet, the log names it, it is asked again, and the honest answer that follows is taken.
Arguments: keymusterd, keymuster, client, keymuster-agent, and which half: renewal or rollover.
"""
import glob
import gzip
import os
import re
import socket
import struct
import sys
import threading
import time

import daemon
import forge
from daemon import case, openssl, run, until
from forge import Asked, Cert, Key
from stepclock import StepClock
from trustpoint import Agent, BORN, DAY

WORD = "Rev0c$t1"
PAGE = b"<html><head><title>Hotel</title></head><body>Log in!</body></html>\r\n"
LONG = """\
  grant auto
  lifetime certificate 50
  lifetime ca-certificate 6000
  lifetime crl 336
  auto-rollover 40
"""
SHORT = """\
  grant auto
  lifetime certificate 180
  lifetime ca-certificate 320
  lifetime crl 336
  auto-rollover 60
"""
ENROL = "PKIOperation"


def http(body=b"", media=daemon.PKI_MESSAGE, status=200, headers="", length=None):
    return ("HTTP/1.1 %d X\r\nContent-Type: %s\r\nConnection: close\r\nContent-Length: %d\r\n%s\r\n" % (
        status, media, len(body) if length is None else length, headers)).encode() + body


class Ask:
    """One question, and what the authority says to it."""

    def __init__(self, liar, operation, body, answer):
        self.liar, self.operation, self.body, self.answer = liar, operation, body, answer


class Liar:
    """Forwards; while it has a lie for an operation, tells that instead."""

    def __init__(self, d):
        self.d, self.port = d, daemon.free_port()
        self.plan = None, None  # operation and lie: one, for they are changed while others look
        self.told, self.kept, self.wrong = 0, {}, None
        self.socket = socket.create_server(("127.0.0.1", self.port), backlog=64)
        threading.Thread(target=self.serve, daemon=True).start()

    def url(self):
        return "http://127.0.0.1:%d%s" % (self.port, daemon.PATH)

    def begin(self, operation, lie):
        self.told, self.wrong = 0, None
        self.plan = operation, lie

    def honest(self):
        self.plan = None, None

    def serve(self):
        while True:
            client, _ = self.socket.accept()
            threading.Thread(target=self.deal, args=(client,), daemon=True).start()

    def deal(self, client):
        with client:
            octets = b""
            while b"\r\n\r\n" not in octets:
                octets += self.more(client)
            head, _, body = octets.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            while length and len(body) < int(length[1]):
                body += self.more(client)
            self.answer(client, head.decode(), body)

    @staticmethod
    def more(client):
        """Who hangs up would else be waited for without end, and without a pause."""
        octets = client.recv(65536)
        if not octets:
            sys.exit()  # this thread
        return octets

    def answer(self, client, head, body):
        method, target = head.split()[:2]
        operation = re.search(r"operation=(\w+)", target)[1]
        honest = self.d.fetch(target, method, body)
        lied_about, lie = self.plan
        if operation != lied_about:
            self.kept[operation] = honest.body
            client.sendall(honest.raw)
            return
        try:
            out = lie(Ask(self, operation, body, honest))
        except Exception as why:  # a row that cannot lie has failed: the test says so
            self.wrong = why
            raise
        self.told += 1
        try:
            out(client) if callable(out) else client.sendall(out)
        except OSError:
            pass  # hung up on

    def believed(self):
        if self.wrong:
            raise self.wrong


class World:
    """Authority, liar and agents on one clock; the CA's keys."""

    def __init__(self, times):
        self.dir = daemon.directory()
        self.clock = StepClock(self.dir + "/clock", BORN)
        self.env = {"KEYMUSTER_CLOCK": "step=%s/clock" % self.dir}
        base = daemon.ROOT.replace("  lifetime certificate 365\n  lifetime ca-certificate 730\n", "")
        self.d = daemon.Daemon("  database archive pkcs12 password 0 %s\n" % WORD + times, base, self.env).start()
        self.liar = Liar(self.d)
        self.fingerprint = daemon.fingerprint(self.d.ca()).partition("=")[2]
        until(lambda: os.path.exists(self.d.state + "/servers/ROOTCA/archive/ROOTCA.p12"), "the archive")
        self.key, self.ca = self.unlock("ROOTCA")
        self.stranger = Key(self.new_key("stranger"))
        self.other_key = Key(self.new_key("other"))

    def new_key(self, name):
        return self.d.key(name)

    def unlock(self, name):
        """Key and certificate of a generation."""
        path = "%s/servers/ROOTCA/archive/%s.p12" % (self.d.state, name)
        text = openssl("pkcs12", "-in", path, "-passin", "pass:" + WORD, "-nodes")
        saved = self.d.save(name + "-open.pem", text.encode())
        return Key(saved), Cert(forge.run_bytes("openssl", "x509", "-in", saved, "-outform", "DER"))

    def agent(self, *more):
        lines = "crypto pki trustpoint R1\n  enrollment url %s\n  fingerprint %s\n  subject-name CN=r1,O=Cisco\n  auto-enroll 80\n%s" % (
            self.liar.url(), self.fingerprint, "".join("  %s\n" % x for x in more))
        return Agent(lines, self.env).start()

    def now(self):
        return self.clock.now()

    def run_until(self, at):
        self.clock.run_until(at)
        self.liar.believed()

    def soon(self, claim, what):
        """Let time pass in growing steps until it is so."""
        for step in 0, 100, 300, 3600, 6 * 3600, DAY, 2 * DAY, 4 * DAY:
            self.run_until(self.now() + step) if step else None
            deadline = time.monotonic() + (40 if step == 0 else 0.5)
            while True:
                if claim():
                    return
                self.liar.believed()
                if time.monotonic() > deadline or step:
                    break
                if self.clock.settled() and not self.busy():
                    break
                time.sleep(daemon.PAUSE)
        raise AssertionError("does not come: " + what)

    def busy(self):
        return any(b for _, b in self.clock.others())

    def stop(self, a):
        a.stop()
        self.d.stop()


def shelf(a):
    """The leaves that are certificates: CA, own, next CA, shadow."""
    with open(a.path("R1", "shelf"), "rb") as f:
        data = f.read()
    assert data[:8] == b"KMSHELF2", data[:8]
    leaves, at = [], 8 + 32
    while at < len(data):
        size, = struct.unpack_from(">I", data, at)
        leaves.append(data[at + 4:at + 4 + size])
        at += 4 + size
    return leaves[1:5]


def held(a):
    """All that other programs read, and the shelf's certificates."""
    files = {"shelf": shelf(a) if a.has("R1", "shelf") else [b""] * 4}
    for path in sorted(glob.glob(a.path("R1", "active/*")) + glob.glob(a.path("R1", "ca.d/*")) + glob.glob(a.path("R1", "ca-bundle.pem"))):
        with open(path, "rb") as f:
            files[path] = f.read()
    return files


# ---- any answer ----

def answer(octets, media=None, **words):
    return lambda ask: http(octets, media or ask.answer.headers["content-type"], **words)


def body(change):
    return lambda ask: http(change(ask.answer.body), ask.answer.headers["content-type"])


def to_itself(ask):
    return http(status=302, headers="Location: %s?operation=%s\r\n" % (ask.liar.url(), ask.operation))


def endless(_):
    def send(client):
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\n\r\n" % daemon.PKI_MESSAGE.encode())
        while True:
            client.sendall(b"0" * 65536)
    return send


def drip(_):
    def send(client):
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: 2000\r\n\r\n" % daemon.PKI_MESSAGE.encode())
        for _ in range(2000):
            client.sendall(b"0")
            time.sleep(0.5)
    return send


def bomb(_):
    return http(gzip.compress(b"0" * (64 << 20)), headers="Content-Encoding: gzip\r\n")


def hang_up(_):
    return lambda client: None


# ---- CertReps ----

def certified(w, ask, **changes):
    """The certificate that the CA would give, with changes."""
    asked = Asked(ask.body)
    begin = w.now()
    words = dict(issuer=w.ca.subject, subject=asked.cert.subject, spki=asked.cert.spki, begin=begin, end=begin + 50 * DAY, key=w.key)
    words.update(changes)
    return forge.certificate(**words)


def reply(inside=None, to=None, cipher="-aes-128-cbc", content=None, signer=None, key=None, **words):
    """A CertRep; inside(w, ask): the certificates in it, a list."""
    def lie(ask):
        w, asked = ask.liar.world, Asked(ask.body)
        certs = inside(w, ask) if inside else [certified(w, ask)]
        octets = content if content is not None else forge.envelope(forge.certs_only(*certs), to(w) if to else asked.cert, cipher)
        return http(forge.reply(asked, octets, signer(w) if signer else w.ca, key(w) if key else w.key, **words))
    return lie


def cert(**changes):
    """A CertRep whose certificate is another than was asked for: values are functions of the world."""
    return reply(lambda w, ask: [certified(w, ask, **{k: v(w) for k, v in changes.items()})])


def failure(code):
    return reply(content=b"", status=2, fail=code)


def replayed(ask):
    """The reply to an earlier request (BAD-148)."""
    return http(ask.liar.kept[ENROL])


def two_signers(ask):
    w, asked = ask.liar.world, Asked(ask.body)
    octets = forge.envelope(forge.certs_only(certified(w, ask)), asked.cert)
    second = forge.signer_info(octets, [], w.ca, w.stranger)
    attrs = [(forge.TYPE, forge.text(3)), (forge.STATUS, forge.text(0)), (forge.TRANSACTION, asked[forge.TRANSACTION]),
             (forge.RECIPIENT, asked[forge.SENDER])]
    return http(forge.message(octets, attrs, w.ca, w.key, more=[second]))


def no_attributes(ask):
    """A message that signs its content and says nothing about it."""
    w = ask.liar.world
    return http(forge.message(b"x", [], w.ca, w.key))


def stranger(w):
    """A CA of the same name and serial number, with another key."""
    return Cert(forge.certificate(w.ca.subject, w.ca.subject, w.stranger.spki, w.now() - DAY, w.now() + 900 * DAY, w.stranger, ca=True,
                                  serial=int.from_bytes(forge.Tlv(w.ca.serial).body, "big")))


def other(w):
    """A CA of another name."""
    name = forge.common_name("Other CA")
    return Cert(forge.certificate(name, name, w.stranger.spki, w.now() - DAY, w.now() + 900 * DAY, w.stranger, ca=True))


def somebody(w):
    name = forge.common_name("somebody")
    return Cert(forge.certificate(name, name, w.other_key.spki, w.now(), w.now() + DAY, w.stranger))


def pending_for_ever(ask):
    return reply(content=b"", status=3)(ask)


# ---- GetNextCACert ----

def next_ca(w, key=None, **changes):
    """The certificate of a next CA that would do, with changes: from, until and who signs it."""
    end = daemon.dates(w.d.dir + "/ca.pem")[1]
    key = key or w.other_key
    words = dict(issuer=w.ca.subject, subject=w.ca.subject, spki=key.spki, begin=end, end=end + 200 * DAY, key=key, ca=True)
    words.update({k: v(w) if callable(v) else v for k, v in changes.items()})
    return forge.certificate(**words)


def announced(*certs, signer=None, key=None, outside=(), **words):
    """certs, outside: functions of the world."""
    def lie(ask):
        w = ask.liar.world
        content = forge.certs_only(*[c(w) for c in certs]) if certs else b""
        by = signer(w) if signer else w.ca
        info = forge.signer_info(content, [], by, key(w) if key else w.key, **words)
        alg = [forge.algorithm(forge.HASHES[words.get("hash_name", "sha256")][0])]
        return http(forge.signed_data(content or None, [by.whole] + [c(w) for c in outside], [info], alg),
                    "application/x-x509-next-ca-cert")
    return lie


def offset(days):
    return lambda w: daemon.dates(w.d.dir + "/ca.pem")[1] + days * DAY


# sentence, operation, lie, what the log says
FIRST = [
    ("BAD-161 a login page for the CA certificate", "GetCACert", answer(PAGE, "text/html"), "neither a certificate"),
    ("BAD-161 a login page for capabilities", "GetCACaps", answer(PAGE, "text/html"), "no word of SCEP in it"),
    ("CA-06 another CA than the fingerprint's", "GetCACert", lambda ask: http(other(ask.liar.world).whole, "application/x-x509-ca-cert"),
     "another fingerprint"),
    ("CA-06 the same name and serial number with another key", "GetCACert",
     lambda ask: http(stranger(ask.liar.world).whole, "application/x-x509-ca-cert"), "another fingerprint"),
    ("CA-07 the CA beside another one, so that either could be meant", "GetCACert",
     lambda ask: http(forge.certs_only(ask.answer.body, other(ask.liar.world).whole), "application/x-x509-ca-ra-cert"),
     "2 CA certificates, one is wanted"),
    ("a CA certificate that is cut", "GetCACert", body(lambda b: b[:-9]), "neither a certificate"),
    ("no CA certificate", "GetCACert", body(lambda b: b""), "neither a certificate"),
    ("BAD-163 a CA certificate of 300 KiB", "GetCACert", body(lambda b: b * 500), "nobody answered"),
    ("BAD-162 GetCACert is redirected to another host", "GetCACert",
     answer(b"", status=301, headers="Location: http://192.0.2.1/\r\n"), "HTTP status 301"),
    ("BAD-150 CC-09 no capabilities at all: no SHA-1 without a word", "GetCACaps", body(lambda b: b""), "compat ancient"),
    ("BAD-150 CC-11 DES3 is all it can", "GetCACaps", body(lambda b: b"DES3\n"), "compat ancient"),
    ("CC-09 GetCACaps is answered with 404", "GetCACaps", answer(b"", status=404), "compat ancient"),
]
RENEWAL = [
    ("BAD-161 a login page with 200", ENROL, answer(PAGE, "text/html"), "renewing: "),
    ("BAD-161 a login page under the right media type", ENROL, answer(PAGE), "renewing: "),
    ("no octets", ENROL, body(lambda b: b""), "renewing: "),
    ("BAD-054 garbage", ENROL, body(lambda b: os.urandom(len(b))), "renewing: "),
    ("BAD-043 cut in the middle", ENROL, body(lambda b: b[:len(b) // 2]), "renewing: "),
    ("BAD-048 one octet behind the end", ENROL, body(lambda b: b + b"\0"), "renewing: "),
    ("BAD-045 a length of 4 GiB inside", ENROL, body(lambda b: b"\x30\x84\xff\xff\xff\xff" + b[4:]), "renewing: "),
    ("BAD-163 the length is a lie: less comes", ENROL, lambda ask: http(ask.answer.body[:99], length=len(ask.answer.body)), "nobody answered"),
    ("BAD-163 a body without end", ENROL, endless, "nobody answered"),
    ("BAD-163 a gzip bomb is not unpacked", ENROL, bomb, "renewing: "),
    ("the connection is closed without a word", ENROL, hang_up, "nobody answered"),
    ("not HTTP at all", ENROL, lambda ask: b"SSH-2.0-OpenSSH_9.2\r\n", "nobody answered"),
    ("BAD-162 a redirect to another host", ENROL, answer(b"", status=302, headers="Location: http://192.0.2.1/\r\n"), "HTTP status 302"),
    ("BAD-162 a redirect to file:", ENROL, answer(b"", status=302, headers="Location: file:///etc/passwd\r\n"), "HTTP status 302"),
    ("BAD-162 a redirect in a loop", ENROL, to_itself, "HTTP status 302"),
    ("401 with a challenge", ENROL, answer(b"", status=401, headers="WWW-Authenticate: Basic realm=\"x\"\r\n"), "HTTP status 401"),
    ("404", ENROL, answer(b"", status=404), "HTTP status 404"),
    ("500, and GetCACert honest", ENROL, answer(PAGE, status=500), "HTTP status 500"),
    ("503, Retry-After of 68 years: never past half of what is left", ENROL,
     answer(b"", status=503, headers="Retry-After: 2147483647\r\n"), "HTTP status 503"),
    ("503, Retry-After in words that make no sense", ENROL, answer(b"", status=503, headers="Retry-After: -7 moons\r\n"), "HTTP status 503"),
    ("BAD-055 the CA certificate instead of a CertRep", ENROL, lambda ask: http(ask.liar.world.ca.whole), "renewing: "),
    ("BAD-056 a CertRep that nobody signed", ENROL, lambda ask: http(forge.certs_only(certified(ask.liar.world, ask))), "renewing: "),
    ("BAD-057 NX-08 two signers, one of them good", ENROL, two_signers, "renewing: "),
    ("BAD-058 a signature over no SCEP attributes", ENROL, no_attributes, "renewing: "),
    ("BAD-060 an octet of the signature", ENROL, reply(flip=True), "does not verify"),
    ("BAD-060 an octet of the honest CertRep's end", ENROL, body(lambda b: b[:-3] + bytes([b[-3] ^ 1]) + b[-2:]), "does not verify"),
    ("BAD-062 signed with MD5", ENROL, reply(hash_name="md5"), "md5"),
    ("BAD-062 signed with SHA-1, weaker than the request", ENROL, reply(hash_name="sha1"), "sha1"),
    ("CC-11 single DES where AES was asked", ENROL, reply(cipher="-des-cbc"), "single DES"),
    ("BAD-148 AT-04 the CertRep of an earlier request, replayed", ENROL, replayed, "transactionID of another"),
    ("BAD-148 AT-04 another nonce", ENROL, reply(nonce=forge.der(forge.OCTETS, bytes(16))), "recipientNonce is not ours"),
    ("AT-05 no nonce", ENROL, reply(without=(forge.RECIPIENT,)), "recipientNonce"),
    ("AT-04 another transaction", ENROL, reply(transaction=forge.text("0123ABCD")), "transactionID of another"),
    ("MT-03 a messageType that is not CertRep", ENROL, reply(type_=19), "messageType"),
    ("MT-03 a pkiStatus that there is not", ENROL, reply(status=1), "pkiStatus"),
    ("BAD-164 SUCCESS with an empty envelope", ENROL, reply(content=b""), "without content"),
    ("BAD-164 an envelope for somebody else", ENROL, reply(to=somebody), "somebody else"),
    ("BAD-164 no certificate in it", ENROL, reply(lambda w, ask: []), "renewing: "),
    ("BAD-164 two certificates for our key", ENROL, reply(lambda w, ask: [certified(w, ask), certified(w, ask)]), "2 certificates for our key"),
    ("BAD-124 RP-03 another key's certificate", ENROL, cert(spki=lambda w: w.other_key.spki), "0 certificates for our key"),
    ("BAD-124 RP-04 another subject", ENROL, cert(subject=lambda w: forge.common_name("r2")), "another name"),
    ("BAD-124 RP-04 a CA's certificate", ENROL, cert(ca=lambda w: True), "is a CA's"),
    ("BAD-124 RP-04 one that has ended", ENROL, cert(begin=lambda w: w.now() - 9 * DAY, end=lambda w: w.now() - 1), "has ended"),
    ("BAD-133 one that ends before it begins", ENROL, cert(end=lambda w: w.now() - 60), "has ended"),
    ("RP-04 one that is not valid yet", ENROL, cert(begin=lambda w: w.now() + 3600), "not valid yet"),
    ("one that is older than ours", ENROL, cert(begin=lambda w: BORN - DAY, end=lambda w: w.now() + 5 * DAY), "no newer"),
    ("BAD-124 RP-04 one by another CA", ENROL, cert(key=lambda w: w.stranger), "not by the CA"),
    ("RP-04 one that names another key of the CA", ENROL, cert(more=lambda w: [forge.key_id(bytes(20))]), "another key of the CA"),
    ("BAD-165 signed by a stranger in the CA's name", ENROL, reply(signer=stranger, key=lambda w: w.stranger), "does not verify"),
    ("BAD-165 signed by a stranger in his own", ENROL, reply(signer=other, key=lambda w: w.stranger), "not signed by the CA"),
    ("BAD-167 FAILURE badTime", ENROL, failure(3), "refused: badTime"),
    ("RP-07 FAILURE badAlg", ENROL, failure(0), "refused: badAlg"),
    ("RP-07 FAILURE badMessageCheck", ENROL, failure(1), "refused: badMessageCheck"),
    ("RP-07 FAILURE badRequest", ENROL, failure(2), "refused: badRequest"),
    ("RP-07 FAILURE badCertId", ENROL, failure(4), "refused: badCertId"),
    ("FAILURE by a stranger ends nothing", ENROL, reply(content=b"", status=2, fail=2, key=lambda w: w.stranger), "does not verify"),
    ("BAD-166 PENDING, and again and again", ENROL, pending_for_ever, "request waits at the server"),
]
NEXT = [
    ("BAD-161 NX-12 a login page", "GetNextCACert", answer(PAGE, "text/html"), "next CA certificate: "),
    ("NX-12 404", "GetNextCACert", answer(b"", status=404), "HTTP status 404"),
    ("NX-12 501", "GetNextCACert", answer(b"", "text/plain", status=501), "HTTP status 501"),
    ("NX-12 no octets", "GetNextCACert", body(lambda b: b""), "next CA certificate: "),
    ("NX-07 next CA certificates that nobody signed", "GetNextCACert", lambda ask: http(forge.certs_only(next_ca(ask.liar.world))),
     "next CA certificate: "),
    ("NX-07 signed by the next CA itself", "GetNextCACert",
     announced(next_ca, signer=lambda w: Cert(next_ca(w)), key=lambda w: w.other_key), "not signed by the CA that we hold"),
    ("NX-07 signed by a stranger in the CA's name", "GetNextCACert", announced(next_ca, key=lambda w: w.stranger), "does not verify"),
    ("NX-07 an octet of the signature", "GetNextCACert", announced(next_ca, flip=True), "does not verify"),
    ("BAD-062 signed with SHA-1", "GetNextCACert", announced(next_ca, hash_name="sha1"), "sha1"),
    ("NX-02 the next CA only outside the signature", "GetNextCACert", announced(outside=[next_ca]), "covers no certificate"),
    ("NX-09 one inside, an evil one outside: nothing but the inside counts", "GetNextCACert",
     announced(lambda w: w.ca.whole, outside=[next_ca]), "next CA certificate: "),
    ("BAD-168 the key of the present CA", "GetNextCACert",
     announced(lambda w: next_ca(w, key=w.key)), "the key of the present one"),
    ("BAD-168 another subject", "GetNextCACert",
     announced(lambda w: next_ca(w, issuer=forge.common_name("RootCB"), subject=forge.common_name("RootCB"))), "another name"),
    ("BAD-168 CA:FALSE", "GetNextCACert", announced(lambda w: next_ca(w, ca=False)), "no CA certificate in it"),
    ("BAD-168 two candidates", "GetNextCACert",
     announced(next_ca, lambda w: next_ca(w, key=w.stranger)), "2 CA certificates, one is wanted"),
    ("BAD-168 a sub-CA without the CA above it", "GetNextCACert",
     announced(lambda w: next_ca(w, issuer=forge.common_name("Above"), spki=w.other_key.spki, key=w.stranger)), "nobody that came with it has signed it"),
    ("BAD-168 NX-10 a gap behind the present CA's end", "GetNextCACert",
     announced(lambda w: next_ca(w, begin=offset(1), end=offset(201))), "begins behind the end"),
    ("BAD-133 NX-10 it ends with the present one", "GetNextCACert",
     announced(lambda w: next_ca(w, begin=w.now(), end=offset(0))), "ends no later"),
    ("BAD-149 NX-10 the present CA once more", "GetNextCACert", announced(lambda w: w.ca.whole), "next CA certificate: "),
    ("NX-17 the serial number of the present one", "GetNextCACert",
     announced(lambda w: next_ca(w, serial=int.from_bytes(forge.Tlv(w.ca.serial).body, "big"))), "serial number of the present one"),
]
SHADOW = [
    ("NX-15 a shadow certificate by the present CA", ENROL, reply(), "not by the CA"),
    ("BAD-161 a login page for a shadow certificate", ENROL, answer(PAGE), "next certificate: "),
    ("a shadow certificate for another name", ENROL, lambda ask: shadow(ask, subject=forge.common_name("r2")), "another name"),
    ("a shadow certificate for another key", ENROL, lambda ask: shadow(ask, spki=ask.liar.world.other_key.spki), "0 certificates for our key"),
    ("a shadow certificate that ends at the switch", ENROL,
     lambda ask: shadow(ask, begin=ask.liar.world.now(), end=offset(0)(ask.liar.world)), "ends before the switch"),
    ("FAILURE badCertId for a shadow request", ENROL, failure(4), "refused: badCertId"),
]


def shadow(ask, **changes):
    """A CertRep with a certificate under the next CA."""
    w = ask.liar.world
    key, ca = w.unlock("ROOTCA_00001")
    end = offset(0)(w)
    inside = certified(w, ask, **dict(dict(begin=end, end=end + 50 * DAY, issuer=ca.subject, key=key), **changes))
    asked = Asked(ask.body)
    return http(forge.reply(asked, forge.envelope(forge.certs_only(inside), asked.cert), ca, key))


def lies(w, a, because, before, mark, times=2):
    """It was told so often, the log says so, what was held before stays; from now on nobody lies."""
    w.soon(lambda: w.liar.told >= times, "it asks again")
    wanted = 1 if "waits" in because else times  # PENDING is said once
    until(lambda: len(re.findall(because, a.log()[mark:])) >= wanted, "the log says '%s'\n%s" % (because, a.log()[mark:]))
    assert held(a) == before, "what is held has changed"
    said = a.log()[mark:]
    assert not re.search("Sanitizer|runtime error|switched|certificate stored trustpoint", said), said
    w.liar.honest()


longest = []  # one world for rows of the same kind


def world(times):
    w = World(times)
    w.liar.world = w
    return w


def first_case(sentence, operation, lie, because):
    def try_row():
        if not longest:
            longest.append(world(LONG))
        w = longest[0]
        w.liar.begin(operation, lie)
        a = w.agent()
        w.soon(lambda: w.liar.told and (operation == "GetCACert" or a.has("R1", "ca-bundle.pem")), "it asks")
        w.run_until(w.now())  # what is written is written
        lies(w, a, because, held(a), 0)
        assert not a.has("R1", "active")
        w.soon(lambda: a.has("R1", "active/cert.pem"), "an honest answer is taken\n" + a.log())
        a.whole("R1", w.now())
        a.stop()
    case("first: " + sentence)(try_row)


renewing = []


def renew(begin, end):
    return begin + (end - begin) * 80 // 100


def renewal_case(sentence, operation, lie, because, times=2):
    def try_row():
        if not renewing:
            w = world(LONG)
            renewing.extend((w, w.agent()))
            until(lambda: renewing[1].has("R1", "active/cert.pem"), "it enrols")
        w, a = renewing
        w.liar.honest()  # after a row that failed
        w.soon(lambda: w.now() < renew(*a.dates("R1")), "it renews")
        begin, end = a.dates("R1")
        old = a.serial("R1")
        w.run_until(renew(begin, end) - 1)
        before, mark = held(a), len(a.log())
        w.liar.begin(operation, lie)
        w.run_until(renew(begin, end))
        lies(w, a, because, before, mark, times)
        w.soon(lambda: a.serial("R1") != old, "an honest answer is taken\n" + a.log()[-2000:])
        a.whole("R1", w.now())
        assert w.now() < end, "not before its end"
    case("renewal: " + sentence)(try_row)


@case("renewal: the forger is good: with nothing wrong in it a forged CertRep is believed")
def control():
    w, a = renewing
    begin, end = a.dates("R1")
    old, mark = a.serial("R1"), len(a.log())
    w.run_until(renew(begin, end) - 1)
    w.liar.begin(ENROL, reply())
    w.run_until(renew(begin, end))
    assert a.serial("R1") != old and "in trouble" not in a.log()[mark:], a.log()[mark:]
    w.stop(a)


rolling = []


def next_case(sentence, operation, lie, because, stage):
    def try_row():
        if not rolling:
            w = world(SHORT)
            rolling.extend((w, w.agent()))
            until(lambda: rolling[1].has("R1", "active/cert.pem"), "it enrols")
            w.run_until(BORN + 200 * DAY)  # the last certificate under this CA has come
            w.due = renew(*rolling[1].dates("R1"))
            w.run_until(w.due - 1)
        w, a = rolling
        if stage == "shadow" and not any(shelf(a)[2:3]):
            w.liar.begin(operation, lie)  # the next CA is honest now
            w.run_until(max(w.due, w.now()))
            w.soon(lambda: any(shelf(a)[2:3]), "the next CA is taken")
            w.liar.told = 0
        before, mark = held(a), len(a.log())
        w.liar.begin(operation, lie)
        lies(w, a, because, before, mark)
    case("%s: %s" % (stage, sentence))(try_row)


@case("and then the honest answers are taken: shadow, and the switch at its second")
def switch():
    w, a = rolling
    end = offset(0)(w)
    w.soon(lambda: a.has("R1", "shadow/cert.pem"), "the shadow certificate\n" + a.log()[-2000:])
    waits = a.serial("R1", "shadow/cert.pem")
    w.run_until(end - 1)
    assert a.serial("R1") != waits
    w.run_until(end)
    assert a.serial("R1") == waits
    a.whole("R1", end)
    for each in longest:
        each.d.stop()
    w.stop(a)


def chosen(half):
    """The cases of one half, in order."""
    last = {f.__name__: (sentence, f) for sentence, f in daemon.cases}
    daemon.cases.clear()
    if half == "renewal":
        for row in RENEWAL:
            renewal_case(*row)
        renewal_case("a body that drips, an octet every half second", ENROL, drip, "nobody answered", 1)
        daemon.cases.append(last["control"])
        return
    for row in FIRST:
        first_case(*row)
    for row in NEXT:
        next_case(*row, "next CA")
    for row in SHADOW:
        next_case(*row, "shadow")
    daemon.cases.append(last["switch"])


if __name__ == "__main__":
    chosen(sys.argv[5])
    daemon.main()
