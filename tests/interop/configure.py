"""configure.py - configure terminal and configure memory, against running daemons.

Arguments: keymusterd, keymuster, client, keymuster-agent.
"""
import os
import re
import socket
import stat
import sys
import threading

import daemon
from daemon import KEYMUSTER, case, free_port, run, until

AGENT = os.path.abspath(sys.argv[4])
READ = "notice: configuration was read again"
SPOKE = ("exit\ncrypto pki trustpoint SPOKE\nenrollment url http://127.0.0.1:%d\nauto-enroll 50 regenerate\n"
         "subject-name CN=spoke\nend\n")


def typed(d, *lines, code=0):
    """What keymuster says of these lines, read from a pipe."""
    return run(KEYMUSTER, "-r", d.run, give="configure terminal\n" + "".join(x + "\n" for x in lines), code=code).err


def begun():
    d = daemon.Daemon("  auto-rollover 30\n").start()
    d.reads = 0
    return d


def reads(d, n=1):
    """So often the daemon has read its file since last asked."""
    d.reads += n
    assert d.log().count(READ) == d.reads, d.log()


@case("a client that asks too early is refused: line, days, the right value; file and daemon as before")
def refused():
    d = begun()
    before = d.text()
    said = typed(d, "crypto pki server ROOTCA", *(SPOKE % d.port).split("\n")[:-1], code=1)
    line = before.count("\n") + 3
    assert "%s:%d:2: clients ask for the next CA certificate 152.5 days before it is made, expected 'auto-rollover 183'" % (
        d.conf, line) in said, said
    assert "\n     auto-enroll 50 regenerate\n" in said and said.endswith("% Nothing was changed.\n"), said
    assert d.text() == before
    reads(d, 0)
    d.stop()


@case("what holds runs at once and stands in the file; nobody is turned away meanwhile")
def accepted():
    d = begun()
    os.chmod(d.conf, 0o640)
    if os.geteuid() == 0:
        os.chown(d.conf, 4242, 4243)
    before, turned_away, done = os.stat(d.conf), [], threading.Event()

    def ask():
        while not done.is_set():
            try:
                d.get("GetCACert")
            except ConnectionRefusedError as e:
                turned_away.append(e)
            except ConnectionResetError:
                pass  # taken by a process that ended: as at any crash

    asking = threading.Thread(target=ask)
    asking.start()
    said = typed(d, "cry pki server ROOTCA", "auto-r 183", *(SPOKE % d.port).split("\n")[:-1])
    done.set()
    asking.join()
    assert not turned_away, turned_away
    reads(d)
    assert "\n  auto-rollover 183\n" in d.text() and "auto-rollover 30" not in d.text(), d.text()
    running = d.command("show running-config")
    assert " auto-rollover 183\n" in running and "crypto pki trustpoint SPOKE\n" in running, running
    until(lambda: d.show("crypto pki trustpoints SPOKE status"), "the trustpoint is known")
    after = os.stat(d.conf)
    assert (stat.S_IMODE(after.st_mode), after.st_uid, after.st_gid) == (0o640, before.st_uid, before.st_gid), after
    assert typed(d, "end") == "", said
    reads(d, 0)  # nothing was typed
    d.stop()


@case("an address that is not ours: the daemon goes on as before, and the file is put back")
def no_such_address():
    d = begun()
    before = d.text()
    said = typed(d, "ip http listen 192.0.2.1 %d" % free_port(), "end", code=1)
    assert "does not take it" in said and said.endswith("is as it was.\n"), said
    assert d.text() == before and "192.0.2.1" in d.log(), d.log()
    until(d.serves, "the old address still serves")
    reads(d, 0)
    d.stop()


@case("what only the CA's store can refuse ends no daemon: it goes on as before, and the file is put back")
def other_issuer():
    d = begun()
    before = d.text()
    said = typed(d, "crypto pki server ROOTCA", "issuer-name CN=Other", "end", code=1)
    assert "does not take it" in said and said.endswith("is as it was.\n"), said
    assert d.text() == before and "the store holds the CA with issuer-name" in d.log(), d.log()
    until(d.serves, "it still serves")
    reads(d)
    typed(d, "hostname Later", "end")
    assert "hostname Later\n" in d.command("show running-config")
    reads(d)
    d.stop()


@case("another port: the new one serves, the old one is closed")
def another_port():
    d, port = begun(), free_port()
    typed(d, "ip http port %d" % port, "end")
    old, d.port = d.port, port
    until(d.serves, "the new port serves")
    try:
        socket.create_connection(("127.0.0.1", old), 1).close()
        raise AssertionError("the old port is open")
    except ConnectionRefusedError:
        pass
    reads(d)
    d.stop()


