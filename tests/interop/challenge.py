"""challenge.py - a real hook decides on challenges, by profiles with and without the chain.

The hook is an HTTP server of Python: it answers as the path says, or not at all. Clients are
ours (client) and strongSwan's pki. Arguments: keymusterd, keymuster, client.
"""
import http.server
import json
import os
import re
import signal
import ssl
import subprocess
import threading
import time

import daemon
from daemon import case, cert_field, child, exchange, openssl, run, start, until

SECRET = "hook-secret-71c2"
LIMIT = 4.9  # seconds that every question has at least
CHALLENGE = "device-challenge-93ab"
SERVER_CHALLENGE = "server-challenge-55de"


class Hook(http.server.BaseHTTPRequestHandler):
    """What it was asked is kept; the last word of the path says how it answers."""

    protocol_version = "HTTP/1.1"
    asked, slow_at, let_go, arrived = [], [], threading.Event(), threading.Event()
    allowed = {"allow": True}
    reason = "no such device"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Hook.asked.append((self.path, dict(self.headers), json.loads(body)))
        getattr(self, self.path.rpartition("/")[2])()

    def answer(self, status, octets, **headers):
        self.send_response(status)
        for name, value in dict(headers, Content_Length=str(len(octets))).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(octets)

    def say(self, what):
        self.answer(200, json.dumps(what).encode())

    def allow(self):
        self.say(Hook.allowed)

    def deny(self):
        self.say({"allow": False, "reason": Hook.reason})

    def echo(self):
        asked = Hook.asked[-1][2]
        self.say({"allow": True, "subject": asked["subject"], "san": asked["san"][::-1], "more": [1, {}]})

    def failing(self):
        self.answer(500, b'{"allow":true}')

    def garbage(self):
        self.answer(200, b'{"allow":"yes"}')

    def moved(self):
        self.answer(302, b'{"allow":true}', Location="http://127.0.0.1:%d/allow" % port)

    def long(self):
        self.answer(200, b'{"allow":true}' + b" " * 70000)

    def slow(self):
        Hook.slow_at.append(time.monotonic())
        Hook.arrived.set()
        Hook.let_go.wait(daemon.DEADLINE)
        self.say({"allow": True})

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_):
        pass  # clients that left


def serve(context=None):
    server = Server(("127.0.0.1", 0), Hook)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def tls(where):
    key, cert = where + "/hook.key", where + "/hook.pem"
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2",
        "-subj", "/CN=hook", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", code=0)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return serve(context), cert


port = serve()
tls_port, tls_cert = tls(daemon.directory())
closed = daemon.free_port()

URL = "http://127.0.0.1:%d/" % port
LINES = """\
  challenge url %sallow
  challenge password 0 %s
  profile mdm chain
  profile deny challenge url %sdeny
  profile echo challenge url %secho
  profile echo challenge password 0 another-secret
  profile echo chain
  profile slow challenge url %sslow
  profile failing challenge url %sfailing
  profile garbage challenge url %sgarbage
  profile bad challenge url http://127.0.0.1:%d/allow
""" % (URL, SECRET, URL, URL, URL, URL, URL, closed)
# A label of 64 octets is no name: the resolver says so without a question to anybody.
SECOND = """\
crypto pki server SECOND
  issuer-name CN=Second
  profile moved challenge url %smoved
  profile long challenge url %slong
  profile tls challenge url https://localhost:%d/allow
  profile nohost challenge url http://%s/allow
""" % (URL, URL, tls_port, "x" * 64)

d = daemon.Daemon(LINES + SECOND)
trusting = daemon.Daemon("  challenge url https://localhost:%d/allow\n" % tls_port, env={"SSL_CERT_FILE": tls_cert})


def by(profile):
    return lambda d, message: d.post(message, "/scep/" + profile)


def asked(path):
    """The newest question at this path: headers and JSON."""
    return [(h, q) for p, h, q in Hook.asked if p == path][-1]


def request(profile, name, key=None):
    """The octets of a request with a challenge, for whoever serves this path."""
    d.save("ca.der", d.fetch("/scep/%s?operation=GetCACert" % profile).body)
    process = start([daemon.CLIENT, d.dir + "/ca.der", d.key(key or name), "O=Cisco,CN=" + name,
                     "challenge=" + CHALLENGE], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL)
    message = bytes.fromhex(process.stdout.readline())
    process.communicate()
    return message


