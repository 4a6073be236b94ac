"""agent.py - trustpoints with a body against the authority, to the second.

keymuster-agent enrols, renews with and without a new key, takes its shadow certificate and switches, over three
generations, on a clock that steps: at every timer its second. Arguments: keymusterd, keymuster, client,
keymuster-agent.
"""
import os

import daemon
from daemon import case, until
from trustpoint import BORN, DAY, World


@case("an agent enrols by itself, and files are whole")
def enrols():
    w = World({"R1": ["auto-enroll 80"]})
    until(lambda: w.a.has("R1", "active/cert.pem"), "it enrols")
    w.a.whole("R1", w.now())
    assert w.a.dates("R1") == (BORN, BORN + 50 * DAY), w.a.dates("R1")
    assert os.stat(w.a.path("R1", "active/key.pem")).st_mode & 0o077 == 0
    w.stop()


def life(w, tp, percent, lifetime, end):
    """RENEW at each percentage, to the second, until a certificate ends with its CA; that one's dates."""
    while True:
        begin, until_ = w.a.dates(tp)
        if until_ == end:
            return begin, until_
        assert until_ == begin + lifetime * DAY, (begin, until_)
        due, old = begin + (until_ - begin) * percent // 100, w.a.serial(tp)
        w.run_until(due - 1)
        assert w.a.serial(tp) == old, "renewed before %d" % due
        w.run_until(due)
        assert w.a.dates(tp)[0] == due, "%s at %d" % (w.a.dates(tp), due)
        w.a.whole(tp, due)


def crossing(w, tp, percent, end, lifetime, regenerate):
    """From the last certificate under a CA to the first under the next: SHADOW, and the switch at its second."""
    begin, _ = w.a.dates(tp)
    due = begin + (end - begin) * percent // 100
    w.run_until(due - 1)
    assert not w.a.has(tp, "shadow"), "a shadow before SHADOW"
    w.run_until(due)
    assert w.a.has(tp, "shadow/cert.pem"), "no shadow at SHADOW"
    assert w.a.dates(tp, "shadow/cert.pem") == (end, end + lifetime * DAY), w.a.dates(tp, "shadow/cert.pem")
    assert (w.a.key(tp) == w.a.key(tp, "shadow/key.pem")) != regenerate, "the key"
    w.a.whole(tp, due)
    w.a.whole(tp, end, "shadow")
    waits = w.a.serial(tp, "shadow/cert.pem")
    w.run_until(end - 1)
    assert w.a.serial(tp) != waits, "activated early"
    w.a.whole(tp, end - 1)
    w.run_until(end)
    assert w.a.serial(tp) == waits and not w.a.has(tp, "shadow"), "not activated at the switch"
    w.a.whole(tp, end)


def generations(more, regenerate):
    w = World({"R1": ["auto-enroll 80" + more]})
    until(lambda: w.a.has("R1", "active/cert.pem"), "it enrols")
    for n in range(1, 3):
        end = BORN + n * 200 * DAY
        life(w, "R1", 80, 50, end)
        crossing(w, "R1", 80, end, 50, regenerate)
        assert len(os.listdir(w.a.path("R1", "ca.d"))) == 1, "the ended CA is still there"
    life(w, "R1", 80, 50, BORN + 600 * DAY)
    w.stop()


@case("three generations with the same key, each timer at its second")
def same_key():
    generations("", False)


@case("three generations with a new key each time (regenerate), each timer at its second")
def new_keys():
    generations(" regenerate", True)


if __name__ == "__main__":
    daemon.main()
