"""agent.py - an agent's core dies at each instant of an identity's life, the end is the same.

Usage: agent.py KEYMUSTERD KEYMUSTER CLIENT KEYMUSTER_AGENT, the last with crash points. A trustpoint enrols, renews,
takes its shadow certificate and switches, on a clock that steps, with a hook that is told of each event: once without a
crash, which says what points are passed how often. Then core dies at one passing in each life; the set comes back, and
in the end the same certificates are there and the hook has heard of each event. All the while the files of the active
identity are looked at: they are whole, and never of a CA that the bundle has not. In 'make check' one passing of
each point and so many more that they are TRIED, spread over the life, others each day; KEYMUSTER_SOAK: all;
KEYMUSTER_POINT=NAME:N: this one. At a few passings core stands still instead while the signer or the supervisor is killed, and in
soak some lives have a next CA that overlaps. INV-13
"""
import collections
import contextlib
import os
import re
import signal
import stat
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../interop"))
import daemon  # noqa: E402
from daemon import until  # noqa: E402
from trustpoint import BORN, DAY, World  # noqa: E402

TIMES = "  grant auto\n  lifetime ca-certificate 20\n  lifetime certificate 8\n  auto-rollover 4\n  lifetime crl 336\n"
RENEW = BORN + 8 * DAY * 80 // 100
LAST = RENEW + 8 * DAY * 80 // 100  # its certificate ends with the CA
END = BORN + 20 * DAY
SHADOW = LAST + (END - LAST) * 80 // 100
POINTS = """
    agent-opened agent-fetch-sent agent-fetched agent-job-sent agent-job-done agent-hook-sent agent-hook-done
    shelf-before-put shelf-after-put identity-public-files identity-whole identity-ca-files identity-ca-bundle
    identity-shadow-linked identity-before-link identity-linked lists-before lists-files
""".split()

TRIED = 25
OVERLAP = 1  # day, of some lives in soak


class Watch(threading.Thread):
    """Looks at the files of the active identity without a pause."""

    def __init__(self, agent):
        super().__init__(daemon=True)
        self.agent, self.broken, self.looks, self.over = agent, [], 0, False

    def target(self):
        try:
            return os.readlink(self.agent.path("R1", "active"))
        except OSError:
            return None

    def look(self):
        there, target = {}, self.target()
        if target is None:
            return
        try:
            for leaf in "cert.pem", "key.pem", "ca.pem", "fullchain.pem", "info.json":
                with open(self.agent.path("R1", target + "/" + leaf)) as f:
                    there[leaf] = f.read()
            with open(self.agent.path("R1", "ca-bundle.pem")) as f:
                bundle = f.read()
        except OSError as e:
            bundle = ""
            there = {str(e): ""}
        if self.target() != target:
            return  # it was switched meanwhile
        self.looks += 1
        self.broken += ["%s: %s is empty" % (target, leaf) for leaf, text in there.items() if not text]
        if bundle and there["ca.pem"] not in bundle:
            self.broken.append("%s: its CA is not in the bundle" % target)

    def run(self):
        while not self.over and not self.broken:
            self.look()
            time.sleep(0.0005)


def of_set(supervisor):
    """Role -> pid of the processes of an agent."""
    found = {}
    for pid in read("/proc/%d/task/%d/children" % (supervisor, supervisor)).split():
        role = re.search(r"--role=(\w+)", read("/proc/%s/cmdline" % pid))
        if role:
            found[role[1]] = int(pid)
    return found


def read(path):
    try:
        with open(path) as f:
            return f.read()
    except (FileNotFoundError, ProcessLookupError):
        return ""


class Killer(threading.Thread):
    """When core stands still at its point, another of the set dies; an agent whose supervisor did is started anew."""

    def __init__(self, life, who):
        super().__init__(daemon=True)
        self.life, self.who, self.over, self.done = life, who, threading.Event(), False

    def run(self):
        agent, stands = self.life.w.a, False
        while not stands and not self.over.wait(0.002):
            processes = of_set(agent.process.pid)
            stands = self.life.died() and ") T " in read("/proc/%d/stat" % processes.get("core", 0))
        if not stands:
            return
        os.kill(agent.process.pid if self.who == "supervisor" else processes[self.who], signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):  # its supervisor may have ended the set already
            os.kill(processes["core"], signal.SIGCONT)
        if self.who == "supervisor":
            agent.process.wait()
            until(lambda: not any(os.path.exists("/proc/%d" % p) for p in processes.values()), "its children end with it")
            agent.start()
        self.done = True
        self.over.wait()  # who was started by a thread ends with it