def refused_for_now(profile, name, server="ROOTCA", message=None):
    """503 with Retry-After, nothing stored. message: the request, if there is one already."""
    answer = d.post(message or request(profile, name), "/scep/" + profile)
    assert answer.status == 503 and int(answer.headers["retry-after"]) == 10, answer
    stored = d.show("crypto pki server %s requests" % server)
    assert name not in json.dumps(stored), stored


def certificates_in(reply, key, signer):
    """Subjects of the certificates of a CertRep, in order, as openssl sees them."""
    inner, opened = d.dir + "/inner.der", d.dir + "/opened.der"
    run("openssl", "cms", "-verify", "-in", d.save("reply.der", reply), "-inform", "DER", "-CAfile", d.dir + "/ca.pem",
        "-purpose", "any", "-binary", "-out", inner, "-certfile", d.dir + "/ca.pem", code=0)
    run("openssl", "cms", "-decrypt", "-in", inner, "-inform", "DER", "-inkey", key, "-recip", signer, "-binary",
        "-out", opened, code=0)
    text = openssl("pkcs7", "-inform", "DER", "-in", opened, "-print_certs", "-noout")
    return re.findall(r"subject=(.*)", text)


@case("a hook that allows: granted at once, by the server's path and by a profile of it")
def allowed():
    said, out, message, _ = exchange(d, "first", "O=Cisco,CN=first", challenge=SERVER_CHALLENGE,
                                     san="DNS:first.example,IP:10.0.0.1,IP:2001:db8::1")
    assert said[0] == "success", said
    headers, q = asked("/allow")
    assert headers["Authorization"] == "Bearer " + SECRET and headers["Content-Type"] == "application/json", headers
    assert q["version"] == 1 and q["ca"] == "ROOTCA" and q["profile"] == "" and q["source"] == "127.0.0.1", q
    assert q["challenge"] == SERVER_CHALLENGE and q["subject"] == "CN=first,O=Cisco", q
    assert q["san"] == ["DNS:first.example", "IP:10.0.0.1", "IP:2001:db8::1"], q
    assert re.fullmatch("[0-9a-f]{64}", q["request"]) and re.fullmatch("([0-9a-f]{2})+", q["transaction"]), q
    daemon.check_certificate(d, out, d.key("first"), "CN=first,O=Cisco",
                             "DNS:first.example, IP Address:10.0.0.1, IP Address:2001:DB8:0:0:0:0:0:1")
    before = len(Hook.asked)
    assert d.post(message).status == 200 and len(Hook.asked) == before, "asked again"
    said, _, _, _ = exchange(d, "second", "O=Cisco,CN=second", way=by("mdm"), challenge=CHALLENGE)
    assert said[0] == "success", said
    assert asked("/allow")[1]["profile"] == "mdm"


@case("chain: the issued certificate first, then the CA's; off, the issued one alone")
def chain():
    for profile, want in (("mdm", ["chained", "RootCA"]), ("slow", ["alone"])):
        Hook.let_go.set()
        name = want[0]
        said, _, _, reply = exchange(d, name, "O=Cisco,CN=" + name, way=by(profile), challenge=CHALLENGE,
                                     signer_out=d.dir + "/signer.pem")
        assert said[0] == "success", said
        got = [re.search(r"CN ?= ?([^,]*)", s)[1] for s in certificates_in(reply, d.key(name), d.dir + "/signer.pem")]
        assert got == want, got
    Hook.let_go.clear()
    Hook.arrived.clear()


@case("GetCACert and GetCACaps by a profile's path are the server's; an unknown name is 404")
def public():
    for path in ("/scep/mdm", "/scep/ROOTCA", "/mdm/cgi-bin/pkiclient.exe"):
        assert d.get("GetCACert", path=path).body == d.get("GetCACert").body, path
        assert b"AES" in d.get("GetCACaps", path=path).body, path
    second = d.get("GetCACert", path="/scep/moved").body
    assert second == d.get("GetCACert", path="/scep/SECOND").body != d.get("GetCACert").body
    assert d.get("GetCACert", path="/scep/nobody").status == 404


