"""forge.py - answers of a server that says what it should not: DER, certificates, CertReps.

Written against the RFCs, by another hand than the program's. Keys are known here, so a forgery is right in all but
the one thing that its row changes.
"""
import datetime
import hashlib
import os

import daemon
from daemon import openssl, run

SEQUENCE, SET, INTEGER, BITS, OCTETS, OID, PRINTABLE, BOOLEAN = 0x30, 0x31, 2, 3, 4, 6, 0x13, 1
SIGNED, DATA, RSA = "1.2.840.113549.1.7.2", "1.2.840.113549.1.7.1", "1.2.840.113549.1.1.1"
CONTENT_TYPE, DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
SCEP = "2.16.840.1.113733.1.9."
TYPE, STATUS, FAIL, SENDER, RECIPIENT, TRANSACTION = (SCEP + n for n in "234567")
HASHES = {"md5": ("1.2.840.113549.2.5", "1.2.840.113549.1.1.4"), "sha1": ("1.3.14.3.2.26", "1.2.840.113549.1.1.5"),
          "sha256": ("2.16.840.1.101.3.4.2.1", "1.2.840.113549.1.1.11")}
NULL = b"\x05\0"


def der(tag, *parts):
    body = b"".join(parts)
    size = len(body)
    length = bytes([size]) if size < 128 else (lambda n: bytes([0x80 | len(n)]) + n)(
        size.to_bytes((size.bit_length() + 7) // 8, "big"))
    return bytes([tag]) + length + body


def number(n):
    return der(INTEGER, n.to_bytes(n.bit_length() // 8 + 1, "big"))


def oid(text):
    arcs = [int(a) for a in text.split(".")]
    out = b""
    for arc in [arcs[0] * 40 + arcs[1]] + arcs[2:]:
        piece = bytes([arc & 0x7f])
        while arc := arc >> 7:
            piece = bytes([arc & 0x7f | 0x80]) + piece
        out += piece
    return der(OID, out)


class Tlv:
    """One element; children of what is constructed."""

    def __init__(self, octets):
        self.tag, at, size = octets[0], 2, octets[1]
        if size & 0x80:
            at += size & 0x7f
            size = int.from_bytes(octets[2:at], "big")
        self.whole, self.body, self.rest = octets[:at + size], octets[at:at + size], octets[at + size:]

    def each(self):
        rest, out = self.body, []
        while rest:
            out.append(Tlv(rest))
            rest = out[-1].rest
        return out

    def __getitem__(self, i):
        return self.each()[i]


class Key:
    """An RSA key from a file."""

    def __init__(self, path):
        fields = Tlv(run_bytes("openssl", "rsa", "-in", path, "-traditional", "-outform", "DER")).each()
        self.n, self.e, self.d = (int.from_bytes(f.body, "big") for f in fields[1:4])
        self.spki = run_bytes("openssl", "pkey", "-in", path, "-pubout", "-outform", "DER")

    def sign(self, hash_name, octets):
        size = (self.n.bit_length() + 7) // 8
        info = der(SEQUENCE, algorithm(HASHES[hash_name][0]), der(OCTETS, hashlib.new(hash_name, octets).digest()))
        padded = b"\0\1" + b"\xff" * (size - len(info) - 3) + b"\0" + info
        return pow(int.from_bytes(padded, "big"), self.d, self.n).to_bytes(size, "big")


def run_bytes(*command, give=b""):
    done = daemon.subprocess.run(command, input=give, capture_output=True, timeout=daemon.DEADLINE,
                                 env=dict(daemon.os.environ, **daemon.trusting_nobody(command)))
    assert done.returncode == 0, done.stderr
    return done.stdout


def algorithm(name):
    return der(SEQUENCE, oid(name), NULL)


def instant(at):
    return der(0x17, datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%y%m%d%H%M%SZ").encode())


def extension(name, value, critical=False):
    return der(SEQUENCE, oid(name), der(BOOLEAN, b"\xff") if critical else b"", der(OCTETS, value))


def basic(ca):
    return extension("2.5.29.19", der(SEQUENCE, der(BOOLEAN, b"\xff") if ca else b""), True)


def usage(*bits):
    value = sum(0x80 >> b for b in bits)
    return extension("2.5.29.15", der(BITS, bytes([0, value])), True)


def key_id(octets):
    return extension("2.5.29.35", der(SEQUENCE, der(0x80, octets)))


def common_name(text):
    return der(SEQUENCE, der(SET, der(SEQUENCE, oid("2.5.4.3"), der(PRINTABLE, text.encode()))))


class Cert:
    """The fields of a certificate, to change and to sign."""

    def __init__(self, octets):
        self.whole = octets
        tbs = Tlv(octets)[0].each()
        self.serial, self.issuer, self.validity, self.subject, self.spki = (t.whole for t in tbs[1:2] + tbs[3:7])
        self.extensions = [t.whole for t in tbs[-1][0].each()] if tbs[-1].tag == 0xa3 else []

    def signed(self, key, hash_name="sha256", **changes):
        for name, value in changes.items():
            setattr(self, name, value)
        alg = algorithm(HASHES[hash_name][1])
        tbs = der(SEQUENCE, der(0xa0, number(2)), self.serial, alg, self.issuer, self.validity, self.subject, self.spki,
                  der(0xa3, der(SEQUENCE, *self.extensions)) if self.extensions else b"")
        self.whole = der(SEQUENCE, tbs, alg, der(BITS, b"\0" + key.sign(hash_name, tbs)))
        return self.whole


def dates(begin, end):
    return der(SEQUENCE, instant(begin), instant(end))


def certificate(issuer, subject, spki, begin, end, key, ca=False, serial=None, more=(), **words):
    """issuer, subject: names as elements."""
    c = Cert.__new__(Cert)
    bits = (0, 5, 6) if ca else (0, 2)
    return c.signed(key, serial=number(serial or int.from_bytes(os.urandom(9), "big") | 1 << 70), issuer=issuer,
                    subject=subject, validity=dates(begin, end), spki=spki,
                    extensions=[basic(ca), usage(*bits), *more], **words)


def signed_data(content, certs, infos, digests=()):
    body = [number(1), der(SET, *digests), der(SEQUENCE, oid(DATA), *([der(0xa0, der(OCTETS, content))] if content else []))]
    if certs:
        body.append(der(0xa0, *certs))
    return der(SEQUENCE, oid(SIGNED), der(0xa0, der(SEQUENCE, *body, der(SET, *infos))))


def certs_only(*certs):
    return signed_data(None, certs, ())


def attribute(name, value):
    return der(SEQUENCE, oid(name), der(SET, value))


def signer_info(content, attrs, cert, key, hash_name="sha256", flip=False, without=()):
    """cert: whose issuer and serial number it names."""
    all_ = [(CONTENT_TYPE, oid(DATA)), (DIGEST, der(OCTETS, hashlib.new(hash_name, content).digest()))] + list(attrs)
    attrs = b"".join(sorted(attribute(n, v) for n, v in all_ if n not in without))
    signature = bytearray(key.sign(hash_name, der(SET, attrs)))
    signature[9] ^= flip
    return der(SEQUENCE, number(1), der(SEQUENCE, cert.issuer, cert.serial), algorithm(HASHES[hash_name][0]), der(0xa0, attrs),
               algorithm(RSA), der(OCTETS, bytes(signature)))


def message(content, attrs, cert, key, hash_name="sha256", more=(), **words):
    info = signer_info(content, attrs, cert, key, hash_name, **words)
    return signed_data(content, [cert.whole], [info, *more], [algorithm(HASHES[hash_name][0])])


class Asked:
    """What a client's message says in clear: its attributes, and the certificate that signed it."""

    def __init__(self, octets):
        fields = Tlv(octets)[1][0].each()
        info = fields[-1][0].each()
        self.cert = Cert(next(f for f in fields if f.tag == 0xa0)[0].whole)
        self.attrs = {a[0].whole: a[1][0].whole for a in next(f for f in info if f.tag == 0xa0).each()}

    def __getitem__(self, name):
        return self.attrs[oid(name)]

    def type(self):
        return int(Tlv(self[TYPE]).body)


def envelope(content, recipient, cipher="-aes-128-cbc"):
    """By openssl, for the holder of this certificate."""
    where = daemon.directory()
    with open(where + "/to.pem", "wb") as f:
        f.write(daemon.pem("CERTIFICATE", recipient.whole))
    with open(where + "/in", "wb") as f:
        f.write(content)
    old = ("-provider", "legacy", "-provider", "default") if "des" in cipher else ()
    openssl("cms", "-encrypt", "-binary", "-in", where + "/in", "-outform", "DER", cipher, *old, "-out", where + "/out",
            where + "/to.pem")
    with open(where + "/out", "rb") as f:
        return f.read()


def text(value):
    return der(PRINTABLE, str(value).encode())


def reply(asked, content, cert, key, status=0, fail=None, transaction=None, nonce=None, type_=3, **words):
    attrs = [(TYPE, text(type_)), (STATUS, text(status)), (TRANSACTION, transaction or asked[TRANSACTION]),
             (RECIPIENT, nonce or asked[SENDER]), (SENDER, der(OCTETS, os.urandom(16)))]
    if fail is not None:
        attrs.append((FAIL, text(fail)))
    return message(content, attrs, cert, key, **words)
