#!/usr/bin/env python3
"""The bugs of planted.txt: says whether each still fits the source, or plants one in a copy.

planted.py SOURCE           prints TAP
planted.py SOURCE BUG COPY  writes the files of SOURCE that BUG changes to COPY, and prints their paths
"""
import pathlib
import re
import sys

COUNT = 30
HEADS = {"finds", "why", "needs", "seed"}
INVARIANT = re.compile(r"(I|L|INV|KR|TF)-\d\d|P\d")


class Wrong(Exception):
    pass


def parse(lines):
    """Bugs in order: name, finds, why, perhaps needs and seed, and edits (file, what stands there, what is put there)."""
    bugs, bug, file, text = [], None, None, None
    for number, line in enumerate(lines, 1):
        head, _, rest = line.rstrip("\n").partition(" ")
        mark = line.rstrip("\n") if text is not None or line == "<<<\n" else ""
        if mark == "<<<":
            if file is None or text is not None:
                raise Wrong(f"line {number}: <<< out of place")
            text = [""]
        elif mark in ("===", ">>>"):
            if len(text) != (1 if mark == "===" else 2):
                raise Wrong(f"line {number}: {mark} out of place")
            text.append("")
            if mark == ">>>":
                bug["edits"].append((file, text[0], text[1]))
                text = None
        elif text is not None:
            text[-1] += line
        elif head == "bug" and rest and all(b["bug"] != rest for b in bugs):
            bug = {"bug": rest, "edits": []}
            bugs.append(bug)
            file = None
        elif head == "file" and rest and bug is not None:
            file = rest
        elif head in HEADS and rest and bug is not None and head not in bug:
            bug[head] = rest
        elif line.strip() and line[0] != "#":
            raise Wrong(f"line {number}: {line.strip()}")
    if text is not None:
        raise Wrong("the last edit does not end")
    return bugs


def planted(bug, source):
    """The files of the bug, with the bug in them."""
    texts = {}
    for path, old, new in bug["edits"]:
        text = texts.get(path) or (source / path).read_text()
        if old == new or text.count(old) != 1:
            raise Wrong(f"{path} has {text.count(old)} times:\n{old}".rstrip())
        texts[path] = text.replace(old, new)
    return texts


def look(bug, source):
    for head in ("finds", "why"):
        if head not in bug:
            raise Wrong(f"no {head}")
    for name in bug["finds"].split():
        if not INVARIANT.fullmatch(name):
            raise Wrong(f"{name} is no invariant")
    if not planted(bug, source):
        raise Wrong("nothing is changed")


def main(source, name=None, copy=None):
    bugs = parse((pathlib.Path(__file__).parent / "planted.txt").open())
    if name is not None:
        bug = next((b for b in bugs if b["bug"] == name), None)
        if bug is None:
            raise Wrong(f"no bug {name}")
        for path, text in planted(bug, source).items():
            (copy / path).parent.mkdir(parents=True, exist_ok=True)
            (copy / path).write_text(text)
            print(path)
        return 0
    bad = len(bugs) != COUNT
    print("TAP version 13")
    print(f"{'not ok' if bad else 'ok'} 1 - {COUNT} bugs: {len(bugs)}")
    for n, bug in enumerate(bugs, 2):
        try:
            look(bug, source)
            print(f"ok {n} - {bug['bug']}")
        except (Wrong, OSError) as why:
            bad = True
            print(f"not ok {n} - {bug['bug']}")
            print("\n".join(f"# {line}" for line in str(why).splitlines()))
    print(f"1..{len(bugs) + 1}")
    return bad


if __name__ == "__main__":
    if len(sys.argv) not in (2, 4):
        sys.exit(__doc__)
    try:
        sys.exit(main(pathlib.Path(sys.argv[1]), *sys.argv[2:3], *map(pathlib.Path, sys.argv[3:])))
    except (Wrong, OSError) as e:
        sys.exit(f"planted: {e}")
