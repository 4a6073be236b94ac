"""oracle.py - neither answers nor time tell how an envelope was broken.

A hundred broken envelopes over HTTP, replayed; in soak also the time of five classes, and a daemon
with a planted leak, which must be found. Arguments: keymusterd, keymuster, oracle, keymusterd_leaky
(or "untimed", under sanitizers).
"""
import os
import sys

import daemon
from daemon import case, run

ORACLE, LEAKY = sys.argv[3], os.path.abspath(sys.argv[4])
SOAK = "KEYMUSTER_SOAK" in os.environ

honest = daemon.Daemon()


def oracle(d, what, times):
    """What it prints; the lines are shown as they are."""
    d.ca()
    ran = run(ORACLE, d.port, d.dir + "/ca.der", what, times, patience=None)
    print("".join("# %s\n" % line for line in ran.out.splitlines()), end="")
    return ran


@case("BAD-076 BAD-077 AL-06 a hundred broken envelopes, replayed: one answer")
def replays():
    ran = oracle(honest, "replays", 1000 if SOAK else 20)
    assert ran.code == 0, ran


if SOAK and not LEAKY.endswith("untimed"):
    @case("AL-06 the time of an answer does not tell how an envelope was broken")
    def timing():
        ran = oracle(honest, "timing", 100000)
        assert ran.code == 0, ran

    @case("AL-06 the same measurement finds a planted leak of 50 us")
    def planted():
        daemon.KEYMUSTERD = LEAKY
        leaky = daemon.Daemon().start()
        ran = oracle(leaky, "timing", 20000)
        leaky.stop()
        assert ran.code == 1 and "\nnot ok 1 " in ran.out, ran


@case("the daemon ends in order")
def ends():
    honest.stop()


if __name__ == "__main__":
    honest.start()
    daemon.main()
