"""agent_small.py - keymuster-agent is small: its file, its memory, and what it does not bring along.

Arguments: keymusterd, keymuster, client, keymuster-agent, and "sizes" where the build is one whose sizes count.
"""
import os
import re
import sys

import daemon
from daemon import case, run, until
from trustpoint import AGENT, World

FILE_MAX = 2 * 1024 * 1024
MEMORY_MAX = 8 * 1024 * 1024
FOREIGN = re.compile(r"^(json_(object|array|dump|load|string|integer|delete)|sqlite3_|SSL_|SSL_CTX_|evhttp_|front_main|http_|store_open|ca_open|ca_turn)")
counts = len(sys.argv) > 5 and sys.argv[5] == "sizes"


def symbols(*words):
    return [line.split()[-1].partition("@")[0] for line in run("nm", *words, AGENT, code=0).out.splitlines() if line.split()]


@case("no symbol of an HTTP server, of libssl, SQLite, jansson, an authority or its store")
def foreign():
    names = symbols() + symbols("-D")
    assert "main" in names and "tp_step" in names, "not the symbols of the agent"
    found = sorted({n for n in names if FOREIGN.match(n)})
    assert not found, found
    libraries = run("ldd", AGENT, code=0).out
    assert not re.search(r"libssl|sqlite|jansson|libcurl|libedit", libraries), libraries


@case("stripped it has at most 2 MiB")
def small_file():
    path = daemon.directory() + "/stripped"
    run("strip", "-o", path, AGENT, code=0)
    size = os.path.getsize(path)
    print("# %d octets" % size)
    assert not counts or size <= FILE_MAX, size


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
        return [int(p) for p in f.read().split()]


def dirty(pid):
    with open("/proc/%d/smaps_rollup" % pid) as f:
        return int(re.search(r"Private_Dirty: +(\d+) kB", f.read())[1]) * 1024


@case("with a hook and a certificate all its processes have at most 8 MiB of memory that is theirs alone")
def small_memory():
    w = World({"R1": ["auto-enroll 80", "hook /bin/true"]})
    until(lambda: w.a.has("R1", "active/cert.pem"), "it enrols")
    pids = [w.a.process.pid] + children(w.a.process.pid)
    assert len(pids) == 5, "supervisor, core, signer, courier, hooks: %s" % pids
    each = [dirty(pid) for pid in pids]
    print("# %d octets: %s" % (sum(each), each))
    assert not counts or sum(each) <= MEMORY_MAX, each
    w.stop()


if __name__ == "__main__":
    daemon.main()
