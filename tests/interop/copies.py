"""copies.py - copies of archives and the revocation list at an FTP server (vsftpd) and by HTTP PUT (nginx).

The clock is stepped, so that a switch is looked at to the second, and hours pass while a server is away. What the
tests call slow takes connections and never says a word; the liar says that it stored everything, and tries to lead
elsewhere. Arguments: keymusterd, keymuster, client. BAD-138, BAD-139.
"""
import os
import re
import shutil
import socket
import threading
import time

import daemon
from daemon import aes_256, case, fingerprint, listens, openssl, run, until, write
from ports import free_port
from stepclock import StepClock

DAY, HOUR = 86400, 3600
FTP_WORD, WEB_WORD, P12_WORD = "quiet-Otter-41", "plain-Heron-42", "Rev0c$t1"
top = daemon.directory()
ftp_port, web_port, tls_port = free_port(), free_port(), free_port()
depot, web = top + "/ftp/DB/ROOTCA", top + "/web/crl"
clock = StepClock(top + "/clock", time.time() // 60 * 60)

LINES = """\
  grant auto
  lifetime ca-certificate 4
  lifetime certificate 1
  auto-rollover 2
  database archive pkcs12 password 0 %s
  database url ftp://127.0.0.1:%d/DB/ROOTCA
  database username ftp password 0 %s
  database url crl publish http://127.0.0.1:%d/crl/ username web password 0 %s
""" % (P12_WORD, ftp_port, FTP_WORD, web_port, WEB_WORD)


def read(path):
    with open(path, "rb") as f:
        return f.read()


class Vsftpd:
    """Without rights of its own; the password of "ftp" is asked for."""

    def __init__(self, name, port, *lines):
        self.name, self.port, self.process = name, port, None
        self.lines = "\n".join(("anon_upload_enable=YES", "anon_other_write_enable=YES") + lines)

    def start(self, writes="YES"):
        conf = write("%s/%s.conf" % (top, self.name), """\
listen=YES
listen_address=127.0.0.1
listen_port=%d
background=NO
run_as_launching_user=YES
seccomp_sandbox=NO
anonymous_enable=YES
anon_root=%s/ftp
allow_writeable_chroot=YES
secure_chroot_dir=%s/empty
secure_email_list_enable=YES
email_password_file=%s
xferlog_enable=NO
write_enable=%s
%s
""" % (self.port, top, top, write(top + "/words", FTP_WORD + "\n", 0o600), writes, self.lines), 0o600)
        self.process = daemon.start(["vsftpd", conf])
        until(lambda: listens(self.port), "vsftpd listens")

    def stop(self):
        daemon.end(self.process)


class Silent:
    """Takes connections and never says a word."""

    def __enter__(self):
        self.socket = socket.create_server(("127.0.0.1", ftp_port), backlog=64)
        self.socket.settimeout(daemon.DEADLINE)
        self.taken = []
        return self

    def asked(self):
        self.taken.append(self.socket.accept()[0])

    def __exit__(self, *_):
        for s in self.taken + [self.socket]:
            s.close()


class Liar:
    """Says yes to everything, keeps nothing, names other directories and another machine."""

    SAYS = {"USER": "331 name", "PASS": "230 in", "PWD": '257 "/../../etc/cron.d/evil" is here', "CWD": "250 ../../..",
            "EPSV": "500 no", "TYPE": "200 so", "RNFR": "350 go on", "RNTO": "250 done ../../root/.ssh", "QUIT": "500 stay"}

    def __enter__(self):
        self.heard, self.open = [], True
        self.socket = socket.create_server(("127.0.0.1", ftp_port), backlog=64)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.open = False
        socket.create_connection(("127.0.0.1", ftp_port)).close()
        self.thread.join()
        self.socket.close()

    def serve(self):
        while True:
            s = self.socket.accept()[0]
            if not self.open:
                return s.close()
            threading.Thread(target=self.talk, args=(s,), daemon=True).start()

    def talk(self, s):
        files, heard = s.makefile("rw", newline="\r\n"), []
        data = None

        def say(text):
            files.write(text + "\r\n")
            files.flush()

        try:
            say("220-a banner\r\n220 of a liar")
            for line in files:
                word, _, rest = line.strip().partition(" ")
                heard.append((word, rest))
                if word == "PASV":
                    data = socket.create_server(("127.0.0.1", 0))
                    data.settimeout(daemon.DEADLINE)
                    port = data.getsockname()[1]
                    say("227 (192,0,2,9,%d,%d)" % (port >> 8, port & 255))
                elif word == "STOR":
                    say("150 go")
                    with data.accept()[0] as d:
                        while d.recv(65536):
                            pass
                    say("226 stored in /etc/passwd")
                else:
                    say(self.SAYS.get(word, "200 why not"))
                    if word == "QUIT":
                        break
            self.heard.append(heard)
        except OSError:
            pass  # its daemon ended
        s.close()


def nginx():
    passwords = write(top + "/web-words", "web:" + openssl("passwd", "-apr1", WEB_WORD))
    conf = write(top + "/nginx.conf", """\
daemon off; pid %(top)s/nginx.pid; error_log stderr; %(user)s
events {}
http {
  access_log off; client_body_temp_path %(top)s/body; proxy_temp_path %(top)s/p; fastcgi_temp_path %(top)s/f;
  uwsgi_temp_path %(top)s/u; scgi_temp_path %(top)s/s;
  server {
    listen 127.0.0.1:%(port)d; root %(top)s/web;
    location / { dav_methods PUT; auth_basic crl; auth_basic_user_file %(passwords)s; }
  }
}
""" % {"top": top, "user": "user root;" if os.geteuid() == 0 else "", "port": web_port, "passwords": passwords})
    daemon.start(["nginx", "-c", conf])
    until(lambda: listens(web_port), "nginx listens")


ftp = Vsftpd("plain", ftp_port)
d = daemon.Daemon(LINES, daemon.ROOT.replace("  lifetime certificate 365\n  lifetime ca-certificate 730\n", ""),
                  {"KEYMUSTER_CLOCK": "step=" + clock.path})
held = {}


def copies():
    return d.show("crypto pki server ROOTCA")["servers"][0]["copies"]


def copy(leaf, scheme="ftp"):
    """Nothing: it is not listed yet."""
    found = [c for c in copies() if c["file"] == leaf and c["url"].startswith(scheme + ":")]
    assert len(found) <= 1, found
    return found[0] if found else {}


def stand(n=3):
    """As many copies as that, and all stand."""
    until(lambda: [c["state"] for c in copies()] == ["current"] * n, "%d copies stand" % n)


def behind(words, leaf="ROOTCA.crl"):
    """The copy by FTP, once it is behind for this reason."""
    return until(lambda: re.search(words, copy(leaf).get("why", "")) and copy(leaf), "behind: " + words)


def lines(words):
    return re.findall(words + ".*", d.log())


def archived(leaf):
    return d.state + "/servers/ROOTCA/archive/" + leaf


def list_is_copied(*paths):
    """The very list that is served lies there; openssl reads it and it verifies."""
    served = d.fetch("/crl/ROOTCA.crl").body
    for path in paths:
        until(lambda p=path: os.path.exists(p) and read(p) == served, "the list is at " + path)
        ran = run("openssl", "crl", "-in", path, "-inform", "DER", "-CAfile", d.ca(), "-verify", "-noout", code=0)
        assert "verify OK" in ran.err, ran


def revoke(name):
    _, cert = daemon.enrol(d, name, "O=Cisco,CN=" + name)
    before = d.fetch("/crl/ROOTCA.crl").body
    d.command("crypto pki server ROOTCA revoke 0x" + daemon.serial_of(cert), "superseded")
    until(lambda: d.fetch("/crl/ROOTCA.crl").body != before, "a new list")


def pass_time(seconds):
    clock.run_until(clock.now() + seconds)


@case("the archive and the list are at the FTP server, the list by HTTP too; openssl opens them, nothing half lies about")
def copied():
    stand()
    assert read(depot + "/ROOTCA.p12") == read(archived("ROOTCA.p12"))
    assert aes_256(depot + "/ROOTCA.p12", P12_WORD)
    list_is_copied(depot + "/ROOTCA.crl", web + "/ROOTCA.crl")
    assert sorted(os.listdir(depot)) == ["ROOTCA.crl", "ROOTCA.p12"], os.listdir(depot)
    revoke("first")
    list_is_copied(depot + "/ROOTCA.crl", web + "/ROOTCA.crl")
    assert not lines("copies"), d.log()
    text = d.command("show crypto pki server")
    assert "Copy ROOTCA.p12: current\n      at ftp://127.0.0.1:%d/DB/ROOTCA\n" % ftp_port in text, text


@case("BAD-138: a server that is away: show says since when and why, the log one line, the other server has the list")
def away():
    ftp.stop()
    held["away"] = clock.now()
    revoke("second")
    one = behind("connect")
    assert one["state"] == "degraded" and copy("ROOTCA.p12")["state"] == "current", copies()
    list_is_copied(web + "/ROOTCA.crl")
    assert read(depot + "/ROOTCA.crl") != read(web + "/ROOTCA.crl")
    text = d.command("show crypto pki server")
    assert re.search(r"Copy ROOTCA\.crl: degraded since .* UTC .*\n      at ftp://.*\n      .*connect", text), text
    since = one["since"]
    for _ in range(8):
        pass_time(HOUR)
    assert behind("connect")["since"] == since, (copies(), since)
    (line,) = lines("copies fall behind")
    assert "file='ROOTCA.crl'" in line and "connect" in line and not lines("copies stand again"), d.log()


@case("a restart knows what is still to be copied, and says so once more")
def restart():
    d.stop()
    d.start()
    behind("connect")
    behind("connect", "ROOTCA.p12")
    assert len(lines("copies fall behind")) == 2, lines("copies fall behind")


@case("the server is back: the copies stand again, and the log has one line")
def back():
    ftp.start()
    pass_time(HOUR)
    stand()
    list_is_copied(depot + "/ROOTCA.crl", web + "/ROOTCA.crl")
    assert len(lines("copies stand again")) == 1, d.log()


@case("BAD-138: a server that lets nobody write (550) or knows no such password (530) is said so; what lies there stays")
def refused():
    before, web_before = read(depot + "/ROOTCA.crl"), read(web + "/ROOTCA.crl")
    ftp.stop()
    ftp.start(writes="NO")
    revoke("third")
    behind("550")
    list_is_copied(web + "/ROOTCA.crl")  # by another connection
    assert read(depot + "/ROOTCA.crl") == before and read(web + "/ROOTCA.crl") != web_before
    ftp.stop()
    ftp.start()
    write(top + "/words", "another\n", 0o600)
    pass_time(HOUR)
    behind("denied.*530")
    ftp.stop()


@case("BAD-138: while the server never answers the next CA is made, archived and announced, and takes over at T exactly")
def slow():
    old = held["old"] = d.save("old.pem", read(d.ca()))
    ends = daemon.dates(old)[1]
    with Silent() as silent:
        pass_time(HOUR)
        silent.asked()
        clock.run_until(ends - 2 * DAY - 1)
        assert d.get("GetNextCACert").status == 404 and not os.path.exists(archived("ROOTCA_00001.p12"))
        clock.run_until(ends - 2 * DAY)
        assert d.get("GetNextCACert").status == 200 and os.path.exists(archived("ROOTCA_00001.p12"))
        assert copy("ROOTCA_00001.p12")["state"] == "being made", copies()
        clock.run_until(ends - 1)
        assert fingerprint(d.ca()) == fingerprint(old)
        clock.run_until(ends)
        assert fingerprint(d.ca()) != fingerprint(old)
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ends))
        assert len(lines("CA certificate replaced ca='ROOTCA' at='%s'" % at)) == 1, d.log()
        list_is_copied(web + "/ROOTCA.crl")
        assert not os.path.exists(depot + "/ROOTCA_00001.p12")


