"""plan.py - keymuster plan, and the same rules before the daemon starts.

Arguments: keymusterd, keymuster, client.
"""
import atexit
import json
import os
import shutil
import tempfile

import daemon
from daemon import KEYMUSTER, KEYMUSTERD, case, run

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
HERE = tempfile.mkdtemp(prefix="keymuster-test-")
atexit.register(shutil.rmtree, HERE, True)


def example(name):
    with open(os.path.join(TOP, "examples", name)) as f:
        return f.read()


ROOTCA, SPOKE = example("rootca.conf"), example("spoke.conf")


def file(name, text):
    path = os.path.join(HERE, name)
    with open(path, "w") as f:
        f.write(text)
    return path


def plan(*words, code):
    return run(KEYMUSTER, "plan", *words, code=code)


def check(text, code):
    return run(KEYMUSTERD, "-f", file("both.conf", text), "-s", HERE + "/state", "-r", HERE + "/run", "--check", code=code)


def both(spoke=SPOKE, root=ROOTCA):
    """The CA and its client in one configuration."""
    return root + spoke[spoke.index("crypto"):]


@case("the source's example: 17 days to spare, the first to ask enrolled on day 365 (S20, S24)")
def source():
    out = plan(file("ca", ROOTCA), file("spoke", SPOKE), code=0).out
    assert out.endswith("\nAccepted, with 17 days to spare.\n"), out
    assert "  after     365 days  who enrols now is the first to ask\n" in out, out
    assert out == plan(file("spoke", SPOKE), file("ca", ROOTCA), code=0).out


@case("TF-05 auto-enroll 70 is refused, 19.5 days short, and what is named as right is right")
def refused():
    ca, early = file("ca", ROOTCA), file("early", SPOKE.replace("auto-enroll 80", "auto-enroll 70"))
    out = plan(ca, early, code=1).out
    assert "\nRefused: %s:17: clients ask for the next CA certificate 19.5 days before it is made.\n" % early in out, out
    assert out.endswith("\nRight would be 'auto-rollover 110' in %s:25 or 'auto-enroll 76' in %s:17.\n" % (ca, early)), out
    for days, code in (("109", 1), ("110", 0)):
        plan(file("days", ROOTCA.replace("auto-rollover 90", "auto-rollover " + days)), early, code=code)
    for percent, code in (("75", 1), ("76", 0)):
        plan(ca, file("percent", SPOKE.replace("auto-enroll 80", "auto-enroll " + percent)), code=code)


@case("json has the numbers, and the slack that was asked for")
def numbers():
    one = json.loads(plan("--slack", "17", file("ca", ROOTCA), file("spoke", SPOKE), "json", code=0).out)
    assert one["accepted"] is True
    found, = one["cases"]
    assert found["margin_days"] == 17.0 and found["course"]["worst_enrols_days"] == 365.0, found
    assert found["course"]["latest_seconds"] == (730 - 85) * 86400 + 4, found["course"]
    two = json.loads(plan(file("ca", ROOTCA), file("early", SPOKE.replace("auto-enroll 80", "auto-enroll 70")), "json", code=1).out)
    assert two["accepted"] is False and two["cases"][0]["margin_days"] == -19.5, two


@case("clients that renew alike are one case; the CA's own trustpoint and one that enrols elsewhere are none or another")
def many():
    block = "crypto pki trustpoint T%d\n enrollment url http://127.0.0.1:8080\n auto-enroll %d\n"
    clients = "".join(block % (n, 80 if n < 500 else 85) for n in range(1000))
    own = "crypto pki trustpoint ROOTCA\n auto-enroll 10\n"
    out = plan(file("ca", ROOTCA + own), file("clients", clients), code=0).out
    assert "Client T0 (%s/clients:1) and 499 alike: renews at 80 %% of a life\n" % HERE in out, out
    assert "Client T500 (%s/clients:1501) and 499 alike: renews at 85 %% of a life\n" % HERE in out, out
    assert out.endswith("\nAccepted: 0 of 2 cases refused.\n"), out


@case("with two servers the path says which; when nothing says so the client is refused")
def two():
    second = "ip http listen 192.0.2.7\ncrypto pki server SECOND\n lifetime certificate 10\n auto-rollover 200\n"
    other = SPOKE.replace("http://127.0.0.1:8080", "http://ca.example")
    out = plan(file("ca", ROOTCA), file("second", second), file("spoke", SPOKE), code=0).out
    assert "CA ROOTCA (%s/ca:17)" % HERE in out and "CA SECOND (%s/second:2)" % HERE in out, out
    out = plan(file("ca", ROOTCA), file("second", second), file("other", other), code=1).out
    assert "Refused: %s/other:9: none of these servers, or more than one, may be where it enrols" % HERE in out, out
    out = plan(file("ca", ROOTCA), file("other", other), code=0).out
    assert "is not known to be ROOTCA, but no other CA is here" in out, out
    named = SPOKE.replace("http://127.0.0.1:8080", "http://192.0.2.7/scep/SECOND")
    out = plan(file("ca", ROOTCA), file("second", second), file("named", named), code=0).out
    assert "CA SECOND (%s/second:2): lives 1095 days, its certificates 10 days" % HERE in out, out


@case("usage: exit 2; a file that is wrong, or has no server: exit 1; sealed passwords stay shut")
def usage():
    for words in ((), ("--slack", "x", "a"), ("--slack", "7306", "a"), ("-x",), (HERE + "/absent",)):
        assert plan(*words, code=2).out == ""
    assert plan(file("bad", "crypto pki server A\n grnat auto\n"), code=1).err.startswith(HERE + "/bad:2:2: ")
    assert 'crypto pki server NAME' in plan(file("spoke", SPOKE), code=1).err
    plan(file("sealed", ROOTCA.replace("password 7 01100F175804575D72", "password 6 00FF")), code=0)


@case("BAD-130 the daemon refuses a trustpoint of its own server that asks too early, with the line")
def start():
    early = SPOKE.replace("auto-enroll 80", "auto-enroll 70")
    line = (ROOTCA + early[early.index("crypto"):early.index("  auto-enroll 70")]).count("\n") + 1
    says = "%s/both.conf:%d:3: clients ask for the next CA certificate 19.5 days before it is made, expected 'auto-rollover 110' or 'auto-enroll 76'\n" % (HERE, line)
    ran = check(both(early), 1)
    assert "\n" + says in "\n" + ran.err and "warning: " + says not in ran.err, ran.err
    ran = check(both(early).replace("http://127.0.0.1:8080", "http://127.0.0.1:8081"), 0)
    assert "warning: " + says in ran.err, ran.err
    ran = check(both(early, ROOTCA.replace("  auto-rollover 90\n", "")), 0)
    assert "warning: %s/both.conf:%d:3: clients ask for the next CA certificate 109.5 days" % (HERE, line - 1) in ran.err, ran.err
    ran = check(both(), 0)
    assert "before it is made" not in ran.err, ran.err


@case("a server alone is never refused for clients that nobody sees: a warning, and what they need")
def alone():
    ran = check(ROOTCA, 0)
    assert "'auto-enroll" not in ran.err, ran.err
    assert "\nROOTCA: clients are in time from 'auto-enroll 76' on\n" in ran.out, ran.out
    ran = check(ROOTCA.replace("auto-rollover 90", "auto-rollover"), 0)
    assert "warning: %s/both.conf:25:3: clients that do not renew by themselves ask for the next CA certificate 43 days before it is made, expected 'auto-rollover 73' or 'auto-enroll 92'\n" % HERE in ran.err, ran.err


if __name__ == "__main__":
    daemon.main()
