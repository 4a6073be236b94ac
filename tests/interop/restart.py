"""restart.py - what a stop and a start must not change.

Prints how long the first public answer took; the figure is judged by the bench, not here.
Arguments: keymusterd, keymuster, client.
"""
import os
import signal
import time

import daemon
from daemon import case, child, enrol, exchange, until

d = daemon.Daemon("  grant manual\n")
before = {}


def facts():
    """What show commands say and does not depend on the moment."""
    return {
        "requests": d.show("crypto pki server ROOTCA requests"),
        "certificates": d.show("crypto pki server ROOTCA certificates"),
        "server": d.show("crypto pki server"),
        "held": d.show("crypto pki certificates"),
        "keys": d.show("crypto key mypubkey rsa"),
        "configuration": d.command("show running-config"),
        "CA": d.get("GetCACert").body.hex(),
    }


def differences(old, new):
    return [(k, old[k], new[k]) for k in old if old[k] != new[k]]


def first_answer():
    """Milliseconds from the start of the program to the first 200 of GetCACert."""
    begun = time.monotonic()
    d.launch()

    def served():
        try:
            return d.get("GetCACert").status == 200
        except OSError:
            return False

    pause, daemon.PAUSE = daemon.PAUSE, 0.001
    until(served, "the CA certificate is served")
    daemon.PAUSE = pause
    return (time.monotonic() - begun) * 1000


@case("before: one certificate, one revoked, one request pending, one password made")
def work():
    for key in ("kept", "lost"):
        word = d.one_time_password()
        enrol(d, key, "O=Cisco,CN=" + key, challenge=word)
    d.command("crypto pki server ROOTCA revoke 0x" + daemon.serial_of(d.dir + "/lost.pem"))
    said, _, before["message"], _ = exchange(d, "wait", "O=Cisco,CN=wait")
    assert said[0] == "pending", said
    before["word"] = d.one_time_password()
    before["crl"] = until(revoked_list, "the list names the revoked certificate")
    before["facts"] = facts()


def revoked_list():
    got = d.show("crypto pki server ROOTCA crl")
    return got if got["entries"] == 1 else None


@case("SIGTERM ends the daemon with 0; the sockets and the port are free")
def stops():
    d.stop()
    ran = daemon.run(daemon.KEYMUSTER, "-r", d.run, "show", "clock")
    assert ran.code == 4, ran


@case("started again: pending requests still pending, same CA certificate, show commands agree")
def same():
    print("# start to first public answer: %.0f ms" % first_answer())
    until(d.serves, "all public objects are served")
    changed = differences(before["facts"], facts())
    assert not changed, changed


@case("BAD-142 the CRL number never falls, and grows with the next list")
def crl_number():
    now = d.show("crypto pki server ROOTCA crl")
    assert now["number"] >= before["crl"]["number"] and now["entries"] == 1, now
    d.command("crypto pki server ROOTCA revoke 0x" + daemon.serial_of(d.dir + "/kept.pem"))
    until(lambda: d.show("crypto pki server ROOTCA crl")["entries"] == 2, "two entries")
    after = d.show("crypto pki server ROOTCA crl")
    assert after["number"] > before["crl"]["number"], after


@case("the poll and the repeated request find the stored request, then the grant finds it too")
def poll():
    said, _, _, _ = exchange(d, "wait", "O=Cisco,CN=wait", type="poll")
    assert said[0] == "pending", said
    d.post(before["message"])
    assert len(d.requests()) == 1, d.requests()
    d.command("crypto pki server ROOTCA grant %d" % d.requests()[0]["id"])

    def issued():
        said, out, _, _ = exchange(d, "wait", "O=Cisco,CN=wait", type="poll")
        return said[0] == "success" and out

    out = until(issued, "the poll brings the certificate")
    daemon.check_certificate(d, out, d.key("wait"), "CN=wait,O=Cisco")


@case("a one-time password made before the restart still works, once")
def password():
    said, out = enrol(d, "word", "O=Cisco,CN=word", challenge=before["word"])
    daemon.check_certificate(d, out, d.key("word"), "CN=word,O=Cisco")
    said, _, _, _ = exchange(d, "word2", "O=Cisco,CN=word2", challenge=before["word"])
    assert said[0] != "success", said


@case("a serial number is never given twice over restarts")
def serials():
    for n in range(3):
        d.stop()
        d.start()
        enrol(d, "again%d" % n, "O=Cisco,CN=again%d" % n, challenge=d.one_time_password())
    numbers = [c["serial"] for c in d.certificates()]
    assert len(numbers) == len(set(numbers)) and len(numbers) >= 7, numbers


@case("kill -9 of one child: the log names that one, not who followed it")
def one_killed():
    def ended(pid):
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rpartition(")")[2].split()[0] == "Z"

    for role in "signer", "front", "core":
        before, children = len(d.log()), [child(d, r) for r in ("signer", "front", "core")]
        pid = child(d, role)
        os.kill(d.process.pid, signal.SIGSTOP)
        try:
            os.kill(pid, signal.SIGKILL)
            # the supervisor finds them all at once, and cannot know whose death came first
            until(lambda: all(map(ended, children)), "all have followed " + role)
        finally:
            os.kill(d.process.pid, signal.SIGCONT)
        until(lambda: "starting a new set" in d.log()[before:], "a new set after the death of " + role)
        said = d.log()[before:]
        assert "child died role='%s' pid=%d signal=9" % (role, pid) in said and " exit=" not in said, said
        until(lambda: d.get("GetCACert").status == 200, "it answers again")


@case("kill -9 of the whole set: a new start finds everything and the audit chain holds")
def killed():
    old = facts()
    children = [daemon.child(d, role) for role in ("core", "front", "signer")]
    assert all(children), children
    d.process.send_signal(signal.SIGKILL)
    d.process.wait()
    until(lambda: not any(os.path.exists("/proc/%d" % pid) for pid in children), "the set is gone, and its port free")
    d.start()
    changed = differences(old, facts())
    assert not changed, changed
    assert d.show("crypto pki server ROOTCA audit")["verified"]


@case("the daemon ends in order")
def ends():
    d.stop()


if __name__ == "__main__":
    d.start()
    daemon.main()