@case("then a restart in between, and both archives and the new CA's list are there")
def after():
    d.stop()
    ftp.start()
    d.start()
    stand(4)
    for leaf, ca in (("ROOTCA.p12", held["old"]), ("ROOTCA_00001.p12", d.ca())):
        path = depot + "/" + leaf
        assert read(path) == read(archived(leaf)) and aes_256(path, P12_WORD), leaf
        out = openssl("pkcs12", "-in", path, "-passin", "pass:" + P12_WORD, "-nodes")
        assert fingerprint(d.save("archived.pem", out.encode())) == fingerprint(ca), leaf
    list_is_copied(depot + "/ROOTCA.crl", web + "/ROOTCA.crl")
    assert sorted(os.listdir(depot)) == ["ROOTCA.crl", "ROOTCA.p12", "ROOTCA_00001.p12"], os.listdir(depot)


@case("BAD-138, BAD-139: a liar hears our names only, and leads nowhere; the next start copies what it threw away")
def lies():
    ftp.stop()
    shutil.rmtree(depot)
    os.mkdir(depot)
    with Liar() as liar:
        d.stop()
        d.start()
        stand(4)
        names = ["ROOTCA.crl", "ROOTCA.p12", "ROOTCA_00001.p12"]
        until(lambda: {h[-2][1] for h in list(liar.heard)} == set(names), "three files")
    for h in liar.heard:
        name = h[-2][1]
        assert h == [("USER", "ftp"), ("PASS", FTP_WORD), ("PWD", ""), ("CWD", "DB"), ("CWD", "ROOTCA"), ("EPSV", ""),
                     ("PASV", ""), ("TYPE", "I"), ("STOR", name + ".part"), ("RNFR", name + ".part"), ("RNTO", name),
                     ("QUIT", "")], h
    ftp.start()
    d.stop()
    d.start()
    until(lambda: sorted(os.listdir(depot)) == names, "three copies")


