"""simulate.py - keymuster simulate: its exit codes, and its text, JSON and picture agree.

Arguments: keymusterd, keymuster, client.
"""
import datetime
import json
import os
import re
import xml.etree.ElementTree

import daemon
from daemon import KEYMUSTER, case, run

EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../examples")
ROOTCA, SPOKE = (os.path.join(EXAMPLES, name) for name in ("rootca.conf", "spoke.conf"))
HERE = daemon.directory()
CLIENT = "crypto pki trustpoint %s\n enrollment url http://127.0.0.1:8080\n%s"
FIVE = "--years", "5", "--clients", "9"
WITHOUT = "no auto-enroll: it does not ask by itself"


def file(name, text):
    path = os.path.join(HERE, name)
    with open(path, "w") as f:
        f.write(text)
    return path


MIXED = file("mixed", CLIENT % ("A", " auto-enroll 80 regenerate\n") + CLIENT % ("B", ""))


def simulate(*words, code):
    return run(KEYMUSTER, "simulate", *words, code=code)


def all_three(*words, code):
    """Text, JSON as octets, picture as octets."""
    paths = [os.path.join(HERE, name) for name in ("out.json", "out.svg")]
    ran = simulate(*words, "--json", paths[0], "--svg", paths[1], code=code)
    octets = [ran.out.encode()]
    for path in paths:
        with open(path, "rb") as f:
            octets.append(f.read())
        os.remove(path)
    assert ran.err == "", ran.err
    return octets


def rows(text):
    """The table of generations: number, dates, counts."""
    return [line.split() for line in re.findall(r"^ *\d+  \d{4}-\d\d-\d\d  .*$", text, re.M)]


def same_numbers(text, one):
    """Each number and name of the text is the JSON's."""
    facts = one["server"], one["clients"], one["from"][:10], one["until"][:10], one["faults"], one["seed"]
    assert text.startswith("%s: %d clients from %s to %s, faults %s, seed %d\n" % facts), (text, facts)
    found = [[str(g["number"]), g["from"][:10], g["until"][:10]] +
             [str(g[k]) for k in ("certificates", "renewals", "shadows", "ready", "left_behind")] for g in one["generations"]]
    assert rows(text) == found, (text, found)
    for g, follower in followed(one):
        assert "%s  CA certificate %d made" % (g["made"], g["number"]) in text, text
        assert g["replaced"] is None or "%s  CA certificate %d takes over" % (g["replaced"], follower["number"]) in text, text
        assert g["cancelled"] is None or "%s  CA certificate %d cancelled" % (g["cancelled"], g["number"]) in text, text
    assert "requests at the CA: %d, at most %d a day" % (one["requests"], max(one["requests_a_day"])) in text, text
    assert sum(one["requests_a_day"]) == one["requests"], one
    assert [int(n) for n in re.findall(r"^\d{4} +(\d.*)$", text, re.M) for n in n.split()] == months(one), (text, months(one))
    left = [(r["at"][:10], r["client"], r["why"], (r["back"] or "")[:10]) for r in one["left_behind"]]
    assert re.findall(r"^  (\S+)  (\S+) +(.*?)(?: \(back on (\S+)\))?$", text[text.index("left behind:"):], re.M) == left, (text, left)
    assert "left behind: %s\n" % (len(left) or "nobody") in text, text


def followed(one):
    """Each CA with the one behind it, beside those that were cancelled."""
    kept = [g for g in one["generations"] if g["cancelled"] is None]
    return [(g, next((k for k in kept if k["number"] > g["number"]), None)) for g in one["generations"]]