@case("a hook that refuses: the request waits for a human, with the hook's reason in the log")
def denied():
    said, _, message, _ = exchange(d, "guess", "O=Cisco,CN=guess", way=by("deny"), challenge=CHALLENGE)
    assert said[0] == "pending", said
    waiting = [r for r in d.requests() if "guess" in json.dumps(r)]
    assert len(waiting) == 1, d.requests()
    assert "Authorization" not in asked("/deny")[0], "the server's password went to another hook"
    before = len(Hook.asked)
    assert d.post(message, "/scep/deny").status == 200 and len(Hook.asked) == before, "asked again"
    assert re.search("challenge not accepted .* why='no such device'", d.log()), d.log()
    Hook.reason = "never heard of " + CHALLENGE
    said, _, _, _ = exchange(d, "guess2", "O=Cisco,CN=guess2", way=by("deny"), challenge=CHALLENGE)
    assert said[0] == "pending" and re.search("challenge not accepted .* why=''", d.log()), d.log()
    d.command("crypto pki server ROOTCA grant %d" % waiting[0]["id"])


@case("subject and names that the hook gives bind: its own echo passes, another's does not")
def bound():
    said, _, _, _ = exchange(d, "echo", "O=Cisco,OU=x\\,y,CN=echo", way=by("echo"), challenge=CHALLENGE,
                             san="DNS:a.example,DNS:b.example,email:x@example.org,URI:http://e.example/")
    assert said[0] == "success", said
    assert asked("/echo")[0]["Authorization"] == "Bearer another-secret"
    for n, names in enumerate(({"subject": "CN=other,O=Cisco"}, {"san": ["DNS:other.example"]},
                               {"subject": "CN=bound2,O=Cisco", "san": []})):
        Hook.allowed = dict({"allow": True}, **names)
        said, _, _, _ = exchange(d, "bound%d" % n, "O=Cisco,CN=bound%d" % n, challenge=CHALLENGE)
        assert said[0] == ("success" if n == 2 else "pending"), (names, said)
    Hook.allowed = {"allow": True}


def deaths():
    return re.findall(r"child .*role='courier'.*", d.log())


@case("no answer is no refusal: 500, garbage, a redirect, a long answer, nobody there, an unknown host")
def not_now():
    for profile in ("failing", "garbage", "bad"):
        refused_for_now(profile, "trouble-" + profile)
    for profile in ("moved", "long", "nohost"):
        refused_for_now(profile, "trouble-" + profile, "SECOND")
    assert not any(q["profile"] == "moved" for p, _, q in Hook.asked if p == "/allow"), "the redirect was followed"
    why = re.findall(r"challenge hook does not answer ca='\w+' why='(.*)'", d.log())
    want = ("status 500", "not {", "connect", "status 302", "too long", "resolve host")
    assert len(why) == len(want) and all(w in y for w, y in zip(want, why)), why
    assert not deaths(), deaths()


@case("TLS: a self-signed certificate is refused, one that is trusted is not")
def certificates():
    refused_for_now("tls", "trouble-tls", "SECOND")
    said, _, _, _ = exchange(trusting, "trusted", "O=Cisco,CN=trusted", challenge=CHALLENGE)
    assert said[0] == "success", said
    assert asked("/allow")[1]["profile"] == "" and "Authorization" not in asked("/allow")[0]


@case("a slow hook: 503 after five seconds, and other requests are served meanwhile")
def slow():
    message, ended, served = request("slow", "slow1"), [], []
    d.key("meanwhile")  # made before anybody waits

    def ask():
        refused_for_now("slow", "slow1", message=message)
        ended.append(time.monotonic())

    def post(to, octets):
        answer = to.post(octets)
        served.append(time.monotonic())
        return answer

    begun = time.monotonic()
    waiting = threading.Thread(target=ask)
    waiting.start()
    assert Hook.arrived.wait(daemon.DEADLINE)
    said, _, _, _ = exchange(d, "meanwhile", "O=Cisco,CN=meanwhile", post, challenge=CHALLENGE)
    assert said[0] == "success", said
    waiting.join()
    assert ended and served[0] < ended[0], "the other one was served when the first had been told no"
    assert LIMIT < ended[0] - begun < 20, ended[0] - begun
    Hook.arrived.clear()