class Life:
    """One life, in which core may die once, or, WHO@NAME:N, another process of the set while core stands there."""

    def __init__(self, crash, overlap=0):
        who, _, crash = crash.rpartition("@")
        self.overlap = overlap * DAY
        self.heard_path = daemon.directory() + "/heard"
        hook = os.path.dirname(self.heard_path) + "/hook"
        with open(hook, "w") as f:
            f.write("#!/bin/sh\necho \"$1\" >> %s\n" % self.heard_path)
        os.chmod(hook, stat.S_IRWXU)
        self.mark = os.path.dirname(self.heard_path) + "/died"
        env = {"KEYMUSTER_CRASH": crash, "KEYMUSTER_CRASH_ONCE": self.mark}
        if who:
            env["KEYMUSTER_CRASH_STOP"] = "1"
        times = TIMES.replace("rollover 4\n", "rollover 4 overlap %d\n" % overlap) if overlap else TIMES
        self.w = World({"R1": ["auto-enroll 80 regenerate", "hook " + hook]}, times, env, cdp=True)
        self.killer = Killer(self, who) if who else None
        if who:
            self.killer.start()
        self.watch = Watch(self.w.a)
        self.watch.start()

    def died(self):
        return os.path.exists(self.mark) and os.path.getsize(self.mark) == 1

    def heard(self):
        try:
            with open(self.heard_path) as f:
                return f.read().split()
        except FileNotFoundError:
            return []

    def told(self, event, times):
        until(lambda: self.heard().count(event) >= times, "the hook hears %s %d times: %s" % (event, times, self.heard()))

    def listed(self):
        """A stranger verifies the active certificate under the list in the file."""
        a = self.w.a
        return a.has("R1", "crl.pem") and daemon.run(
            "openssl", "verify", "-crl_check", "-CAfile", a.path("R1", "ca-bundle.pem"), "-CRLfile", a.path("R1", "crl.pem"),
            "-attime", str(END), a.path("R1", "active/cert.pem")).code == 0

    def go(self):
        w, a = self.w, self.w.a
        until(lambda: a.has("R1", "active/cert.pem"), "it enrols")
        self.told("post-activate", 1)
        for n, due in (2, RENEW), (3, LAST):
            w.run_until(due)
            until(lambda due=due: a.dates("R1")[0] == due, "it renews\n" + a.log())
            self.told("post-activate", n)
        w.run_until(SHADOW)
        until(lambda: a.has("R1", "shadow/info.json"), "it has a shadow\n" + a.log())
        self.told("shadow-ready", 1)
        begins = END - self.overlap
        assert a.dates("R1", "shadow/cert.pem")[0] == begins
        w.run_until(END - 1)
        assert self.overlap or a.dates("R1")[1] == END
        w.run_until(END)
        until(lambda: a.dates("R1")[0] == begins and not a.has("R1", "shadow"), "it switches\n" + a.log())
        self.told("post-activate", 4)
        a.whole("R1", END)
        until(lambda: len(os.listdir(a.path("R1", "ca.d"))) == 1, "the ended CA goes")
        w.run_until(END + 300)  # the first try may meet an authority that switches
        until(lambda: self.listed(), "the list of the new CA is there\n" + a.log())
        until(lambda: self.watch.looks > 10 or self.watch.broken, "it is looked at")
        self.watch.over = True
        self.watch.join()
        assert not self.watch.broken, self.watch.broken
        order = [e for e in self.heard() if e != "pre-activate"]
        assert order.index("next-ca") < order.index("shadow-ready"), order
        if self.killer:
            assert self.killer.done, "nobody died"
        w.stop()
        if self.killer:
            self.killer.over.set()
            self.killer.join()
        return self


def counted(overlap):
    """Each passing of a life without a crash, as NAME:N, in order."""
    life = Life("?", overlap).go()
    with open(life.mark) as f:
        names = [line.strip() for line in f]
    count = collections.Counter()
    out = []
    for name in names:
        count[name] += 1
        if name in POINTS:
            out.append("%s:%d" % (name, count[name]))
    assert not set(POINTS) - set(count), "not passed: %s" % (set(POINTS) - set(count))
    return out


def passings(overlap=0):
    """Those of two lives: the last fetch may come once more, or not."""
    other = set(counted(overlap))
    return [p for p in counted(overlap) if p in other]


def part(every):
    """One of each name, and more at even steps of the life; others each day."""
    day, names = int(time.time() // 86400), {}
    for p in every:
        names.setdefault(p.partition(":")[0], []).append(p)
    tried = [group[(day + 7 * k) % len(group)] for k, group in enumerate(sorted(names.values()))]
    rest = [p for p in every if p not in tried]
    more = TRIED - len(tried)
    return tried + [rest[(day + k * len(rest) // more) % len(rest)] for k in range(more)]


def others(every, times):
    """Signer and supervisor, at passings of the life's second half: before it, the agent may not answer yet."""
    late = every[len(every) // 2:]
    day = int(time.time() // 86400)
    return ["%s@%s" % (who, late[(day * 7 + k * len(late) // times + n) % len(late)])
            for k in range(times) for n, who in enumerate(("signer", "supervisor"))]


def main():
    once = os.environ.get("KEYMUSTER_POINT")
    every = [once] if once else passings()
    soak = os.environ.get("KEYMUSTER_SOAK") and not once
    chosen = every if once or soak else part(every)
    failed = 0 if once else len(set(chosen)) < TRIED
    lives = [(c, 0) for c in chosen] + [(c, 0) for c in ([] if once else others(every, 10 if soak else 2))]
    lives += [(c, OVERLAP) for c in part(passings(OVERLAP))] if soak else []
    print("TAP version 13\n1..%d" % (len(lives) + 1))
    print("%s 1 - a life passes %d points, %d of them are tried" % ("not ok" if failed else "ok", len(every), len(set(chosen))))
    for n, (crash, overlap) in enumerate(lives, 2):
        try:
            for _ in range(3):  # a life may ask once less than the one that was counted: then it is lived anew
                life = Life(crash, overlap).go()
                if os.path.exists(life.mark):
                    break
            assert life.died(), "core did not die"
            print("ok %d - %s%s" % (n, crash, " with an overlap" if overlap else ""), flush=True)
        except Exception as e:  # noqa: BLE001
            failed += 1
            print("not ok %d - %s, overlap %d\n# %s" % (n, crash, overlap, str(e).replace("\n", "\n# ")), flush=True)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
