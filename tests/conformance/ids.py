#!/usr/bin/env python3
# ids.py - which requirements do tests name, and does docs/CONFORMANCE.md say so?
"""Usage: ids.py check [ROOT] | list [ROOT] | update [ROOT]

list: every requirement named in a test, with the files. check: compares them with the table, prints TAP.
update: writes the files of the tests into the second column, keeping the words of both sides; rows without a
test keep their reason. A new ID needs a row of its own, written by hand.
"""
import os
import re
import sys

KINDS = 'HT CC CA NX PK AT MT RQ RP PO QR ST AL CP CR KR BAD'.split()
ID = re.compile(r'\b(' + '|'.join(KINDS) + r')-(\d{2,3})(?!\d)(?:(?: to |\.\.)(?:\1-)?(\d{2,3}))?')
ROW = re.compile(r'^\| ((?:' + '|'.join(KINDS) + r')-\d{2,3}) \| (.*?) \| (.*?) \|$')
SKIP_DIRS = {'corpus', 'data', 'docs', '__pycache__'}
TESTS = ('.c', '.h', '.py', '.sh', '.story')
OPEN = ('later: ', 'client: ', 'not yet: ')


def named(root):
    """{id: sorted files} for every ID in a test; "BAD-045 to BAD-053" in a file's header stands for no test."""
    found = {}
    for where, dirs, files in os.walk(os.path.join(root, 'tests')):
        dirs[:] = [d for d in dirs if d not in SKIP_DIRS]
        for name in files:
            path = os.path.join(where, name)
            if not name.endswith(TESTS) or os.path.samefile(path, __file__):
                continue
            with open(path, encoding='utf-8', errors='replace') as f:
                for line in f:
                    for m in ID.finditer(line):
                        if m[3] is None:
                            found.setdefault(f'{m[1]}-{m[2]}', set()).add(os.path.relpath(path, root))
    return {k: sorted(v) for k, v in found.items()}


def table(path):
    rows = {}
    with open(path, encoding='utf-8') as f:
        for line in f:
            m = ROW.match(line.rstrip('\n'))
            if m:
                rows[m[1]] = (m[2], m[3])
    return rows


def order(i):
    kind, number = i.split('-')
    return KINDS.index(kind), int(number)


def short(files):
    return ', '.join(f.removeprefix('tests/') for f in files)


class Tap:
    def __init__(self):
        self.n = self.bad = 0

    def rule(self, what, faults):
        self.n += 1
        self.bad += bool(faults)
        print(f'{"not " if faults else ""}ok {self.n} - {what}')
        for fault in faults:
            print(f'# {fault}')

    def end(self):
        print(f'1..{self.n}')
        return 1 if self.bad else 0


def check(root):
    tests, rows, tap = named(root), table(os.path.join(root, 'docs/CONFORMANCE.md')), Tap()
    tap.rule('every requirement that a test names has a row', [i for i in sorted(tests, key=order) if i not in rows])
    tap.rule('every row names the tests there are, or says why there is none', [
        f'{i}: the table says "{rows[i][1]}", the tests say "{short(tests.get(i, []))}"'
        for i in sorted(rows, key=order)
        if (rows[i][1] != short(tests[i]) if i in tests else not rows[i][1].startswith(OPEN))])
    tap.rule('there are rows of every kind', [k for k in KINDS if not any(i.startswith(k + '-') for i in rows)])
    return tap.end()


def update(root):
    path, tests = os.path.join(root, 'docs/CONFORMANCE.md'), named(root)
    with open(path, encoding='utf-8') as f:
        lines = f.read().split('\n')
    for n, line in enumerate(lines):
        m = ROW.match(line)
        if m and m[1] in tests:
            lines[n] = f'| {m[1]} | {m[2]} | {short(tests[m[1]])} |'
    with open(path, 'w', encoding='utf-8') as f:
        f.write('\n'.join(lines))
    return check(root)


def show(root):
    for i, files in sorted(named(root).items(), key=lambda e: order(e[0])):
        print(i, short(files))
    return 0


if __name__ == '__main__':
    words = {'check': check, 'list': show, 'update': update}
    if len(sys.argv) < 2 or sys.argv[1] not in words:
        sys.exit(__doc__)
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
    sys.exit(words[sys.argv[1]](os.path.abspath(sys.argv[2] if len(sys.argv) > 2 else here)))
