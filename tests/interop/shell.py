"""shell.py - what keymuster asks the person at a terminal, and what it sends.

A daemon is played by this file: it answers each line as a table says and writes down what it
was sent. Arguments: keymusterd, keymuster, client.
"""
import hashlib
import os
import select
import socket
import subprocess
import threading
import time

import daemon
from daemon import KEYMUSTER, case, run

PRINT = "CC748544A0AB7832935D8CD0214A152E"
AUTHENTICATE = "crypto pki authenticate Root-CA"
ACCEPT = AUTHENTICATE + " fingerprint " + PRINT
REMOVE = "no crypto pki trustpoint Root-CA"
TAKE = "crypto pki import Root-CA certificate"
ANSWERS = {
    AUTHENTICATE: (3, "Certificate has the following attributes:\n       Fingerprint MD5: CC748544 A0AB7832 935D8CD0 214A152E\n"
                      "  Type: %s\n" % ACCEPT),
    ACCEPT: (0, "Trustpoint CA certificate accepted.\n"),
    REMOVE: (3, "% Removing an enrolled trustpoint destroys its certificates; a copy is kept.\n  Type: " + REMOVE + " force\n"),
    REMOVE + " force": (0, "Removed.\n"),
    "crypto pki enroll Root-CA": (3, "% The request waits at the CA.\n"),
    "crypto pki authenticate Other": (3, "Fingerprints\n  Type: crypto pki server ROOTCA revoke 1\n"),
    TAKE: (3, "Enter the base 64 encoded certificate.\n  Paste: %s\n" % TAKE),
    TAKE + "\x02300130": (0, "% Router Certificate successfully imported\n"),
    "crypto pki export Root-CA pkcs12 x.p12 password fig tree": (0, "Written.\n"),
    "crypto pki import Root-CA pkcs12 x.p12 password fig tree": (0, "Read.\n"),
}


class Played:
    """A daemon that knows only the table."""

    def __init__(self):
        self.run = daemon.directory()
        self.lines = []
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(self.run + "/control")
        self.socket.listen(8)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                s, _ = self.socket.accept()
            except OSError:
                return
            line = s.makefile().readline().rstrip("\n")
            self.lines.append(line)
            code, text = ANSWERS.get(line, (2, "not in the table\n"))
            s.sendall(b"%d %d\n%s" % (code, len(text), text.encode()))
            s.close()


class Terminal:
    """keymuster at a terminal of its own."""

    def __init__(self, played, *words):
        self.master, slave = os.openpty()
        self.said = ""
        env = dict(os.environ, TERM="dumb")
        if not words:  # libedit 3.1-20221030 copies the names given to EL_ADDFN and never frees them (2026-11-25)
            env["ASAN_OPTIONS"] = "detect_leaks=0"
        self.process = subprocess.Popen([KEYMUSTER, "-r", played.run, *words], stdin=slave, stdout=slave, stderr=slave,
                                        env=env, start_new_session=True)
        daemon.started.append(self.process)
        os.close(slave)

    def sees(self, text):
        """Reads on until the text was printed, and forgets what was before."""
        end = time.monotonic() + daemon.DEADLINE
        while text not in self.said:
            left = max(0, end - time.monotonic())
            assert select.select([self.master], [], [], left)[0], "%r is not in %r" % (text, self.said)
            try:
                self.said = (self.said + os.read(self.master, 4096).decode()).replace("\r\n", "\n")
            except OSError:
                assert text in self.said, "%r is not in %r" % (text, self.said)
        before, self.said = self.said.split(text, 1)
        return before

    def types(self, text):
        os.write(self.master, text.encode() + b"\n")

    def ends(self, code):
        status = self.process.wait(daemon.DEADLINE)
        assert status == code, "exit %d instead of %d" % (status, code)
        os.close(self.master)


@case("at a terminal the fingerprints are shown, and yes sends the command that accepts them")
def accepted():
    played = Played()
    t = Terminal(played, *AUTHENTICATE.split())
    before = t.sees("% Do you accept this certificate? [yes/no]: ")
    assert "Fingerprint MD5: CC748544" in before and "Type:" not in before, before
    t.types("perhaps")
    t.sees("% Please answer 'yes' or 'no'.\n")
    t.types("yes")
    t.sees("Trustpoint CA certificate accepted.\n")
    t.ends(0)
    assert played.lines == [AUTHENTICATE, ACCEPT], played.lines


@case("what an answer wants pasted is read up to a blank line, and sent in hex; quit sends nothing")
def pasted():
    for typed, code, sent in (("-----BEGIN CERTIFICATE-----\nMAEw\n-----END CERTIFICATE-----\n", 0, [TAKE, TAKE + "\x02300130"]),
                              ("MAEw\n", 0, [TAKE, TAKE + "\x02300130"]), ("quit", 1, [TAKE])):
        played = Played()
        t = Terminal(played, *TAKE.split())
        before = t.sees("Enter the base 64 encoded certificate.\n")
        assert "Paste:" not in before, before
        t.types(typed)
        t.sees("successfully imported\n" if code == 0 else "% Nothing was done: no certificate was pasted.\n")
        t.ends(code)
        assert played.lines == sent, played.lines


@case("no sends nothing, and is exit 1")
def refused():
    played = Played()
    t = Terminal(played, *AUTHENTICATE.split())
    t.sees("[yes/no]: ")
    t.types("no")
    t.sees("% Nothing was done.\n")
    t.ends(1)
    assert played.lines == [AUTHENTICATE], played.lines


