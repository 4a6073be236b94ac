"""router.py - an IOS router of one release before a server.

The router is ios_client (tests/ios): octets as captured traffic has them, answers judged as IOS
judges them. Servers run examples/rootca.conf with the words that docs/ios-compatibility.md names
for the release, read from there.
"""
import os
import re
import subprocess
import sys

import daemon
from daemon import run

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


def read(path):
    with open(os.path.join(TOP, path)) as f:
        return f.read()


def words_of(release):
    """The words column of the release's row."""
    row = re.search(r"(?m)^\| %s \| (.*?) \|" % re.escape(release), read("docs/ios-compatibility.md"))
    assert row, "docs/ios-compatibility.md has no row for %s" % release
    return tuple(re.findall("`(.*?)`", row[1]))


def server(words, grant, env=None):
    """The example, on a free port; only the granting mode changes."""
    text = read("examples/rootca.conf")
    assert "127.0.0.1 8080" in text and "  grant auto\n" in text
    text = text.replace("127.0.0.1 8080", "127.0.0.1 %(port)d").replace("grant auto", "grant " + grant)
    return daemon.Daemon("".join("  %s\n" % w for w in words), base=text, env=env)


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
        answer = self.answer(operation)
        assert answer.status == 200 and answer.headers["content-type"] == kind, answer
        return answer.body

    def answer(self, operation):
        return self.d.raw(("GET %s?operation=%s&message=Root-CA HTTP/1.0\r\n%sHost: 127.0.0.1\r\n\r\n" % (
            daemon.PATH, operation, AGENT)).encode())

    def exchange(self, name="cert", **words):
        """What the router says of the answer, and the file of the certificate."""
        out = "%s/%s-%s.pem" % (self.d.dir, self.name, name)
        if "serial" not in words:
            self.count, words["count"] = self.count + 1, self.count
        command = [IOS_CLIENT, self.release, self.ca, self.caps, self.key, self.host, "out=" + out]
        command += ["%s=%s" % w for w in words.items()]
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        process = daemon.start(command, text=True, env=dict(os.environ, **self.d.env), **pipes)
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

    def check(self, said, out, **words):
        """In kind, chained, with our key and our very subject; what IOS looks at and what users do."""
        assert said[0] == "success" and said[2:] == [self.digest, self.cipher], said
        subject = "unstructuredName=%s+unstructuredAddress=172.16.1.2+serialNumber=FTX1045A1B2,CN=%s,OU=CVO"
        daemon.check_certificate(self.d, out, self.key, subject % (self.host, self.host), **words)

    def kind_of(self, cert):
        return [c["kind"] for c in self.d.certificates() if c["serial"] == daemon.serial_of(cert)][0]