@case("configure memory reads what an editor wrote, and refuses what is wrong; so does configure terminal")
def by_editor():
    d = begun()
    good = d.text()
    d.write(good.replace("hostname Root-CA", "hostname Hub"))
    d.command("configure memory")
    assert "hostname Hub\n" in d.command("show running-config")
    reads(d)
    d.write(good + "  auto-rolover 30\n")
    said = run(KEYMUSTER, "-r", d.run, "configure", "memory", code=1).err
    assert re.search(r"%s:\d+:3: 'auto-rolover' .*did you mean 'auto-rollover'" % re.escape(d.conf), said), said
    assert "auto-rolover" in typed(d, "hostname Other", "end", code=1)
    assert "hostname Hub\n" in d.command("show running-config")
    reads(d, 0)
    d.write(good + "  grant manual\n")
    assert "was edited since the daemon read it" in typed(d, "hostname Third", "end")
    running = d.command("show running-config")
    assert "hostname Third\n" in running and " grant auto" not in running, running
    reads(d)
    d.stop()


@case("a line that is not understood ends a script, and one without end changes nothing")
def unfinished():
    d = begun()
    before = d.text()
    said = typed(d, "crypto pki server ROOTCA", "lifetime certificate 100", "lifetime certifcate 3", "end", code=2)
    assert "\n         ^\n% Invalid input" in said and said.endswith('% No "end" came: nothing was changed.\n'), said
    assert "No \"end\" came" in typed(d, "hostname Lost", code=1)
    assert d.text() == before
    reads(d, 0)
    d.stop()


@case("who types at the same time waits for his turn: nobody's lines are lost")
def at_once():
    d, said = begun(), []
    names = ["NORTH", "EAST", "SOUTH", "WEST"]

    def one(name):
        said.append(typed(d, *(SPOKE.replace("SPOKE", name).replace("50", "95") % d.port).split("\n")[1:-1]))

    typed(d, "crypto pki server ROOTCA", "auto-rollover 90", "end")
    all_of_them = [threading.Thread(target=one, args=(x,)) for x in names]
    for t in all_of_them:
        t.start()
    for t in all_of_them:
        t.join()
    running = d.command("show running-config")
    for name in names:
        assert "crypto pki trustpoint %s\n" % name in d.text(), (said, d.text())
        assert "crypto pki trustpoint %s\n" % name in running, (said, running)
    reads(d, 5)
    d.stop()


@case("lines that end with CR LF are lines; those that are too long or hold a NUL are none")
def odd_lines():
    d = begun()
    typed(d, "hostname Crlf\r", "end\r")
    assert "hostname Crlf\n" in d.command("show running-config")
    reads(d)
    before = d.text()
    for line in ("hostname a\0b", "cdp-url http://x/" + "y" * 4078 + "/ no grant"):
        said = typed(d, "crypto pki server ROOTCA", line, "end", code=2)
        assert "or with a NUL octet" in said and said.endswith("nothing was changed.\n"), said
    assert d.text() == before
    reads(d, 0)
    d.stop()


@case("the socket for show commands reads nothing again; what was typed as a password is in no log")
def guarded():
    d = begun()
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(d.run + "/control.ro")
        s.sendall(b"configure memory\n")
        assert s.makefile().readline().startswith("1 "), "not refused"
    typed(d, "crypto pki server ROOTCA", "database archive pkcs12 password 0 fig-tree-17", "end")
    reads(d)
    d.keeps_secret("fig-tree-17")
    d.stop()


@case("sealed passwords stay sealed in the file and are read again")
def sealed():
    d = daemon.Daemon("  database archive pkcs12 password 0 fig-tree-17\n").start()
    d.reads = 0
    running = d.command("show running-config")
    d.write(running)
    typed(d, "hostname Sealed", "end")
    reads(d)
    assert "fig-tree-17" not in d.text() and "password 6 " in d.text(), d.text()
    assert d.command("show running-config") == running.replace("hostname Root-CA", "hostname Sealed")
    d.stop()


@case("keymuster-agent reads its file again as well, and says no to a server in it")
def agent():
    d = daemon.Daemon("", base="clock calendar-valid\ncrypto pki trustpoint A\n enrollment url http://127.0.0.1:%(port)d\n")
    d.options = lambda: [AGENT, "-f", d.conf, "-s", d.state, "-r", d.run]
    d.launch()
    until(lambda: run(KEYMUSTER, "-r", d.run, "show", "clock").code == 0, "it answers")
    d.reads = 0
    typed(d, "crypto pki trustpoint B", "enrollment url http://127.0.0.1:%d" % d.port, "end")
    reads(d)
    assert "Trustpoint B" in d.command("show crypto pki trustpoints")
    typed(d, "crypto pki server NORTH", "end", code=1)
    assert "server" not in d.text()
    reads(d, 0)
    d.stop()


if __name__ == "__main__":
    daemon.main()
