"""courier.py - the courier fetches from real HTTP servers, good ones and others.

Messages are made and read here, by another hand than the courier's: a change of their layout
is seen. Arguments: keymusterd, keymuster, client, courier_alone.
"""
import array
import base64
import email.utils
import fcntl
import http.server
import os
import re
import select
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

import daemon
from daemon import case, run, start

COURIER = os.path.abspath(sys.argv[4])
FETCH, GOT, SAY, PUT, STORED = 3, 4, 2, 5, 6
SCEP = "/cgi-bin/pkiclient.exe"
MIB = 1 << 20
LIMIT = 30000
SHORT = 2000
LONG = 600000
SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
AT_ONCE, WAITING = 32, 256
HOUR = 3600


def http_date(when):
    return email.utils.formatdate(when, usegmt=True)


class Server(http.server.BaseHTTPRequestHandler):
    """What it was asked is kept; the last word of the path says how it answers."""

    protocol_version = "HTTP/1.1"
    asked, let_go = [], threading.Event()
    lock, now_in, most_in = threading.Lock(), 0, 0

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        Server.asked.append((self.command, self.path, self.headers, body))
        word = re.sub(r"\?.*", "", self.path).rpartition("/")[2]
        getattr(self, "pkiclient" if word == "pkiclient.exe" else word)()

    do_POST = do_PUT = do_GET

    def answer(self, status, octets, **headers):
        self.send_response_only(status)
        for name, value in dict(headers, Content_Length=str(len(octets))).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(octets)

    def raw(self, octets):
        try:
            self.wfile.write(octets)
        except OSError:
            pass  # the courier had enough
        self.close_connection = True

    def pkiclient(self):
        self.answer(200, b"length", Content_Type="Application/X-X509-CA-Cert; charset=x")

    def chunked(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in (b"one", b"and", b"two"):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def large(self):
        self.answer(200, b"x" * (32 * MIB))

    def hundred(self):
        self.answer(200, b"x" * 100)

    def endless(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"10000\r\n%s\r\n" % (b"x" * 0x10000))
        except OSError:
            self.close_connection = True

    def ten(self):
        self.raw(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end")

    def nine(self):
        self.raw(b"just octets")

    def short(self):
        self.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")

    def short_chunk(self):
        self.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhalf")

    def headers_many(self):
        self.raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20000 + b"Content-Length: 0\r\n\r\n")

    def moved(self):
        self.answer(302, b"elsewhere", Location="http://127.0.0.1:%d/hundred" % port)

    def absent(self):
        self.answer(404, b"x" * 5000)

    def nobody(self):
        self.raw(b"")

    def wait(self):
        """503 with the headers that the test says, in the order Retry-After, Date."""
        words = [h for h in zip(("Retry-After", "Date"), Server.waits) if h[1] is not None]
        self.raw(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n" +
                 b"".join(b"%s: %s\r\n" % (n.encode(), v.encode()) for n, v in words) + b"\r\n")

    def held(self):
        with Server.lock:
            Server.now_in += 1
            Server.most_in = max(Server.most_in, Server.now_in)
        Server.let_go.wait(daemon.DEADLINE)
        with Server.lock:
            Server.now_in -= 1
        self.answer(200, b"at last")

    def log_message(self, *_):
        pass


class Threads(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_):
        pass  # clients that left


def serve(context=None):
    server = Threads(("127.0.0.1", 0), Server)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def tls():
    where = daemon.directory()
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", where + "/key", "-out", where + "/cert",
        "-days", "2", "-subj", "/CN=ca", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", code=0)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(where + "/cert", where + "/key")
    return serve(context), where + "/cert"


port = serve()
tls_port, tls_cert = tls()
closed = daemon.free_port()
# Where nobody answers: a thread of a server would note the question some time, maybe cases later.
mute = socket.create_server(("127.0.0.1", 0))
MUTE = "http://127.0.0.1:%d" % mute.getsockname()[1]
URL = "http://127.0.0.1:%d" % port
PLACES = ["PLAIN", "PATH", "CLOSED", "PROXIED", "LO", "NO_SUCH", "TLS", "NO_URL", "NO_HOST"]
PLAIN, PATH, CLOSED, PROXIED, LO, NO_SUCH, TLS, NO_URL, NO_HOST = range(len(PLACES))
TABLE = [
    (URL, "", ""),
    (URL + "/scep/chunked", "", ""),
    ("http://127.0.0.1:%d" % closed, "", ""),
    ("http://far.example:81", URL, ""),
    (URL, "", "lo"),
    (URL, "", "nosuch0"),
    ("https://localhost:%d" % tls_port, "", ""),
    ("127.0.0.1:%d" % port, "", ""),
    ("http://%s" % ("x" * 64), "", ""),  # the resolver knows that it is none
]


def sized(octets):
    return struct.pack(">I", len(octets)) + octets


class Got:
    def __init__(self, message):
        kind, self.id, self.status, self.retry, n = struct.unpack_from(">BQHII", message)
        assert kind == GOT, message[:40]
        rest, texts = message[15:], []
        while rest:
            n = struct.unpack_from(">I", rest)[0]
            texts.append(rest[4:4 + n])
            rest = rest[4 + n:]
        self.media, self.body, self.reason = texts

    def __str__(self):
        return "id %d status %d retry %d media %r body %r (%d) reason %r" % (
            self.id, self.status, self.retry, self.media, self.body[:40], len(self.body), self.reason)


class Courier:
    """courier_alone, its channel and its log; with depots it is a porter too."""

    def __init__(self, table=TABLE, depots=None, **env):
        self.dir, self.last = daemon.directory(), 0
        tables = [self.dir + "/places"] + ([self.dir + "/depots"] if depots else [])
        for path, rows in zip(tables, (table, depots)):
            with open(path, "wb") as f:
                f.write(b"".join(sized(t.encode()) for row in rows for t in row))
        self.core, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        theirs.setblocking(False)
        with open(self.dir + "/log", "wb") as log:
            self.process = start([COURIER, str(theirs.fileno()), *tables], stderr=log,
                                 pass_fds=[theirs.fileno()], env=dict(os.environ, **env))
        theirs.close()
        ready = self.hear()
        assert ready == struct.pack(">BQBBB", SAY, 0, 3, 0, 0) + 3 * sized(b""), ready

    def log(self):
        with open(self.dir + "/log", errors="replace") as f:
            return f.read()

    def send(self, message):
        if len(message) <= 65536:
            self.core.send(b"i" + message)
            return
        fd = os.memfd_create("message", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        with open(fd, "wb", closefd=False) as f:
            f.write(message)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, SEALS)
        self.core.sendmsg([b"m"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))])
        os.close(fd)

    def hear(self):
        """One message; None when the courier has gone."""
        assert select.select([self.core], [], [], daemon.DEADLINE)[0], "no word\n" + self.log()
        data, fds, _, _ = socket.recv_fds(self.core, 65537, 4)
        if not data:
            return None
        if data[:1] == b"i":
            return data[1:]
        size = os.fstat(fds[0]).st_size
        message = os.pread(fds[0], size, 0)
        os.close(fds[0])
        return message

    def ask(self, tail="", place=PLAIN, url="", post=None, media="", most=MIB, limit=LIMIT):
        self.last += 1
        self.send(struct.pack(">BQIBII", FETCH, self.last, place, post is not None, most, limit) + sized(tail.encode()) +
                  sized(url.encode()) + sized(media.encode()) + sized(post or b""))
        return self.last

    def fetch(self, *words, **more):
        number, got = self.ask(*words, **more), Got(self.hear())
        assert got.id == number, got
        return got

    def carry(self, leaf, octets, depot=1, limit=LIMIT):
        """Why the copy was not stored; empty: it was."""
        self.last += 1
        self.send(struct.pack(">BQII", PUT, self.last, depot, limit) + sized(leaf.encode()) + sized(octets))
        message = self.hear()
        if message is None:
            return None
        kind, number, stored = struct.unpack_from(">BQB", message)
        why = message[14:].decode()
        assert (kind, number) == (STORED, self.last) and stored == (why == ""), message
        return why

    def word(self, word, **more):
        """Of the plain server, under any path."""
        return self.fetch(url="%s/%s" % (URL, word), **more)

    def end(self):
        self.core.close()
        code = self.process.wait(daemon.DEADLINE)
        assert code == 0 and not re.search(r"Sanitizer|runtime error", self.log()), "%d\n%s" % (code, self.log())


