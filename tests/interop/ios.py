"""ios.py - IOS routers of five releases enrol, poll, renew.

The routers are ios_client (tests/ios): octets as captured traffic has them, answers judged as
IOS judges them. Servers run examples/rootca.conf with the words that docs/ios-compatibility.md
names for the release, read from there.
Arguments: keymusterd, keymuster, client, ios_client.
"""
import os
import re
import subprocess
import sys

import daemon
from daemon import case, run, until

IOS_CLIENT = os.path.abspath(sys.argv[4])
TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
AGENT = "User-Agent: Mozilla/4.0 (compatible; MSIE 5.0; Cisco PKI)\r\n"
RELEASES = {  # bits of keys; what messages are made of once the CA lists what the words turn on
    "12.4": (1024, "MD5", "DES-CBC"),
    "15.1(4)M": (2048, "SHA1", "DES-EDE3-CBC"),
    "15.4(3)M": (2048, "SHA256", "DES-EDE3-CBC"),
    "XE 3.15": (2048, "SHA256", "DES-EDE3-CBC"),
    "17.x": (2048, "SHA512", "DES-EDE3-CBC"),
}
UNPADDED = ("7F", "80", "FF", "8001", "FEDC")
TWENTY = ("7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF", "8000000000000000000000000000000000000001")


def read(path):
    with open(os.path.join(TOP, path)) as f:
        return f.read()


def words_of(release):
    """The words column of the release's row."""
    row = re.search(r"(?m)^\| %s \| (.*?) \|" % re.escape(release), read("docs/ios-compatibility.md"))
    assert row, "docs/ios-compatibility.md has no row for %s" % release
    return tuple(re.findall("`(.*?)`", row[1]))


def server(words, grant):
    """The example, on a free port; only the granting mode changes."""
    text = read("examples/rootca.conf")
    assert "127.0.0.1 8080" in text and "  grant auto\n" in text
    text = text.replace("127.0.0.1 8080", "127.0.0.1 %(port)d").replace("grant auto", "grant " + grant)
    return daemon.Daemon("".join("  %s\n" % w for w in words), base=text)


servers = {}


def served_by(words, grant="auto"):
    """The server with these words, started when first asked for."""
    if (words, grant) not in servers:
        servers[words, grant] = server(words, grant).start()
    return servers[words, grant]


class Router:
    def __init__(self, release, name, d):
        self.release, self.d, self.name = release, d, re.sub(r"\W", "", release).lower() + "-" + name
        self.bits, self.digest, self.cipher = RELEASES[release]
        self.host, self.count = self.name + ".example.com", 0x7e
        self.key = self.new_key("key")
        self.ca = d.save(self.name + ".ca", self.ask("GetCACert", "application/x-x509-ca-cert"))
        self.caps = d.save(self.name + ".caps", self.ask("GetCACaps", "text/plain"))

    def new_key(self, what):
        if self.bits == 2048:
            return self.d.key(self.name + "-" + what)
        path = "%s/%s-%s.key" % (self.d.dir, self.name, what)
        run("openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:%d" % self.bits,
            "-out", path, code=0)
        return path

    def ask(self, operation, kind):
        """HTTP/1.0, Host without port, a label as message."""
        answer = self.d.raw(("GET %s?operation=%s&message=Root-CA HTTP/1.0\r\n%sHost: 127.0.0.1\r\n\r\n" % (
            daemon.PATH, operation, AGENT)).encode())
        assert answer.status == 200 and answer.headers["content-type"] == kind, answer
        return answer.body

    def exchange(self, name="cert", **words):
        """What the router says of the answer, and the file of the certificate."""
        out = "%s/%s-%s.pem" % (self.d.dir, self.name, name)
        if "serial" not in words:
            self.count, words["count"] = self.count + 1, self.count
        command = [IOS_CLIENT, self.release, self.ca, self.caps, self.key, self.host, "out=" + out]
        command += ["%s=%s" % w for w in words.items()]
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        process = daemon.start(command, text=True, **pipes)
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        answer = self.d.raw(bytes.fromhex(line))
        assert answer.status == 200 and answer.headers["content-type"] == daemon.PKI_MESSAGE, answer
        said, err = process.communicate(answer.body.hex() + "\n", daemon.DEADLINE)
        assert process.returncode == 0, err
        return said.split(), out

    def granted(self, name, **words):
        said, out = self.exchange(name, **words)
        self.check(said, out)
        return out

    def check(self, said, out):
        """In kind, chained, with our key and our very subject; what IOS looks at and what users do."""
        assert said[0] == "success" and said[2:] == [self.digest, self.cipher], said
        subject = "unstructuredName=%s+unstructuredAddress=172.16.1.2+serialNumber=FTX1045A1B2,CN=%s,OU=CVO"
        daemon.check_certificate(self.d, out, self.key, subject % (self.host, self.host))

    def kind_of(self, cert):
        return [c["kind"] for c in self.d.certificates() if c["serial"] == daemon.serial_of(cert)][0]


