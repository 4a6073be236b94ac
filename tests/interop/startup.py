"""startup.py - errors say what, which, which rule, and the next step.

Arguments: keymusterd, keymuster, client.
"""
import ctypes
import glob
import os
import re
import shutil
import socket
import sqlite3
import stat

import daemon
from daemon import KEYMUSTER, KEYMUSTERD, Skip, case, enrol, exchange, run, until

ARCHIVE_WORD = "fig-tree-7-lantern"
NO_CLOCK = daemon.ROOT.replace("clock calendar-valid\n", "")
made = daemon.Daemon("  grant auto\n  database archive pkcs12 password 0 %s\n" % ARCHIVE_WORD)


def prepared(base=daemon.ROOT, lines="  grant auto\n"):
    """A stopped daemon with a copy of the state directory of one that ran."""
    d = daemon.Daemon(lines, base)
    shutil.copytree(made.state, d.state, symlinks=True)
    return d


def fresh(base=daemon.ROOT, lines="  grant auto\n"):
    return daemon.Daemon(lines, base)


def says(text, *words):
    for word in words:
        assert word in text, "'%s' is missing in:\n%s" % (word, text)


@case("a first start makes the CA, enrols, archives, and ends in order")
def first():
    made.start()
    enrol(made, "first", "O=Cisco,CN=first")
    until(lambda: os.path.exists(made.state + "/servers/ROOTCA/archive/ROOTCA.p12"), "the archive is written")
    made.command("show running-config")
    made.stop()


@case("eight servers, the most there may be, and a hook beside them")
def eight():
    block = "crypto pki server S%d\n  issuer-name CN=S%d\n  profile p%d challenge url http://127.0.0.1:9/\n"
    d = fresh(lines="".join(block % (n, n, n) for n in range(2, 9)))
    d.start()
    for n in range(2, 9):
        until(lambda: d.get("GetCACert", path="/scep/p%d" % n).status == 200, "server %d serves" % n)
    assert "starting a new set" not in d.log(), d.log()
    d.stop()


WRONG = """\
hostname x
ip http port 99999
crypto pki server ROOTCA
  issuer-name CN=RootCA,QQ=x
  grant sometimes
  lifetime crl 9999
  hash md4
"""


@case("wrong lines: FILE:LINE:COLUMN and what was expected, all at once, exit 1; --check the same")
def wrong_lines():
    d = fresh()
    d.write(WRONG)
    for text in (d.fails(), run(*d.options(), "--check", code=1).err):
        for line, column, what in ((2, 14, "1-65535"), (4, 25, "before .=."), (5, 9, "'manual'"), (6, 16, "0-336"),
                                   (7, 8, "'sha256'")):
            place = re.search(r"%s:%d:%d: .*%s" % (re.escape(d.conf), line, column, what), text)
            assert place, "%d:%d with '%s' is missing in:\n%s" % (line, column, what, text)


@case("--check of a good file: exit 0, no directory, no port")
def check_good():
    d = fresh()
    with socket.create_server(("127.0.0.1", d.port)):
        ran = run(*d.options(), "--check", code=0)
    says(ran.out, d.conf, "no error")
    assert not os.path.exists(d.state) and not os.path.exists(d.run)


@case("a configuration that is not there, or has no server: named, exit 1")
def no_configuration():
    d = fresh()
    os.unlink(d.conf)
    says(d.fails(), d.conf, "No such file")
    d.write("hostname x\n")
    says(d.fails(), d.conf, "crypto pki server NAME")


@case("an unknown option: exit 2 with usage; a wrong clock: exit 1 and what it may be")
def options():
    assert run(KEYMUSTERD, "--tea").code == 2
    says(run(KEYMUSTERD, "--tea").err, "usage: keymusterd")
    says(run(KEYMUSTERD, "left", "over").err, "usage: keymusterd")
    d = fresh()
    says(run(*d.options(), "--clock", "tea", code=1).err, "'tea'", "at=TIME")


@case("a busy port: address, port, and what to do")
def busy_port():
    d = prepared()
    with socket.create_server(("127.0.0.1", d.port)):
        says(d.fails(), "127.0.0.1", str(d.port), "in use", "choose another port")


@case("an address that is not of this host, a name instead of an address")
def wrong_address():
    d = prepared()
    for address in ("192.0.2.1", "ca.example"):
        d.write(d.text().replace("listen 127.0.0.1", "listen " + address))
        says(d.fails(), address)
        d.write(d.text().replace("listen " + address, "listen 127.0.0.1"))


@case("a state directory that cannot be made, or is a file: named, with the reason")
def no_directory():
    d = fresh()
    d.state = "/proc/nowhere/state"
    says(d.fails(), "/proc/nowhere")
    d.state = d.save("file", b"")
    says(d.fails(), d.state, "no directory")