@case("a porter that dies in the middle: the next one is given the same")
def dies():
    ftp.stop()
    with Silent() as silent:
        revoke("fourth")
        silent.asked()
        porter = daemon.child(d, "porter")
        os.kill(porter, 9)
        silent.asked()
        until(lambda: daemon.child(d, "porter") not in (None, porter), "another porter")
    behind(".")
    ftp.start()
    pass_time(HOUR)
    list_is_copied(depot + "/ROOTCA.crl")


@case("a cancelled CA's key goes nowhere: not when the server is back, and not behind a restart")
def cancelled():
    leaf = "ROOTCA_00002.p12"
    ftp.stop()
    d.command("crypto pki server ROOTCA rollover")
    behind("connect", leaf)
    text = d.command("crypto pki server ROOTCA rollover cancel")
    assert "Its archive %s still holds the key" % leaf in text, text
    assert copy(leaf) == {}, copies()
    ftp.start()
    for _ in range(2):
        revoke("behind-%d" % len(d.certificates()))
        pass_time(HOUR)
        list_is_copied(depot + "/ROOTCA.crl")
        assert os.path.exists(archived(leaf)) and copy(leaf) == {} and not os.path.exists(depot + "/" + leaf), copies()
        d.command("crypto pki server ROOTCA rollover")  # one behind it, which a start looks for
        stand(5)
        d.stop()
        d.start()
        stand(5)
        assert copy(leaf) == {} and not os.path.exists(depot + "/" + leaf), copies()
        d.command("crypto pki server ROOTCA rollover cancel")


