"""listing.py - compares fixtures, their listings and their generator.

  listing.py ios_fixtures FOLDER          TAP: both are as they would be written now
  listing.py ios_fixtures FOLDER write    writes them

A listing is what `openssl asn1parse -i` says; octets that no terminal shows become \\xNN.
"""
import base64
import os
import re
import subprocess
import sys
import tempfile
import urllib.parse

generator, folder = sys.argv[1:3]
write = sys.argv[3:] == ["write"]


def read(path):
    with open(path, "rb") as f:
        return f.read()


def listing(path):
    der = bytes.fromhex(read(path).decode())
    done = subprocess.run(["openssl", "asn1parse", "-inform", "DER", "-i"], input=der, capture_output=True,
                          check=True, timeout=60)
    return re.sub(r"[^\n -~]", lambda m: "\\x%02x" % ord(m[0]), done.stdout.decode("latin-1"))


def names(ending, where=folder):
    return sorted(n for n in os.listdir(where) if n.endswith(ending))


def generate(where):
    subprocess.run([generator, folder + "/keys", where], check=True, timeout=60)


def same_as_generated():
    with tempfile.TemporaryDirectory() as where:
        generate(where)
        for ending in (".hex", ".http"):
            assert names(ending) == names(ending, where), "not the files that the generator writes"
            for name in names(ending):
                assert read(folder + "/" + name) == read(where + "/" + name), name


def as_listed(name):
    with open("%s/%s.asn1" % (folder, name)) as f:
        assert f.read() == listing("%s/%s.hex" % (folder, name)), "the listing is of other octets"


def by_http(name):
    """HT-08 HT-13: lines of 64 characters, %0A also behind the last, plus escaped and nothing else."""
    head, _, rest = read("%s/%s.http" % (folder, name)).decode().partition(" HTTP/1.0\r\n")
    text = head.removeprefix("GET /cgi-bin/pkiclient.exe?operation=PKIOperation&message=")
    lines = text.split("%0A")
    assert rest == "Host: 10.1.1.1\r\n\r\n", rest
    assert lines.pop() == "" and set(re.findall("%..", text)) <= {"%0A", "%2B"}, "escapes"
    assert "+" not in text
    plain = [urllib.parse.unquote(line) for line in lines]
    assert {len(line) for line in plain[:-1]} == {64} and 0 < len(plain[-1]) <= 64
    assert base64.b64decode("".join(plain), validate=True).hex() == read("%s/%s.hex" % (folder, name)).decode().replace("\n", "")


if write:
    generate(folder)
    for stem in (n.removesuffix(".hex") for n in names(".hex")):
        with open("%s/%s.asn1" % (folder, stem), "w") as f:
            f.write(listing("%s/%s.hex" % (folder, stem)))
    sys.exit()

cases = [("the generator writes the same octets", same_as_generated, ())]
cases += [("listing of " + n, as_listed, (n.removesuffix(".hex"),)) for n in names(".hex")]
cases += [("HT-08 HT-13 form of " + n, by_http, (n.removesuffix(".http"),)) for n in names(".http")]
print("TAP version 13\n1..%d" % len(cases))
bad = 0
for number, (sentence, function, words) in enumerate(cases, 1):
    try:
        function(*words)
        print("ok %d - %s" % (number, sentence))
    except Exception as why:
        bad = 1
        print("not ok %d - %s\n# %s" % (number, sentence, why))
sys.exit(bad)