@case("a state directory that belongs to another user: named, with the user")
def unwritable():
    d = fresh()
    os.mkdir(d.state, 0o755)
    if os.getuid() != 0:
        os.chmod(d.state, 0o500)
        says(d.fails(), d.state, "not writable")
        return
    os.chmod(d.dir, 0o755)
    try:
        ran = run(*d.options(), user=65534, group=65534, extra_groups=[])
    except PermissionError:
        raise Skip("the program lies where no other user may run it")
    assert ran.code == 1, ran
    says(ran.err, d.state, "not writable", "65534")


@case("a store of a newer version: which, both versions, what to do; nothing is changed")
def newer_store():
    d = prepared()
    path = d.state + "/servers/ROOTCA/store.db"
    with sqlite3.connect(path) as db:
        db.execute("UPDATE schema_version SET version = 99")
    db.close()
    says(d.fails(), path, "99", "newer", "backup")
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT version FROM schema_version").fetchone() == (99,)
    db.close()


@case("a store that is no database of ours, or no database")
def foreign_store():
    d = prepared()
    path = d.state + "/servers/ROOTCA/store.db"
    for octets in (b"tea" * 5000, None):
        for name in glob.glob(path + "*"):
            os.unlink(name)
        if octets:
            with open(path, "wb") as f:
                f.write(octets)
        else:
            with sqlite3.connect(path) as db:
                db.execute("CREATE TABLE tea (leaf)")
            db.close()
        says(d.fails(), path)


@case("the sealing key is gone while keys exist: where it was, how to give it; no new one is made")
def no_seal():
    d = prepared()
    os.unlink(d.state + "/seal.key")
    says(d.fails(), d.state + "/seal.key", "restore", "KEYMUSTER_SEAL_FILE")
    assert not os.path.exists(d.state + "/seal.key")


@case("the sealing key of another directory: the keys do not open, and the log says so")
def other_seal():
    d = prepared()
    with open(d.state + "/seal.key", "w") as f:
        f.write("0123456789abcdef" * 4 + "\n")
    os.chmod(d.state + "/seal.key", 0o600)
    says(d.fails(), "keys/ROOTCA.key", "another sealing key")


@case("BAD-143 the CA's key is gone while the store has its certificate: refused, with the file to restore")
def no_key():
    d = prepared()
    for name in glob.glob(d.state + "/servers/ROOTCA/keys/*.key"):
        os.unlink(name)
    d.launch()
    until(lambda: d.process.poll() == 1, "the daemon refuses to start")
    says(d.log(), "keys/ROOTCA.key", "restore")


@case("a sealing key that others may read: refused, with the mode to set")
def open_seal():
    d = prepared()
    os.chmod(d.state + "/seal.key", 0o644)
    says(d.fails(), d.state + "/seal.key", "chmod 600")


@case("another authority in the store: both names, what to do")
def other_authority():
    d = prepared()
    d.write(d.text().replace("CN=RootCA,OU=TAC", "CN=Another,OU=TAC"))
    says(d.fails(), "ROOTCA", "CN=RootCA,OU=TAC,O=Cisco", "CN=Another,OU=TAC,O=Cisco", "put it back")


@case("BAD-140 a second daemon on the same state directory: which process has it; the first goes on")
def second():
    d = prepared().start()
    says(d.fails(), d.state, "in use", str(d.process.pid))
    other = fresh()
    other.state = d.state
    says(other.fails(), d.state, "in use", str(d.process.pid))
    assert d.get("GetCACert").status == 200 and d.command("show clock")
    d.stop()


def unsynchronised():
    """What the product asks the kernel: TIME_ERROR or STA_UNSYNC."""
    timex = (ctypes.c_long * 32)()
    return ctypes.CDLL(None).adjtimex(timex) == 5 or timex[5] & 0x40


def needs_no_clock():
    if not unsynchronised():
        raise Skip("the kernel of this machine says that its clock is synchronised")


@case("a clock without authority: 503 for requests, public answers 200, and how to mend it; mended at run time")
def clock():
    needs_no_clock()
    d = prepared(NO_CLOCK).start()
    says(d.log(), "not authoritative", "clock calendar-valid", "NTP")
    text = d.command("show clock")
    assert "not authoritative" in text.lower() or text.startswith("*"), text
    assert d.show("clock")["authoritative"] is False
    for operation in ("GetCACaps", "GetCACert", "GetCRL"):
        assert d.get(operation).status == 200, operation

    def refused_then_mended(d, message):
        answer = d.post(message)
        assert answer.status == 503 and int(answer.headers["retry-after"]) > 0, answer
        says(d.command("clock calendar-valid"), "configure terminal")
        assert d.show("clock")["authoritative"] is True
        return until(lambda: (lambda a: a.status == 200 and a)(d.post(message)), "served after mending")

    said, out, _, _ = exchange(d, "mended", "O=Cisco,CN=mended", way=refused_then_mended)
    assert said[0] == "success", said
    daemon.check_certificate(d, out, d.key("mended"), "CN=mended,O=Cisco")
    d.stop()