@case("32 questions at once, 64 wait, and who comes then is told so at once")
def crowd():
    messages = [request("slow", "crowd%d" % n, "crowd") for n in range(100)]
    for _ in range(4):  # a slow machine may have them all there when the first have no more time: they were no crowd
        asked, told = post_at_once(messages)
        if (asked, told) == (32, 4):
            return
    raise AssertionError("%d asked and %d told at once" % (asked, told))


def post_at_once(messages):
    """How many of them the hook hears of, and how many are told no, before any has waited for its limit."""
    said, begun, answers = len(d.log()), time.monotonic(), []
    Hook.slow_at.clear()

    def post(message):
        answer = d.post(message, "/scep/slow")
        answers.append((time.monotonic() - begun, answer.status))

    threads = [threading.Thread(target=post, args=(m,)) for m in messages]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    Hook.arrived.clear()
    asked, told = (sum(t < LIMIT for t in times) for times in ([t - begun for t in Hook.slow_at], [t for t, _ in answers]))
    print("# %d asked, %d told no, the last after %.1f s" % (asked, told, max(answers)[0]))
    assert len(answers) == len(messages) and {status for _, status in answers} == {503}, answers
    if (asked, told) == (32, 4):
        assert d.log()[said:].count("why='too many at once'") == 4, d.log()[said:]
        # with a limit that begins with the turn the last third would have waited for three of five seconds
        assert max(answers)[0] < 14, "who waited for a turn had more time than others"
    return asked, told


@case("a courier that dies ends nobody else: who waited comes again, and the next one serves")
def dies():
    before, said, answers = len(re.findall("starting a new set", d.log())), len(d.log()), []

    def ask():
        refused_for_now("slow", "slow2")
        answers.append(True)

    waiting = threading.Thread(target=ask)
    waiting.start()
    # this very question, not one that is late from the case before
    until(lambda: any("CN=slow2" in q["subject"] for _, _, q in list(Hook.asked)), "the hook is asked")
    old = child(d, "courier")
    assert not deaths(), deaths()
    os.kill(old, signal.SIGKILL)
    waiting.join()
    assert answers, "the client was not told to come again"
    why = re.findall("why='(.*)'", "\n".join(re.findall("challenge hook does not answer.*", d.log()[said:])))
    assert why == ["no word of the courier"], "the client waited for the time limit: %s" % why
    new = until(lambda: child(d, "courier") not in (None, old) and child(d, "courier"), "another courier")
    assert new != old
    said, _, _, _ = exchange(d, "after", "O=Cisco,CN=after", challenge=CHALLENGE)
    assert said[0] == "success", said
    assert len(re.findall("starting a new set", d.log())) == before, d.log()
    assert len(deaths()) == 1, deaths()
    Hook.let_go.set()


@case("strongSwan's pki enrols by a profile's path, its challenge decided by the hook")
def strongswan():
    ca, out = d.dir + "/pki-ca.pem", d.dir + "/pki.pem"
    url = d.url("/scep/mdm")
    run("pki", "--scepca", "--url", url, "--caout", ca, "--outform", "pem", "--force", code=0)
    ran = run("pki", "--scep", "--url", url, "--in", d.key("pki"), "--dn", "O=Cisco, CN=pki", "--san", "pki.example",
              "--password", CHALLENGE, "--cacert-enc", ca, "--cacert-sig", ca, "--outform", "pem")
    assert "BEGIN CERTIFICATE" in ran.out, ran
    with open(out, "w") as f:
        f.write(ran.out)
    assert cert_field(out, "-subject").replace(" ", "").endswith("O=Cisco,CN=pki"), cert_field(out, "-subject")
    assert asked("/allow")[1]["san"] == ["DNS:pki.example"] and asked("/allow")[1]["profile"] == "mdm"


@case("neither challenges nor the hook's passwords are in a log, a file or what is shown")
def secret():
    for word in (CHALLENGE, SERVER_CHALLENGE, SECRET, "another-secret"):
        d.keeps_secret(word)
        assert word not in d.command("show running-config")
    assert "challenge password 6 " in d.command("show running-config")
    assert "profile echo challenge password 6 " in d.command("show running-config")


@case("both daemons end in order")
def ends():
    d.stop()
    trusting.stop()


if __name__ == "__main__":
    d.start()
    trusting.start()
    daemon.main()