c = Courier(http_proxy="http://127.0.0.1:%d" % closed, no_proxy="far.example,127.0.0.1")


def fails(got, why):
    assert got.status == 0 and re.search(why, got.reason.decode()), got
    assert not got.body and not got.media and not got.retry, got


def nothing_asked(f):
    before = len(Server.asked)
    f()
    assert len(Server.asked) == before, Server.asked[-1]


@case("GET at the place's address with the tail behind it (HT-04), no header but those that are needed")
def get():
    tail = "?operation=GetCACert&message=a%2Bb%0A"
    got = c.fetch(tail)
    assert (got.status, got.body, got.media, got.retry, got.reason) == \
        (200, b"length", b"application/x-x509-ca-cert", 0, b""), got
    command, path, headers, _ = Server.asked[-1]
    assert command == "GET" and path == SCEP + tail, path
    assert sorted(headers.keys()) == ["Accept", "Host"] and headers["Host"] == "127.0.0.1:%d" % port, headers.items()


@case("POST with its media type, without Expect and Accept-Encoding; without a type there is no such header")
def post():
    for octets in (bytes(range(256)), b"x" * 200000, b""):
        got = c.fetch("?operation=PKIOperation", post=octets, media="application/x-pki-message")
        assert got.status == 200, got
        command, path, headers, body = Server.asked[-1]
        assert (command, path, body) == ("POST", SCEP + "?operation=PKIOperation", octets), path
        assert sorted(headers.keys()) == ["Accept", "Content-Length", "Content-Type", "Host"], headers.items()
        assert headers["Content-Type"] == "application/x-pki-message"
    assert c.fetch(post=b"x").status == 200 and "Content-Type" not in Server.asked[-1][2]