def enrols(release):
    Router(release, "auto", served_by(words_of(release))).granted("cert")


def polls(release):
    """Temporary certificates 0x7E, 0x7F, 0x80 ...: negative from there on where the release does not pad."""
    router = Router(release, "manual", served_by(words_of(release), "manual"))
    for words in ({}, {"type": "poll"}, {"type": "poll"}):
        said, _ = router.exchange(**words)
        assert said == ["pending", router.digest], said
    request = [r for r in router.d.requests() if router.host in r["subject"]]
    assert len(request) == 1, request
    router.d.command("crypto pki server ROOTCA grant %d" % request[0]["id"])

    def issued():
        said, out = router.exchange("polled", type="poll")
        return said[0] == "success" and (said, out)

    router.check(*until(issued, "the poll brings the certificate"))
    assert router.count > 0x80


def rejected(release):
    router = Router(release, "rejected", served_by(words_of(release), "manual"))
    said, _ = router.exchange()
    assert said[0] == "pending", said
    request = [r for r in router.d.requests() if router.host in r["subject"]]
    router.d.command("crypto pki server ROOTCA reject %d" % request[0]["id"])
    said, _ = router.exchange(type="poll")
    assert said[:2] == ["failure", "2"], said


def renews(release):
    """As PKCSReq signed by the certificate held; the same transaction id as before, then regenerate."""
    router = Router(release, "renewing", served_by(words_of(release)))
    old = router.granted("old")
    same_key = router.granted("same-key", signer=old)
    assert daemon.serial_of(old) != daemon.serial_of(same_key) and router.kind_of(same_key) == "renewal"
    old_key, router.key = router.key, router.new_key("next")
    regenerated = router.granted("regenerated", signer=same_key, signer_key=old_key)
    assert router.kind_of(regenerated) == "renewal", router.kind_of(regenerated)


def renews_by_temporary(release):
    """A CA that lists no Renewal: signed by a temporary certificate, a new key (CSCuw41120)."""
    router = Router(release, "temporary", served_by(words_of(release)))
    old = router.granted("old")
    lines = b"".join(line for line in router.ask("GetCACaps", "text/plain").splitlines(True) if b"Renewal" not in line)
    router.caps = router.d.save(router.name + ".caps", lines)
    router.key = router.new_key("next")
    assert daemon.serial_of(router.granted("again", signer=old)) != daemon.serial_of(old)


def echoes(release):
    """The client compares the recipient with its certificate's octets (CSCuw41120)."""
    for serial in UNPADDED + TWENTY:
        Router(release, "serial" + serial[:4].lower(), served_by(words_of(release))).granted("cert", serial=serial)


def refused(release):
    """Each set of words that is less than the release needs: badAlg, which it can read, and no certificate."""
    less = {"compat ancient": ((), ("compat legacy",)), "compat legacy": ((),)}
    for words in less[words_of(release)[0]]:
        router = Router(release, "refused", served_by(words))
        said, _ = router.exchange()
        assert said[:2] == ["failure", "0"], said
        assert not [c for c in router.d.certificates() if router.host in c["subject"]]


for a_release in RELEASES:
    for sentence, story in (
            ("enrols under grant auto (RQ-08, RP-05)", enrols),
            ("polls with a new temporary certificate each time until it is granted (PO-02)", polls),
            ("is told of a reject by badRequest (PO-06)", rejected),
            ("renews by the certificate it holds, with the same key and a new one (RQ-04, ST-06)", renews),
            ("renews by a temporary certificate where Renewal is not listed", renews_by_temporary),
            ("finds its serial in the answer octet by octet: 7F, 80, FF, negative, 20 octets", echoes)):
        case("%s %s" % (a_release, sentence))(lambda s=story, r=a_release: s(r))
    if words_of(a_release):
        case("%s is refused with badAlg without its words (AL-03)" % a_release)(lambda r=a_release: refused(r))


@case("a release without words needs none, the others exactly one")
def words():
    assert [words_of(r) for r in RELEASES] == [("compat ancient",), ("compat legacy",), ("compat legacy",), (), ()]


@case("all daemons end in order")
def ends():
    for d in servers.values():
        d.stop()


if __name__ == "__main__":
    daemon.main(servers.values())