@case("ftps: TLS for commands and files; a certificate that nobody vouches for gets nothing")
def tls():
    key, cert = top + "/tls.key", top + "/tls.pem"
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "3", "-subj",
        "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", code=0)
    secure = Vsftpd("tls", tls_port, "ssl_enable=YES", "implicit_ssl=YES", "allow_anon_ssl=YES", "force_anon_logins_ssl=YES",
                    "force_anon_data_ssl=YES", "require_ssl_reuse=YES", "rsa_cert_file=" + cert, "rsa_private_key_file=" + key)
    secure.start()
    d.stop()
    os.unlink(depot + "/ROOTCA.crl")
    d.write(d.text() + "  database url crl ftps://127.0.0.1:%d/DB/ROOTCA/\n" % tls_port)
    d.start()
    until(lambda: "certificate" in copy("ROOTCA.crl", "ftps").get("why", ""), "its certificate is not believed")
    until(lambda: [c["state"] for c in copies()].count("current") == 3, "all others stand")
    assert not os.path.exists(depot + "/ROOTCA.crl")
    d.stop()
    d.env["SSL_CERT_FILE"] = cert
    d.start()
    stand(4)
    list_is_copied(depot + "/ROOTCA.crl")
    secure.stop()


@case("the passwords are in no log and no file, and shown sealed")
def secret():
    shown = d.command("show running-config")
    assert re.search("database username ftp password 6 [0-9A-F]+\n", shown), shown
    assert re.search("database url crl publish http://\\S+ username web password 6 [0-9A-F]+\n", shown), shown
    for word in (FTP_WORD, WEB_WORD):
        d.keeps_secret(word)
        assert word not in shown and word not in d.command("show crypto pki server")


@case("the daemon ends in order")
def ends():
    d.stop()


if __name__ == "__main__":
    for path in (depot, web, top + "/empty"):
        os.makedirs(path)
    ftp.start()
    nginx()
    d.start()
    daemon.main()