@case("a first start without a clock makes no CA; it is made when the clock is mended")
def first_without_clock():
    needs_no_clock()
    d = fresh(NO_CLOCK)
    d.launch()
    until(lambda: os.path.exists(d.run + "/control") and "not authoritative" in d.log(), "the log says so")
    until(lambda: run(KEYMUSTER, "-r", d.run, "show", "clock").code == 0, "the daemon answers")
    answer = d.get("GetCACert")
    assert answer.status == 503 and "retry-after" in answer.headers, answer
    assert not glob.glob(d.state + "/servers/ROOTCA/keys/*.key")
    d.command("clock calendar-valid")
    until(d.serves, "the CA certificate is served")
    d.stop()


@case("no daemon: exit 4 and how to reach one; usage: exit 2 and what was expected")
def unreachable():
    empty = daemon.directory()
    for words in (("show", "clock"), ("-c", "show clock"), ("crypto", "pki", "server", "ROOTCA", "grant", "all")):
        ran = run(KEYMUSTER, "-r", empty, *words, code=4)
        says(ran.err, empty, "start keymusterd", "-r RUNDIR")
        assert ran.out == ""
    says(run(KEYMUSTER, "--tea", code=2).err, "usage: keymuster")
    assert run(KEYMUSTER, "-r", empty, give="show clock\n").code == 4


@case("the command line at a running daemon: usage 2, refused 1, several commands, a file, a pipe")
def command_line():
    d = prepared().start()
    ran = run(KEYMUSTER, "-r", d.run, "show", "tea", code=2)
    says(ran.err, "Invalid input", "^", "Expected", "'clock'")
    assert ran.out == ""
    says(run(KEYMUSTER, "-r", d.run, "show", code=2).err, "Incomplete")
    says(run(KEYMUSTER, "-r", d.run, "crypto", "pki", "server", "TEA", "grant", "all", code=1).err, "TEA")
    says(run(KEYMUSTER, "-r", d.run, "crypto", "pki", "server", "ROOTCA", "grant", "77", code=1).err, "77", "requests")
    says(run(KEYMUSTER, "-r", d.run, "crypto", "pki", "server", "ROOTCA", "revoke", "zz", code=2).err, "hexadecimal")
    says(run(KEYMUSTER, "-r", d.run, "crypto", "pki", "server", "ROOTCA", "revoke", "0xdead", code=1).err, "DEAD")
    out = run(KEYMUSTER, "-r", d.run, "-c", "show clock", "-c", "show crypto pki server", code=0).out
    says(out, "Time source", "Certificate Server ROOTCA")
    path = d.save("commands", b"! a comment\nshow clock\n\nsh cry pki ser ROOTCA req\n")
    says(run(KEYMUSTER, "-r", d.run, "-f", path, code=0).out, "Time source", "Enrollment Request Database")
    says(run(KEYMUSTER, "-r", d.run, give="show clock\nshow tea\nshow clock\n", code=2).err, "Invalid input")
    d.stop()


@case("the socket control.ro shows, and refuses what writes")
def read_only():
    d = prepared().start()
    reader = daemon.directory()
    os.symlink(d.run + "/control.ro", reader + "/control.ro")
    says(run(KEYMUSTER, "-r", reader, "show", "crypto", "pki", "server", code=0).out, "ROOTCA")
    for line in ("crypto pki server ROOTCA grant all", "crypto pki server ROOTCA password generate",
                 "crypto pki server ROOTCA revoke 0x1", "clock calendar-valid", "no clock calendar-valid"):
        says(run(KEYMUSTER, "-r", reader, *line.split(), code=1).err, "show commands only", "control")
    assert not [r for r in d.show("crypto pki server ROOTCA audit")["newest"] if r["act"] == "revoke"]
    d.stop()