@case("answers in chunks, by length, and to the end of the connection of HTTP/1.0")
def shapes():
    got = c.fetch("?operation=GetCACaps", PATH)
    assert (got.status, got.body, got.media) == (200, b"oneandtwo", b""), got
    assert Server.asked[-1][1] == "/scep/chunked?operation=GetCACaps"
    got = c.word("ten")
    assert (got.status, got.body, got.media) == (200, b"until the end", b"text/plain"), got


@case("32 MiB are answered, and no octet more than was asked for")
def bounds():
    got = c.word("large", most=32 * MIB)
    assert got.status == 200 and got.body == b"x" * (32 * MIB), got
    assert c.word("hundred", most=100).body == b"x" * 100
    fails(c.word("hundred", most=99), "too long: more than 99 octets$")
    fails(c.word("hundred", most=0), "too long")
    fails(c.word("large", most=32 * MIB - 1), "too long")
    fails(c.word("endless"), "too long")


@case("half an answer, none, octets without a head and endless heads are nobody's answer")
def broken():
    for word in ("short", "short_chunk", "nobody", "nine"):
        fails(c.word(word), ".")
    fails(c.word("headers_many"), "too many headers")
    assert c.fetch().status == 200  # it goes on


@case("a redirect is an answer: nobody goes there")
def redirect():
    got = c.word("moved")
    assert got.status == 302 and got.body == b"" and Server.asked[-1][1] == "/moved", got


@case("what an error says beyond its head is left out, however long")
def error():
    got = c.word("absent", most=10)
    assert (got.status, got.body) == (404, b""), got


