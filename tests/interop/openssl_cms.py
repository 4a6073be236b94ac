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


def poster(target=daemon.PATH + "?operation=PKIOperation", **headers):
    """By POST with these headers; underscores stand for hyphens."""
    return lambda d, message: d.fetch(target, "POST", message,
                                      [(n.replace("_", "-"), v) for n, v in headers.items()])


def chunks(message):
    """In chunks of 1, 2, 4 ... octets, with extensions and a trailer."""
    body, at, n = b"", 0, 1
    while at < len(message):
        piece = message[at:at + n]
        body, at, n = body + b"%x;n=v\r\n%s\r\n" % (len(piece), piece), at + n, 2 * n
    return body + b"0\r\nTrailer: x\r\n\r\n"


def in_chunks(head, body):
    return head + b"Transfer-Encoding: chunked\r\n", chunks(body)


def by_length(head, body):
    return head + b"Content-Length: %d\r\n" % len(body), body


def framed(frame, expect):
    """The body framed so; when expecting, sent only once 100 has come."""
    def way(d, message):
        head, body = frame(b"POST %s?operation=PKIOperation HTTP/1.1\r\nHost: x\r\n" % daemon.PATH.encode(), message)
        with d.connect() as s:
            if expect:
                s.sendall(head + b"Expect: 100-continue\r\n\r\n")
                assert daemon.receive(s).startswith(b"HTTP/1.1 100"), "no 100"
                s.sendall(body)
            else:
                s.sendall(head + b"\r\n" + body)
            return daemon.Answer(daemon.receive(s))
    return way


def by_old_post(d, message):
    """HTTP/1.0 without Host."""
    return d.raw(b"POST %s?operation=PKIOperation HTTP/1.0\r\nContent-Length: %d\r\n\r\n%s" % (
        daemon.PATH.encode(), len(message), message))


ways = {
    "POST": by_post,
    "POST without operation": poster(daemon.PATH),
    "POST with another parameter only": poster(daemon.PATH + "?x=y"),
    "POST, operation in lower case": poster(daemon.PATH + "?operation=pkioperation"),
    "POST as application/x-pki-message": poster(Content_Type="application/x-pki-message"),
    "POST as a form, as curl sends it": poster(Content_Type="application/x-www-form-urlencoded"),
    "POST of an empty media type": poster(Content_Type=""),
    "POST in chunks": framed(in_chunks, False),
    "POST with Expect: 100-continue": framed(by_length, True),
    "POST in chunks with Expect: 100-continue": framed(in_chunks, True),
    "POST in HTTP/1.0": by_old_post,
    "POST to /": poster("/?operation=PKIOperation"),
    "POST to /scep": poster("/scep?operation=PKIOperation"),
    "POST to /scep/NAME, without operation": poster("/scep/ROOTCA"),
    "POST to /NAME/cgi-bin/pkiclient.exe": poster("/ROOTCA/cgi-bin/pkiclient.exe?operation=PKIOperation"),
    "POST to what IOS makes of /scep/NAME": poster("/scep/ROOTCA/pkiclient.exe?operation=PKIOperation"),
    "POST as to NDES": poster("/certsrv/mscep/mscep.dll?operation=PKIOperation"),
    "POST to the path in certmonger's manual": poster("/cgi-bin/PKICLIENT.EXE?operation=PKIOperation"),
    "IOS GET": by_ios_get,
    "GET, raw + / =": getter(lambda t: t),
    "GET, all escaped": getter(lambda t: t.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")),
    "GET, lower-case escapes": getter(lambda t: t.replace("+", "%2b").replace("/", "%2f").replace("=", "%3d")),
    "GET, plus become space": getter(lambda t: t.replace("+", "%20")),
    "GET, CR LF lines": getter(lambda t: re.sub("(.{76})", r"\1%0D%0A", t).replace("+", "%2B")),
    "GET, no padding": getter(lambda t: t.rstrip("=").replace("+", "%2B")),
}


@case("HT-01 HT-03 HT-08 HT-09 HT-10 HT-13 BAD-035 a certificate by each form of POST and GET")
def each_way():
    for n, (what, way) in enumerate(ways.items()):
        key = "way%d" % n
        try:
            said, out = enrol(auto, key, "O=Cisco,CN=%s" % key, "DNS:%s.example" % key, way=way)
            daemon.check_certificate(auto, out, auto.key(key), "CN=%s,O=Cisco" % key, "DNS:%s.example" % key)
        except Exception as why:
            raise AssertionError(what) from why


def opened(reply, key, signer):
    """What the openssl command finds in a reply, once it has verified and decrypted it: certificates as text."""
    message, inner, plain = auto.save("reply.der", reply), auto.dir + "/inner.der", auto.dir + "/plain.der"
    run("openssl", "cms", "-verify", "-in", message, "-inform", "DER", "-CAfile", auto.dir + "/ca.pem", "-purpose",
        "any", "-binary", "-out", inner, code=0)
    run("openssl", "cms", "-decrypt", "-in", inner, "-inform", "DER", "-inkey", auto.key(key), "-recip", signer,
        "-binary", "-out", plain, code=0)
    return openssl("pkcs7", "-inform", "DER", "-in", plain, "-print_certs")


# digest, cipher, padding of what is asked for
kinds = [(digest, cipher, "") for digest in ("SHA256", "SHA384", "SHA512")
         for cipher in ("AES-128-CBC", "AES-192-CBC", "AES-256-CBC", "DES-EDE3-CBC")]
kinds += [("SHA256", "AES-128-CBC", "oaep"), ("SHA256", "AES-128-CBC", "pss"), ("SHA384", "AES-192-CBC", "oaep,pss"),
          ("SHA512", "AES-256-CBC", "oaep,pss"), ("SHA512", "DES-EDE3-CBC", "oaep")]


@case("RP-05 RP-08 AL-01 AL-02 AL-04 AES and 3DES, SHA-2, OAEP, PSS: in kind, and the openssl command opens the answer")
def in_kind():
    signer = auto.dir + "/temporary.pem"
    for n, (digest, cipher, padding) in enumerate(kinds):
        key = "kind%d" % n
        said, out, _, reply = exchange(auto, key, "O=Cisco,CN=" + key, digest=digest, cipher=cipher, padding=padding,
                                       signer_out=signer)
        expected = [digest, cipher] + (["oaep"] if "oaep" in padding else [])
        assert said[0] == "success" and said[2:] == expected, (digest, cipher, padding, said)
        with open(out) as f:
            assert f.read().strip() in opened(reply, key, signer), key
        daemon.check_certificate(auto, out, auto.key(key), "CN=%s,O=Cisco" % key)


@case("CA-01 CA-10 CP-08 CR-07 the CA certificate stands alone, and may sign certificates, lists, messages, and decipher")
def ca_certificate():
    body, pem = auto.get("GetCACert").body, auto.ca()
    assert body[:2] == b"\x30\x82" and len(body) == 4 + int.from_bytes(body[2:4], "big"), "more than one certificate"
    text = daemon.cert_field(pem, "-ext", "basicConstraints,keyUsage,subjectKeyIdentifier")
    for words in ("Basic Constraints: critical", "CA:TRUE", "Key Usage: critical",
                  "Digital Signature, Key Encipherment, Certificate Sign, CRL Sign", "Subject Key Identifier"):
        assert words in text, text


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
    daemon.main()