@case("the end of the input is no")
def gone():
    played = Played()
    t = Terminal(played, *AUTHENTICATE.split())
    t.sees("[yes/no]: ")
    os.write(t.master, b"\x04")
    t.sees("% Nothing was done.\n")
    t.ends(1)
    assert played.lines == [AUTHENTICATE], played.lines


@case("without a terminal it is exit 3, and the last line is the command to type")
def one_shot():
    played = Played()
    ran = run(KEYMUSTER, "-r", played.run, *AUTHENTICATE.split(), code=3)
    assert ran.out == "" and ran.err.endswith("\n  Type: %s\n" % ACCEPT), ran
    ran = run(KEYMUSTER, "-r", played.run, give=REMOVE + "\n", code=3)
    assert ran.err.endswith("\n  Type: %s force\n" % REMOVE), ran
    run(KEYMUSTER, "-r", played.run, "-c", ACCEPT, code=0)
    assert played.lines == [AUTHENTICATE, REMOVE, ACCEPT], played.lines


@case("in the shell a trustpoint is removed after a yes; later lines are read as before")
def shell():
    played = Played()
    t = Terminal(played)
    t.sees("keymuster# ")
    t.types(REMOVE)
    t.sees("a copy is kept.\n")
    t.sees("Are you sure you want to do this? [yes/no]: ")
    t.types("yes")
    t.sees("Removed.\n")
    t.sees("keymuster# ")
    t.types("crypto pki enroll Root-CA")
    t.sees("% The request waits at the CA.\n")
    t.sees("keymuster# ")
    t.types("exit")
    t.ends(3)
    assert played.lines == [REMOVE, REMOVE + " force", "crypto pki enroll Root-CA"], played.lines


@case("what waits for something else than a person is not asked about")
def nothing_to_ask():
    played = Played()
    t = Terminal(played, "crypto", "pki", "enroll", "Root-CA")
    t.sees("% The request waits at the CA.\n")
    t.ends(3)


@case("a command of another kind is shown, not sent")
def another_command():
    played = Played()
    t = Terminal(played, "crypto", "pki", "authenticate", "Other")
    t.sees("  Type: crypto pki server ROOTCA revoke 1\n")
    t.ends(3)
    assert played.lines == ["crypto pki authenticate Other"], played.lines


@case("a password is asked for, twice for an export, and is not seen")
def password():
    played = Played()
    for verb, times, says in (("export", 2, "Written.\n"), ("import", 1, "Read.\n")):
        t = Terminal(played, "crypto", "pki", verb, "Root-CA", "pkcs12", "x.p12")
        seen = t.sees("Password: ")
        t.types("fig tree")
        if times == 2:
            seen += t.sees("Password again: ")
            t.types("fig tree")
        seen += t.sees(says)
        assert "fig" not in seen, seen
        t.ends(0)
    assert [line.split()[2] for line in played.lines] == ["export", "import"], played.lines


@case("passwords that differ, none, and none without a terminal: exit 2, nothing is sent")
def no_password():
    played = Played()
    words = ("crypto", "pki", "export", "Root-CA", "pkcs12", "x.p12")
    for first, second, says in (("a", "b", "% The passwords differ.\n"), ("", "", "% A password is needed.\n")):
        t = Terminal(played, *words)
        t.sees("Password: ")
        t.types(first)
        t.sees("Password again: ")
        t.types(second)
        t.sees(says)
        t.ends(2)
    ran = run(KEYMUSTER, "-r", played.run, *words, code=2)
    assert ran.err.endswith("  Type: %s password TEXT\n" % " ".join(words)), ran
    assert played.lines == [], played.lines


@case("the prompt says what is configured, '?' and Tab know its words, and CNTL/Z ends it")
def configured():
    played = Played()
    path = played.run + "/x.conf"
    with open(path, "w") as f:
        f.write("hostname x\n")
    with open(path, "rb") as f:
        ANSWERS["configure terminal"] = (0, "%s\n%s\n" % (path, hashlib.sha256(f.read()).hexdigest()))
    t = Terminal(played)
    t.sees("keymuster# ")
    t.types("conf t")
    t.sees("Enter configuration commands, one per line.  End with CNTL/Z.\n")
    t.sees("keymuster(config)# ")
    t.types("crypto pki server ROOTCA")
    t.sees("keymuster(cs-server)# ")
    t.types("auto-rolover 3")
    t.sees("did you mean 'auto-rollover'?\n")
    t.sees("keymuster(cs-server)# ")
    os.write(t.master, b"lifetime cert?")
    t.sees("  certificate ")
    os.write(t.master, b"\x15crypto pki trustpoint A\n")
    t.sees("keymuster(ca-trustpoint)# ")
    t.types("no crypto pki trustpoint A")
    t.sees("keymuster(config)# ")
    t.types("no crypto pki server ROOTCA")
    t.sees("keymuster(config)# ")
    os.write(t.master, b"hostname ?")  # its answer says that keys are read one by one now
    t.sees("  NAME ")
    os.write(t.master, b"half\x1a")
    t.sees("end\n")
    t.sees("keymuster# ")
    t.types("exit")
    t.ends(0)
    with open(path) as f:
        assert f.read() == "hostname x\n"
    assert set(played.lines) == {"configure terminal"}, played.lines  # where the file is


if __name__ == "__main__":
    daemon.main()