def instant(text):
    return int(datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z").timestamp())


def months(one):
    """Of the days that begin in each."""
    sums = {}
    for day, n in enumerate(one["requests_a_day"]):
        month = datetime.datetime.fromtimestamp(instant(one["from"]) + day * 86400, datetime.timezone.utc).strftime("%Y-%m")
        sums[month] = sums.get(month, 0) + n
    return list(sums.values())


def same_picture(picture, one, years):
    """Bars, pale ones, lines of switches, marks of who is left behind and the area of requests stand where the JSON says."""
    root, name = xml.etree.ElementTree.fromstring(picture), "{http://www.w3.org/2000/svg}"

    def drawn(tag, kind, *what):
        return [tuple(int(e.get(w)) for w in what) for e in root.iter(name + tag) if e.get("class") == kind]

    def x(text):
        inside = min(max(instant(text) - instant(one["from"]), 0), years * 365 * 86400)
        return 70 + inside * 1100 // (years * 365 * 86400)
    ca = one["generations"]
    lives = [(x(g["from"]), x(g["until"])) for g in ca]
    assert drawn("rect", "ca", "x", "y", "width") == [(a, 70 + 26 * i, max(b - a, 1)) for i, (a, b) in enumerate(lives)], (picture, one)
    assert drawn("rect", "next", "x", "width") == [(x(g["made"]), max(a - x(g["made"]), 0)) for g, (a, _) in list(zip(ca, lives))[1:]], (picture, one)
    assert drawn("line", "switch", "x1", "x2") == [(x(g["replaced"]),) * 2 for g in ca if g["replaced"]], (picture, one)
    before = {follower["number"]: g for g, follower in followed(one) if follower and g["cancelled"] is None}
    assert drawn("circle", "left", "cx") == [(x(before[g["number"]]["until"]),) for g in ca if g["left_behind"]], (picture, one)
    days, bottom = one["requests_a_day"], 70 + 26 * len(ca) + 44 + 180
    height = {}
    for day, n in enumerate(days):  # the first column that has a share of it
        column = next(c for c in range(1101) if len(days) * (c + 1) // 1101 > day)
        height[column] = max(height.get(column, 0), n)
    path = next(e.get("d") for e in root.iter(name + "path") if e.get("class") == "area")
    points = {int(a) - 70: bottom - int(b) for a, b in re.findall(r"L(\d+) (\d+)(?!Z|\d)", path)}
    assert {c: points[c] for c in height} == {c: n * 180 // max(days) for c, n in height.items()}, (path, one)


@case("the source's example: exit 0, nobody left behind; text, JSON and picture say the same")
def good():
    text, numbers, picture = all_three(ROOTCA, SPOKE, *FIVE, code=0)
    text, one = text.decode(), json.loads(numbers)
    same_numbers(text, one)
    same_picture(picture, one, 5)
    assert one["left_behind"] == [] and one["asked_too_early"] == 0 and "violation" not in one, one
    first, second = one["generations"][:2]
    assert (first["made"], first["until"]) == ("2026-01-01T00:00:00Z", "2028-01-01T00:00:00Z"), first
    assert (second["made"], second["from"]) == ("2027-10-03T00:00:00Z", first["replaced"]), second  # 90 days before
    assert second["shadows"] == second["ready"] == one["clients"] == 9, second
    assert title(picture) == "ROOTCA: 9 clients, 0 left behind"


def title(picture):
    root = xml.etree.ElementTree.fromstring(picture)
    name = "{http://www.w3.org/2000/svg}"
    assert root.tag == name + "svg", root.tag
    return next(t.text for t in root.iter(name + "text") if t.get("class") == "title")


@case("somebody is left behind: exit 6, and it says who, when and why")
def left():
    text, numbers, picture = all_three(ROOTCA, MIXED, *FIVE, code=6)
    text, one = text.decode(), json.loads(numbers)
    same_numbers(text, one)
    same_picture(picture, one, 5)
    assert {r["kind"] for r in one["left_behind"]} == {"B"} and {r["why"] for r in one["left_behind"]} == {WITHOUT}, one
    assert len(one["left_behind"]) == 8 and "  2027-12-31  r6       %s (back on " % WITHOUT in text, text  # four of nine, twice
    assert title(picture) == "ROOTCA: 9 clients, 8 left behind"


@case("S57: without auto-rollover all are left behind at the CA's end, and it says why")
def never_followed():
    with open(ROOTCA) as f:
        alone = file("alone", f.read().replace("auto-rollover 90", ""))
    for faults in ("none", "heavy"):
        text, numbers, _ = all_three(alone, SPOKE, *FIVE, "--faults", faults, code=6)
        one = json.loads(numbers)
        same_numbers(text.decode(), one)
        assert [r["why"] for r in one["left_behind"]] == ["no auto-rollover: no next CA was made"] * 9, one


@case("the same seed gives the same octets, with faults too; another seed others")
def again():
    words = ROOTCA, SPOKE, *FIVE, "--faults", "heavy", "--seed"
    first, other = all_three(*words, "3", code=None), all_three(*words, "4", code=None)
    assert first == all_three(*words, "3", code=None)
    assert all(a != b for a, b in zip(first, other))
    same_numbers(first[0].decode(), json.loads(first[1]))
    same_picture(first[2], json.loads(first[1]), 5)


@case("the trustpoints of several files share the clients; one server there must be")
def several():
    late = file("late", CLIENT % ("C", " auto-enroll shadow-only\n"))  # its operator renews it
    one = json.loads(all_three(MIXED, ROOTCA, late, *FIVE, code=6)[1])
    assert one["clients"] == 9 and {r["kind"] for r in one["left_behind"]} == {"B"}, one
    assert sum(r["generation"] == 1 for r in one["left_behind"]) == 3, one
    for files, servers in (([SPOKE], 0), ([ROOTCA, SPOKE, file("second", "crypto pki server SECOND\n")], 2)):
        assert simulate(*files, code=1).err == "%% these files have %d 'crypto pki server' blocks, and a simulation has one\n" % servers


@case("an overlap and auto-rollover of more than a life: the next CA but one is made at the switch, and nobody is left behind")
def long_overlap():
    with open(ROOTCA) as f:
        long = file("long", f.read().replace("auto-rollover 90", "auto-rollover 400 overlap 400"))
    one = json.loads(all_three(long, SPOKE, *FIVE, code=0)[1])
    made, replaced = ([g[what] for g in one["generations"]] for what in ("made", "replaced"))
    assert made[1] == "2026-11-27T00:00:00Z" and made[2:] == replaced[:-2] and len(made) == 6, one["generations"]


@case("usage: exit 2, and what is wrong; a file that cannot be read or written: exit 1, with its name")
def wrong():
    ranges = {"clients": "1 to 1000000", "years": "1 to 1000", "seed": "0 to 2147483647"}
    for option, text, says in [("--" + name, text, "'--%s' takes a number from %s, not '%s'" % (name, numbers, text))
                               for name, numbers in ranges.items() for text in ("-1", "99999999999999999999", "9x", "")] + [
            ("--faults", "some", "'--faults' takes none, light or heavy, not 'some'"),
            ("--client", "0", "'--clients' takes"), ("--slow", "1", "unrecognized option '--slow'"),
            ("-x", "1", "invalid option -- 'x'")]:
        ran = simulate(ROOTCA, option, text, code=2)
        assert ran.out == "" and ran.err.startswith("simulate: " + says) and "usage: keymuster simulate" in ran.err, ran.err
    assert "one to 16 configurations, not 0\n" in simulate("--years", "5", code=2).err
    assert "one to 16 configurations, not 17\n" in simulate(*[ROOTCA] * 17, code=2).err
    assert "option '--json' requires an argument" in simulate(ROOTCA, "--json", code=2).err
    assert HERE + "/absent" in simulate(HERE + "/absent", code=1).err
    assert simulate(file("bad", "crypto pki server A\n grnat auto\n"), code=1).err.startswith(HERE + "/bad:2:2: ")
    for option in "--json", "--svg":
        ran = simulate(ROOTCA, SPOKE, *FIVE, option, HERE + "/absent/out", code=1)
        assert ran.err == "%% cannot write '%s/absent/out': No such file or directory\n" % HERE, ran.err
        assert ran.out.endswith("left behind: nobody\n"), ran.out


if __name__ == "__main__":
    daemon.main()
