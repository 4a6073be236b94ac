"""openssl_cms.py - an OpenSSL client by GET and POST.

The messages come from client (tests/lib/peer.h over the stock CMS calls); the octets travel
here, in the forms that fielded clients use. The openssl command opens answers once more.
Arguments: keymusterd, keymuster, client.
"""
import base64
import re

import daemon
from daemon import by_post, case, enrol, exchange, openssl, run, until

auto = daemon.Daemon()
manual = daemon.Daemon("  grant manual\n")


def ios_form(message):
    """As IOS sends it: lines of 64 characters with %0A, plus as %2B, the rest as it stands."""
    text = base64.b64encode(message).decode()
    lines = [text[i:i + 64] for i in range(0, len(text), 64)]
    return "".join(line + "\n" for line in lines).replace("+", "%2B").replace("\n", "%0A")


def by_ios_get(d, message):
    """HTTP/1.0 without Host, and no header but the user agent."""
    return d.raw(b"GET %s?operation=PKIOperation&message=%s HTTP/1.0\r\nUser-Agent: Mozilla/4.0 (compatible; "
                 b"MSIE 5.0; Cisco PKI)\r\n\r\n" % (daemon.PATH.encode(), ios_form(message).encode()))


def getter(change):
    return lambda d, message: d.get("PKIOperation", change(base64.b64encode(message).decode()))