@case("Retry-After in seconds; as a date counted from the answer's own Date, else from ours")
def retry():
    now = int(time.time())
    old = now - 40 * HOUR
    rfc850 = time.strftime("%A, %d-%b-%y %H:%M:%S GMT", time.gmtime(old + 60))
    asctime = time.strftime("%a %b %e %H:%M:%S %Y", time.gmtime(old + 60))
    rows = [
        ("120", None, 120), ("0", None, 0), ("99999999999", None, 2**31 - 1), (None, None, 0),
        (http_date(old + 90), http_date(old), 90), (rfc850, http_date(old), 60), (asctime, http_date(old), 60),
        (http_date(old), http_date(old + 1), 0), ("soon", None, 0), ("-7", http_date(now), 0),
        (http_date(old), None, 0),
    ]
    for after, date, want in rows:
        Server.waits = after, date
        got = c.word("wait")
        assert (got.status, got.retry) == (503, want), "%s, %s: %s" % (after, date, got)
    Server.waits = http_date(now + HOUR), "nonsense"
    got = c.word("wait")
    assert HOUR - 60 <= got.retry <= HOUR, got


@case("who does not answer in time, or not at all, is told apart in words only")
def silent():
    began = time.monotonic()
    fails(c.fetch(url=MUTE + "/", limit=SHORT), "(?i)timeout|timed out")
    assert time.monotonic() - began >= SHORT / 1000 - 0.01
    fails(c.fetch(place=CLOSED), "(?i)connect")
    fails(c.fetch(place=NO_HOST), "(?i)resolve")


class Six(Threads):
    """On the other address of localhost."""
    address_family = socket.AF_INET6


def silent_at(number):
    """A port of ::1 where nobody says a word: who waits in its full queue keeps all others out."""
    s = socket.create_server(("::1", number), family=socket.AF_INET6, backlog=0)
    waits = [socket.socket(socket.AF_INET6) for _ in range(4)]
    for w in waits:
        w.setblocking(False)
        w.connect_ex(("::1", number))
    daemon.until(lambda: select.select([], waits, [], 0)[1], "the queue is full")
    return [s] + waits


@case("BAD-169 a name with several addresses: the first one refuses, or says nothing, or the server is at the other; one try does")
def addresses():
    try:
        six = Six(("::1", 0), Server)
    except OSError as why:
        raise daemon.Skip("no IPv6 on this machine: %s" % why)
    here = "http://localhost:%d/hundred" % port
    assert c.fetch(url=here).status == 200, "nobody is at ::1"
    threading.Thread(target=six.serve_forever, daemon=True).start()
    assert c.fetch(url="http://localhost:%d/hundred" % six.server_address[1]).status == 200, "nobody is at 127.0.0.1"
    held = silent_at(port)
    assert c.fetch(url=here, limit=20000).status == 200, "nobody answers at ::1"
    for s in held:
        s.close()
    six.shutdown()
    fails(c.fetch(url="http://localhost:%d/" % closed), "(?i)connect")


@case("the place's proxy is used and no other, whatever the environment says")
def proxy():
    got = c.fetch("?operation=GetCACaps", PROXIED)
    assert got.status == 200 and Server.asked[-1][1] == "http://far.example:81" + SCEP + "?operation=GetCACaps", got
    got = c.fetch(place=PROXIED, url="http://lists.example/hundred")
    assert got.body == b"x" * 100 and Server.asked[-1][1] == "http://lists.example/hundred", got


@case("the place's interface is the only one")
def interface():
    assert c.fetch(place=LO).status == 200
    nothing_asked(lambda: fails(c.fetch(place=NO_SUCH), "(?i)interface|bind|connect"))


@case("core cannot name another host, path or scheme by what it adds, nor a list in a file")
def hostile():
    def try_all():
        for tail in ("@127.0.0.1/", ".example/", "/hundred", "?a b", "?a\r\nX: y", "#", "?\u00e4"):
            fails(c.fetch(tail), "no query")
        for url in ("file:///etc/hostname", "ftp://127.0.0.1/", "http://a:b@127.0.0.1:%d/" % port, "http:///x"):
            fails(c.fetch(url=url), "neither http")
        fails(c.fetch(place=NO_URL), "its address")
    nothing_asked(try_all)