def mode(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


@case("file modes: directories 0700, files 0600, control 0660, control.ro 0666")
def modes():
    d = prepared().start()
    for where, directories, files in os.walk(d.state):
        assert mode(where) == 0o700, "%s has %o" % (where, mode(where))
        for name in files:
            path = os.path.join(where, name)
            assert mode(path) == 0o600, "%s has %o" % (path, mode(path))
    assert mode(d.run + "/control") == 0o660 and mode(d.run + "/control.ro") == 0o666
    d.stop()


@case("the archive opens with its password; the password is nowhere in clear, nor in running-config")
def archive_secret():
    d = made
    d.start()
    until(lambda: glob.glob(d.state + "/servers/ROOTCA/archive/*.p12"), "the archive is there")
    path = d.state + "/servers/ROOTCA/archive/ROOTCA.p12"
    out = run("openssl", "pkcs12", "-in", path, "-passin", "pass:" + ARCHIVE_WORD, "-nokeys", code=0).out
    says(out, "BEGIN CERTIFICATE")
    assert run("openssl", "pkcs12", "-in", path, "-passin", "pass:tea", "-nokeys").code != 0
    d.keeps_secret(ARCHIVE_WORD)
    text = d.command("show running-config")
    assert ARCHIVE_WORD not in text and "password 6 " in text, text
    children = run("ps", "-o", "pid=", "--ppid", d.process.pid, code=0).out.split()
    assert len(children) == 3, children
    for pid in children + [str(d.process.pid)]:
        for name in ("environ", "cmdline"):
            with open("/proc/%s/%s" % (pid, name), "rb") as f:
                assert ARCHIVE_WORD.encode() not in f.read(), (pid, name)
    d.stop()


@case("private keys lie sealed: no PrivateKeyInfo and no PEM key in the state directory or the log")
def keys_sealed():
    der = bytes.fromhex("020100300d06092a864886f70d0101010500")  # version and algorithm of PKCS#8
    for where, _, names in os.walk(made.state):
        for name in names:
            with open(os.path.join(where, name), "rb") as f:
                octets = f.read()
            assert der not in octets and b"PRIVATE KEY" not in octets, name
    assert "PRIVATE KEY" not in made.log()


@case("a one-time password lies in the store as a hash only, until it is used")
def password_hashed():
    d = prepared(lines="  grant manual\n").start()
    word = d.one_time_password()
    d.keeps_secret(word)
    d.stop()
    d.keeps_secret(word)


@case("RQ-21 a challenge that came in a request is not kept in clear")
def challenge_forgotten():
    d = prepared(lines="  grant manual\n").start()
    exchange(d, "challenge", "O=Cisco,CN=challenge", challenge="river-stone-9-candle")
    d.keeps_secret("river-stone-9-candle")


@case("S21 the source's trustpoint beside a server: its password is sealed, and two trustpoints keep theirs apart")
def trustpoint_sealed():
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../examples/spoke.conf")) as f:
        spoke = f.read()
    other = "crypto pki trustpoint Other\n  password 0 %s\n"
    d = fresh(lines="  grant manual\n" + spoke[spoke.index("crypto"):] + other % "harbour-lamp-7")
    d.start()
    text = d.command("show running-config")
    d.keeps_secret("harbour-lamp-7")
    assert "Rev0cati0n" not in text and text.count(" password 6 ") == 2, text
    says(text, " subject-name CN=spoke-1.cisco.com,OU=CVO\n", " enrollment url http://127.0.0.1:8080\n")
    d.stop()
    d.write(text)
    d.start()
    assert d.command("show running-config") == text
    d.stop()


@case("S39 terminal exec prompt timestamp: the time before each show of this keymuster, not before JSON")
def timestamp():
    made.start()

    def said(*lines):
        words = [w for line in lines for w in ("-c", line)]
        return run(KEYMUSTER, "-r", made.run, *words, code=0).out

    on, off, timers = "terminal exec prompt timestamp", "terminal no exec prompt timestamp", "show crypto pki timers"
    time = r"Time source is [^\n]+, \d\d:\d\d:\d\d\.\d{3} UTC (Mon|Tue|Wed|Thu|Fri|Sat|Sun) \w{3} \d+ \d{4}\n\n"
    assert re.match(time + "PKI Timers\n", said(on, timers)), said(on, timers)
    assert re.match(time + "PKI Timers\n", run(KEYMUSTER, "-r", made.run, give="%s\n%s\n" % (on, timers), code=0).out)
    for lines in ((timers,), (on, off, timers), (on, "clock calendar-valid")):
        assert "Time source" not in said(*lines), lines
    assert said(on, timers + " json").startswith("{"), said(on, timers + " json")
    assert said(on, timers, timers).count("Time source") == 2
    made.stop()


@case("running-config loaded again on the same state directory gives the same bytes")
def round_trip():
    made.start()
    first = made.command("show running-config")
    made.stop()
    made.write(first)
    made.start()
    assert made.command("show running-config") == first
    made.stop()


if __name__ == "__main__":
    daemon.main()
