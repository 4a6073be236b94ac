"""http_hostile.py - bad HTTP at the running daemon.

A selection of the unit tests' rows over real sockets, and what every answer must carry.
Arguments: keymusterd, keymuster, client.
"""
import re
import select
import socket
import time

import daemon
from daemon import case

d = daemon.Daemon()
OP = daemon.PATH + "?operation="
GET = "GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n"
CLOSED = None  # no answer at all
silent = []    # connections that say nothing more, opened at the start


def get(target, headers=""):
    return (GET % (target, headers)).encode("latin-1")


def post(target, headers="", body=b""):
    return ("POST %s HTTP/1.1\r\nHost: x\r\n%s\r\n" % (target, headers)).encode() + body


def posted(body):
    return post(OP + "PKIOperation", "Content-Length: %d\r\n" % len(body), body)


def message(value):
    return get(OP + "PKIOperation&message=" + value)


# sentence, octets, statuses that the row allows
rows = [
    ("BAD-003 request line of 1 MiB", b"GET /" + b"a" * 1048576 + b" HTTP/1.1\r\nHost: x\r\n\r\n", {414}),
    ("BAD-004 10,000 header fields", get("/", "A: b\r\n" * 10000), {431}),
    ("BAD-004 one header field of 1 MiB", get("/", "A: " + "b" * 1048576 + "\r\n"), {431}),
    ("BAD-005 NUL in a header", get("/", "A: b\0c\r\n"), {400}),
    ("BAD-005 bare CR in a header", get("/", "A: b\rc\r\n"), {400}),
    ("BAD-005 folded header", get("/", "A: b\r\n c\r\n"), {400}),
    ("BAD-006 PUT", get(OP + "GetCACert").replace(b"GET", b"PUT", 1), {405}),
    ("BAD-006 DELETE", get(OP + "GetCACert").replace(b"GET", b"DELETE", 1), {405}),
    ("BAD-006 TRACE", get(OP + "GetCACert").replace(b"GET", b"TRACE", 1), {405, 501}),
    ("BAD-006 lower-case get", get(OP + "GetCACert").replace(b"GET", b"get", 1), {405, 501}),
    ("BAD-007 HTTP/0.9", b"GET /\r\n\r\n", {400, 505}),
    ("BAD-007 the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 505, 501, 405}),
    ("BAD-007 HTTP/1.9 counts as 1.1", get(OP + "GetCACaps").replace(b"1.1", b"1.9", 1), {200}),
    ("BAD-008 two lengths that differ", post(OP + "PKIOperation", "Content-Length: 1\r\nContent-Length: 2\r\n", b"ab"),
     {400}),
    ("BAD-008 length +5", post(OP + "PKIOperation", "Content-Length: +5\r\n", b"abcde"), {400}),
    ("BAD-008 length -1", post(OP + "PKIOperation", "Content-Length: -1\r\n"), {400}),
    ("BAD-008 length 0x10", post(OP + "PKIOperation", "Content-Length: 0x10\r\n", b"a" * 16), {400}),
    ("BAD-008 length 2^64", post(OP + "PKIOperation", "Content-Length: 18446744073709551616\r\n"), {400, 413}),
    ("BAD-009 length and chunks", post(OP + "PKIOperation", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
                                       b"0\r\n\r\n"), {400}),
    ("BAD-009 Transfer-Encoding: gzip", post(OP + "PKIOperation", "Transfer-Encoding: gzip\r\n"), {400, 501}),
    ("BAD-010 chunk size that overflows", post(OP + "PKIOperation", "Transfer-Encoding: chunked\r\n",
                                               b"fffffffffffffffff\r\na\r\n"), {400, 413}),
    ("BAD-010 chunk size -1", post(OP + "PKIOperation", "Transfer-Encoding: chunked\r\n", b"-1\r\na\r\n"), {400}),
    ("BAD-010 chunk without its CR LF", post(OP + "PKIOperation", "Transfer-Encoding: chunked\r\n", b"1\r\nab\r\n"),
     {400}),
    ("BAD-011 body larger than the limit, before it is sent", post(OP + "PKIOperation", "Content-Length: 300000\r\n"),
     {413}),
    ("BAD-013 empty POST", posted(b""), {400}),
    ("BAD-014 POST without a length", post(OP + "PKIOperation"), {411}),
    ("BAD-016 unknown expectation", post(OP + "PKIOperation", "Expect: tea\r\nContent-Length: 1\r\n", b"a"), {417}),
    ("BAD-017 no Host on HTTP/1.1", b"GET / HTTP/1.1\r\n\r\n", {400}),
    ("BAD-017 two Hosts", get("/", "Host: y\r\n"), {400}),
    ("BAD-017 HT-13 no Host on HTTP/1.0", ("GET %sGetCACaps HTTP/1.0\r\n\r\n" % OP).encode(), {200}),
    ("BAD-018 absolute form", get("http://x" + OP + "GetCACaps"), {200}),
    ("BAD-018 path that climbs", get("/../../etc/passwd"), {400, 404}),
    ("BAD-018 escaped climbing", get("/%2e%2e/%2e%2e/etc/passwd"), {400, 404}),
    ("BAD-018 %00 in the path", get("/pkiclient.exe%00?operation=GetCACaps"), {400, 404}),
    ("BAD-019 climbing below /crl", get("/crl/../store.db"), {400, 404}),
    ("BAD-019 escaped climbing below /crl", get("/crl/..%2f..%2fstore.db"), {400, 404}),
    ("BAD-019 an unknown list", get("/crl/OTHER.crl"), {404}),
    ("BAD-020 no operation", get(daemon.PATH), {400}),
    ("BAD-021 operation twice", get(OP + "GetCACert&operation=GetCACaps"), {400}),
    ("BAD-022 unknown operation", get(OP + "GetTea"), {400}),
    ("BAD-023 operation of 60 KiB", get(OP + "G" * 60000), {400}),
    ("BAD-024 GetCACert by POST", post(OP + "GetCACert", "Content-Length: 1\r\n", b"a"), {200, 405}),
    ("BAD-025 CA identifier of 60 KiB", get(OP + "GetCACert&message=" + "m" * 60000), {200}),
    ("BAD-025 CA identifier with HTML and format directives",
     get(OP + "GetCACert&message=%3Cscript%3E%25n%25s%0D%0AX:%20y"), {200, 400}),
    ("BAD-027 GetNextCACert while there is none", get(OP + "GetNextCACert"), {404}),
    ("BAD-031 a TLS ClientHello", bytes.fromhex("16030100050100000100") + b"\r\n\r\n", {400, CLOSED}),
    ("BAD-032 PKIOperation by GET without message", get(OP + "PKIOperation"), {400}),
    ("BAD-033 escape %G1", message("%G1AA"), {400}),
    ("BAD-033 escape that ends early", message("AA%2"), {400}),
    ("BAD-034 escaped twice", message("AA%252BA"), {400}),
    ("BAD-036 padding in the middle", message("AA=AAAAA"), {400}),
    ("BAD-036 three =", message("A==="), {400}),
    ("BAD-037 base64url", message("AA-_"), {400}),
    ("BAD-038 UTF-8", message("%C3%A9%C3%A9"), {400}),
    ("BAD-038 NUL", message("AA%00A"), {400}),
    ("BAD-039 no octets", message(""), {400}),
    ("BAD-039 base64 of hello", message("aGVsbG8="), {400}),
    ("BAD-040 escaped DER", message("%30%82%01%00%06%09"), {400}),
    ("BAD-041 message twice", get(OP + "PKIOperation&message=aGVsbG8=&message=aGVsbG8="), {400}),
    ("BAD-042 base64 as the body", posted(b"MIIBAAYJKoZIhvcNAQcC"), {400}),
    ("BAD-042 PEM as the body", posted(b"-----BEGIN PKCS7-----\nMIIBAAYJ\n-----END PKCS7-----\n"), {400}),
    ("BAD-045 DER of an impossible length", posted(bytes.fromhex("3084ffffffff06092a864886f70d010702")), {400}),
    ("BAD-055 data instead of signed data", posted(bytes.fromhex("300d06092a864886f70d010701a000")), {400}),
]


def carries_length(answer):
    """HT-17: a length on every answer, and no-store on what is not for caches."""
    assert re.fullmatch(r"\d+", answer.headers.get("content-length", "")), answer
    assert int(answer.headers["content-length"]) == len(answer.body), answer


def row_case(sentence, octets, allowed):
    def try_row():
        answer = d.raw(octets)
        status = answer.status if answer else CLOSED
        assert status in allowed, "answered %s, the row allows %s" % (answer, allowed)
        if not answer:
            return
        carries_length(answer)
        assert b"script" not in answer.raw and "x" not in answer.headers, answer
        if status == 405:
            assert answer.headers["allow"], answer
        if status >= 400:
            assert answer.headers["content-type"] == "text/plain", answer
            assert len(answer.body) < 300, answer
    case(sentence)(try_row)


@case("BAD-001 connections opened that say nothing, or one octet")
def say_nothing():
    for octets in (b"", b"G"):
        s = d.connect()
        s.sendall(octets)
        silent.append((s, time.monotonic()))


for row in rows:
    row_case(*row)


@case("QR-06 HT-14 media types exactly, HT-17 length on each, HEAD without body")
def media_types():
    types = {
        OP + "GetCACaps": "text/plain",
        OP + "GetCACert": "application/x-x509-ca-cert",
        "/crl/ROOTCA.crl": "application/pkix-crl",
        OP + "GetCRL": "application/pkix-crl",
    }
    for target, media in types.items():
        answer = d.fetch(target)
        assert answer.status == 200 and answer.headers["content-type"] == media, (target, str(answer))
        carries_length(answer)
        head = d.fetch(target, "HEAD")
        assert head.status == 200 and head.body == b"", (target, str(head))
        for name in ("content-length", "content-type", "etag"):
            assert head.headers.get(name) == answer.headers.get(name), (name, str(head), str(answer))


@case("CC-01 CC-02 CC-03 CC-04 CC-05 CC-06 CC-07 CC-13 CC-14 GetCACaps says what is on, one word a line, and nothing else")
def caps():
    words = d.get("GetCACaps").body.decode().split("\n")
    assert words == ["AES", "DES3", "GetNextCACert", "POSTPKIOperation", "Renewal", "SCEPStandard", "SHA-256", "SHA-384",
                     "SHA-512", ""], words


@case("HT-03 HT-11 HT-12 each path, operation in any case, parameters in any order; no CA by another name")
def paths():
    body = d.get("GetCACert").body
    for target in ("/cgi-bin/pkiclient.exe?operation=GetCACert", "/scep?operation=GetCACert",
                   "/scep/ROOTCA?operation=GetCACert", "/ROOTCA/cgi-bin/pkiclient.exe?operation=GetCACert",
                   "/certsrv/mscep/mscep.dll?operation=GetCACert&message=0", "/?operation=GetCACert",
                   "/cgi-bin/PKICLIENT.EXE?operation=GetCACert&message=0", "/pkiclient.exe?operation=GetCACert",
                   "/scep/?operation=GetCACert", "/scep/ROOTCA/pkiclient.exe?operation=GetCACert",
                   "/x/pkiclient.exe?message=Root-CA&operation=getcacert&more=1"):
        answer = d.fetch(target)
        assert answer.status == 200 and answer.body == body, (target, str(answer))
    for target in ("/scep/OTHER?operation=GetCACert", "/OTHER/cgi-bin/pkiclient.exe?operation=GetCACert",
                   "/scep/rootca?operation=GetCACert", "/scep/ROOTCA/x?operation=GetCACert"):
        assert d.fetch(target).status == 404, target


@case("BAD-027 BAD-028 GetNextCACert, a hundred times: Retry-After and no-store")
def next_ca():
    for _ in range(99):
        assert d.get("GetNextCACert").status == 404
    answer = d.get("GetNextCACert")
    assert answer.status == 404 and int(answer.headers["retry-after"]) > 0, answer
    assert answer.headers["cache-control"] == "no-store", answer


@case("CR-09 the CRL: ETag, Expires, and 304 for who has it")
def conditional():
    first = d.fetch("/crl/ROOTCA.crl")
    tag = first.headers["etag"]
    assert re.fullmatch(r"\"[^\"]+\"", tag) and first.headers["expires"].endswith(" GMT"), first
    for value in (tag, '"other", ' + tag, "W/" + tag, "*"):
        again = d.fetch("/crl/ROOTCA.crl", headers=[("If-None-Match", value)])
        assert again.status == 304 and again.body == b"" and again.headers["etag"] == tag, (value, str(again))
    assert d.fetch("/crl/ROOTCA.crl", headers=[("If-None-Match", '"other"')]).status == 200


@case("BAD-015 two requests at once, the second malformed: the first is answered fully, then 400 and the end")
def pipelined():
    with d.connect() as s:
        s.sendall(get(OP + "GetCACaps") + b"NONSENSE\r\n\r\n")
        data = b""
        while piece := s.recv(65536):
            data += piece
    first = data.find(b"HTTP/1.1 200"), data.find(b"HTTP/1.1 400")
    assert first[0] == 0 and first[1] > 0, data


@case("HT-13 keep-alive: ten requests over one connection")
def keep_alive():
    with d.connect() as s:
        for _ in range(10):
            s.sendall(get(OP + "GetCACaps"))
            assert daemon.Answer(daemon.receive(s)).status == 200


@case("BAD-016 Expect: 100-continue gets 100 before the body")
def expect():
    with d.connect() as s:
        s.sendall(post(OP + "PKIOperation", "Expect: 100-continue\r\nContent-Length: 5\r\n"))
        assert daemon.receive(s).startswith(b"HTTP/1.1 100"), "no 100"
        s.sendall(b"hello")
        assert daemon.Answer(daemon.receive(s)).status == 400


@case("HT-13 a chunked body arrives whole")
def chunked():
    answer = d.raw(post(OP + "PKIOperation", "Transfer-Encoding: chunked\r\n", b"2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n"))
    assert answer.status == 400, answer
    assert d.raw(posted(b"hello")).body == answer.body


@case("BAD-030 clients that leave before the answer do no harm")
def leave_early():
    for _ in range(50):
        s = d.connect()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        s.sendall(get(OP + "GetCACert") * 20)
        s.close()
    assert d.get("GetCACert").status == 200


@case("BAD-001 the silent connections are closed at the header deadline")
def silent_closed():
    for s, since in silent:
        left = since + 40 - time.monotonic()
        ready, _, _ = select.select([s], [], [], max(left, 0.1))
        assert ready, "still open after 40 s: 10 are for a header, 60 for who is idle"
        data = s.recv(1000)
        assert data == b"" or data.startswith(b"HTTP/1.1 408"), data
        s.close()


@case("nothing of all this was stored, no process died, the log did not flood")
def unharmed():
    assert not d.certificates() and not d.requests()
    log = d.log()
    assert "child" not in log and " error: " not in log, log
    assert len(log.splitlines()) < 100, "%d lines" % len(log.splitlines())


@case("the daemon ends in order")
def ends():
    d.stop()


if __name__ == "__main__":
    d.start()
    daemon.main()