@case("TLS: verified by the CA certificates that it was given, else there is no answer")
def tls_case():
    fails(c.fetch(place=TLS), "(?i)certificate|ssl")
    trusting = Courier(SSL_CERT_FILE=tls_cert)
    got = trusting.fetch("?operation=GetCACaps", TLS)
    assert got.status == 200 and got.body == b"length", got
    fails(trusting.fetch(url="https://127.0.0.2:%d/" % tls_port), ".")  # another name
    trusting.end()


@case("32 run, 256 wait, the next is refused at once; all others are answered once")
def crowd():
    Server.let_go.clear()
    Server.most_in = 0
    numbers = [c.ask(url=URL + "/held", limit=LONG) for _ in range(AT_ONCE + WAITING)]
    fails(c.fetch(), "too many at once")
    daemon.until(lambda: Server.most_in >= AT_ONCE, "as many as may run")
    Server.let_go.set()
    answers = [Got(c.hear()) for _ in numbers]
    assert sorted(a.id for a in answers) == numbers and {a.status for a in answers} == {200}
    assert Server.most_in == AT_ONCE, Server.most_in


@case("who waits too long for his turn is told so when it is over, not when there is room")
def overdue():
    Server.let_go.clear()
    numbers = [c.ask(url=URL + "/held", limit=LONG) for _ in range(AT_ONCE)]
    fails(c.fetch(limit=200), "waited too long")
    Server.let_go.set()
    assert sorted(Got(c.hear()).id for _ in numbers) == numbers


@case("core names a place that there is not, or says nonsense: the courier ends, in order")
def ends():
    for message in (None, b"nonsense", b""):
        other = Courier()
        if message is None:
            other.ask(place=len(PLACES))
        else:
            other.send(message)
        assert other.hear() is None
        other.end()
    c.end()


@case("a copy is put whole by HTTP, with the depot's name and password; another status, a redirect and silence are no copy")
def copies():
    porter = Courier((), [("", "", ""), (URL + "/d", "joe", "a:word"), (URL + "/e/", "", ""), (MUTE, "", "")])
    octets = os.urandom(20 * MIB)
    for depot, path, headers in ((1, "/d/hundred", ["Authorization"]), (2, "/e/hundred", [])):
        why = porter.carry("hundred", octets, depot)
        assert why == "", why
        command, asked, sent, body = Server.asked[-1]
        assert (command, asked) == ("PUT", path) and body == octets, asked
        assert sorted(sent.keys()) == ["Accept"] + headers + ["Content-Length", "Host"], sent.items()
    assert Server.asked[-2][2]["Authorization"] == "Basic " + base64.b64encode(b"joe:a:word").decode()
    assert porter.carry("absent", b"x") == "its answer has status 404"
    assert porter.carry("moved", b"x") == "its answer has status 302" and Server.asked[-1][1] == "/d/moved"
    began = time.monotonic()
    assert "timed out" in porter.carry("held", b"x", 3, SHORT)
    assert SHORT / 1000 - 0.01 <= time.monotonic() - began < LIMIT / 1000
    assert porter.carry("hundred", b"x") == ""
    porter.end()


@case("a depot or a name that there is not ends it, with or without depots")
def no_copies():
    for depots, leaf, depot in (([(URL, "", "")], "../x", 0), ([(URL, "", "")], "x", 1), (None, "x", 0)):
        other = Courier((), depots)
        before = len(Server.asked)
        assert other.carry(leaf, b"x", depot) is None and len(Server.asked) == before
        other.end()


@case("the courier of the small agent has nothing of jansson, and loads libcurl itself")
def small():
    linked = subprocess.run(["ldd", COURIER], capture_output=True, text=True, check=True).stdout
    names = subprocess.run(["nm", COURIER], capture_output=True, text=True, check=True).stdout
    assert not re.search("jansson|curl", linked), linked
    assert "courier_main" in names and not re.search(r"\bjson_|courier_json", names), names


if __name__ == "__main__":
    daemon.main()