ways = {
    "POST": by_post,
    "IOS GET": by_ios_get,
    "GET, raw + / =": getter(lambda t: t),
    "GET, all escaped": getter(lambda t: t.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")),
    "GET, lower-case escapes": getter(lambda t: t.replace("+", "%2b").replace("/", "%2f").replace("=", "%3d")),
    "GET, plus become space": getter(lambda t: t.replace("+", "%20")),
    "GET, CR LF lines": getter(lambda t: re.sub("(.{76})", r"\1%0D%0A", t).replace("+", "%2B")),
    "GET, no padding": getter(lambda t: t.rstrip("=").replace("+", "%2B")),
}


@case("HT-01 HT-08 HT-13 BAD-035 enrolment by POST and by each form of GET")
def each_way():
    for n, (what, way) in enumerate(ways.items()):
        key = "way%d" % n
        said, out = enrol(auto, key, "O=Cisco,CN=%s" % key, "DNS:%s.example" % key, way=way)
        daemon.check_certificate(auto, out, auto.key(key), "CN=%s,O=Cisco" % key, "DNS:%s.example" % key)


@case("SHA-256/384/512 with AES-128/192/256 and 3DES: the answer is in kind")
def in_kind():
    for digest in ("SHA256", "SHA384", "SHA512"):
        for cipher in ("AES-128-CBC", "AES-192-CBC", "AES-256-CBC", "DES-EDE3-CBC"):
            key = (digest + cipher).lower()
            said, out = enrol(auto, key, "O=Cisco,CN=" + key, digest=digest, cipher=cipher)
            assert said[2:] == [digest, cipher], "asked by %s %s, answered %s" % (digest, cipher, said)
            daemon.check_certificate(auto, out, auto.key(key), "CN=%s,O=Cisco" % key)


@case("the openssl command verifies and opens an answer")
def stock_command():
    said, out, message, reply = exchange(auto, "stock", "O=Cisco,CN=stock", signer_out=auto.dir + "/temporary.pem")
    reply_file, inner, opened = auto.save("reply.der", reply), auto.dir + "/inner.der", auto.dir + "/opened.der"
    run("openssl", "cms", "-verify", "-in", reply_file, "-inform", "DER", "-CAfile", auto.dir + "/ca.pem",
        "-purpose", "any", "-binary", "-out", inner, "-certfile", auto.dir + "/ca.pem", code=0)
    run("openssl", "cms", "-decrypt", "-in", inner, "-inform", "DER", "-inkey", auto.key("stock"), "-recip",
        auto.dir + "/temporary.pem", "-binary", "-out", opened, code=0)
    text = openssl("pkcs7", "-inform", "DER", "-in", opened, "-print_certs")
    with open(out) as f:
        assert f.read().strip() in text, text


@case("a repeated request gets the same certificate in a fresh answer")
def repeat():
    said, out, message, first = exchange(auto, "repeat", "O=Cisco,CN=repeat")
    before = len(auto.certificates())
    second = auto.post(message)
    assert second.status == 200 and second.body != first
    assert len(auto.certificates()) == before, "a second certificate was issued"


@case("renewal (17) with the same key: another certificate, same names")
def renewal():
    said, old = enrol(auto, "renew", "O=Cisco,CN=renew", name="renew-old")
    said, new = enrol(auto, "renew", "O=Cisco,CN=renew", name="renew-new", type="renew", signer=old)
    assert daemon.serial_of(old) != daemon.serial_of(new)
    daemon.check_certificate(auto, new, auto.key("renew"), "CN=renew,O=Cisco")


@case("GetCert by SCEP brings the certificate that was issued")
def get_cert():
    said, held = enrol(auto, "getcert", "O=Cisco,CN=getcert")
    said, got, _, _ = exchange(auto, "getcert", "O=Cisco,CN=getcert", name="got", type="cert", signer=held,
                               serial=daemon.serial_of(held))
    assert said[0] == "success", said
    assert daemon.cert_field(got, "-fingerprint") == daemon.cert_field(held, "-fingerprint")


@case("GetCRL by SCEP: signed by the CA, the same list as by HTTP, and the revoked one is on it")
def get_crl():
    said, held = enrol(auto, "lists", "O=Cisco,CN=lists")
    said, lost = enrol(auto, "lost", "O=Cisco,CN=lost")
    auto.command("crypto pki server ROOTCA revoke 0x" + daemon.serial_of(lost))
    until(lambda: daemon.serial_of(lost) in openssl("crl", "-in", auto.crl(), "-noout", "-text"), "revoked")
    said, got, _, _ = exchange(auto, "lists", "O=Cisco,CN=lists", name="scep-crl", type="crl", signer=held, about=held)
    assert said[:2] == ["success", "crl"], said
    assert "verify OK" in run("openssl", "crl", "-in", got, "-noout", "-CAfile", auto.ca()).err
    assert daemon.serial_of(lost) in openssl("crl", "-in", got, "-noout", "-text")
    assert openssl("crl", "-in", got, "-outform", "PEM") == openssl("crl", "-in", auto.crl(), "-outform", "PEM")
    said, _, _, _ = exchange(auto, "lost", "O=Cisco,CN=lost", name="x", type="renew", signer=lost)
    assert said[:2] == ["failure", "2"], said


@case("grant manual: pending, polled, granted, and the poll brings the certificate")
def poll():
    said, _, _, _ = exchange(manual, "poll", "O=Cisco,CN=poll")
    assert said[0] == "pending", said
    request = manual.requests()[0]
    said, _, _, _ = exchange(manual, "poll", "O=Cisco,CN=poll", type="poll")
    assert said[0] == "pending", said
    manual.command("crypto pki server ROOTCA grant %d" % request["id"])

    def issued():
        said, out, _, _ = exchange(manual, "poll", "O=Cisco,CN=poll", type="poll", way=by_ios_get)
        return said[0] == "success" and out

    out = until(issued, "the poll brings the certificate")
    daemon.check_certificate(manual, out, manual.key("poll"), "CN=poll,O=Cisco")


@case("a one-time password enrols once; a wrong one leaves the request to a human")
def password():
    word = manual.one_time_password()
    said, out = enrol(manual, "word", "O=Cisco,CN=word", challenge=word)
    daemon.check_certificate(manual, out, manual.key("word"), "CN=word,O=Cisco")
    said, _, _, _ = exchange(manual, "word2", "O=Cisco,CN=word2", challenge=word)
    assert said[0] != "success", "the password worked twice"
    said, _, _, _ = exchange(manual, "word3", "O=Cisco,CN=word3", challenge="wrong-" + word)
    assert said[0] != "success", said


@case("both daemons end in order")
def ends():
    auto.stop()
    manual.stop()


if __name__ == "__main__":
    auto.start()
    manual.start()
    daemon.main((auto, manual))
