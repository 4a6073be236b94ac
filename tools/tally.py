#!/usr/bin/env python3
# tally.py - count TAP lines and show what failed.
"""Usage: tally.py FILE...

BUILD.N.json is a log of meson (testlog.json), FILE.tap the output of a script, whose exit code is in FILE.tap.rc.
Prints each failure in full, then what was skipped and why, at last "N passed, N failed"; exit 1 if anything failed or
nothing passed. Skipped is neither.
"""
import json
import re
import sys

LINE = re.compile(r'^(not )?ok\b[ \t]*(?:\d+)?[ \t]*-?[ \t]*(.*)$')
SKIP = re.compile(r'#\s*skip', re.IGNORECASE)
STDERR_LINES = 200


class Tally:
    def __init__(self):
        self.passed = self.failed = 0
        self.skipped = []

    def fail(self, where, what, *details):
        self.failed += 1
        print(f'not ok - {where}: {what}')
        for line in details:
            print(f'    {line}')

    def tap(self, where, out, err, sound, verdict):
        """Take in one program's TAP; sound says that it ended as it should."""
        lines = out.splitlines()
        seen = bad = 0
        for i, line in enumerate(lines):
            match = LINE.match(line)
            if not match:
                continue
            seen += 1
            if SKIP.search(line):
                self.skipped.append(f'{where}: {match[2]}')
            elif match[1]:
                bad += 1
                end = next((n for n in range(i + 1, len(lines)) if LINE.match(lines[n])), len(lines))
                # cmocka says on stderr why
                self.fail(where, match[2], *lines[i + 1:end], *(err.splitlines()[-STDERR_LINES:] if bad == 1 else []))
            else:
                self.passed += 1
        if not bad and not sound:
            self.fail(where, verdict, *lines[-20:], *err.splitlines()[-STDERR_LINES:])
        elif not seen:
            self.fail(where, 'printed no test line')

    def meson(self, path):
        build = path.split('/')[-1].split('.')[0]
        with open(path, encoding='utf-8') as log:
            for test in map(json.loads, log):
                where = f'{build}: {test["name"]}'
                out, err = test.get('stdout') or '', test.get('stderr') or ''
                sound = test['result'] in ('OK', 'EXPECTEDFAIL', 'SKIP')
                self.tap(where, out, err, sound, f'{test["result"]}, exit code {test.get("returncode")}')

    def script(self, path):
        with open(path, encoding='utf-8', errors='replace') as f, open(path + '.rc', encoding='utf-8') as rc:
            code = rc.read().strip()
            name = path.split('/')[-1].removesuffix('.tap')
            self.tap(name, f.read(), '', code == '0', f'exit code {code}')


tally = Tally()
for name in sys.argv[1:]:
    (tally.meson if name.endswith('.json') else tally.script)(name)
print(f'{len(tally.skipped)} skipped')
for line in tally.skipped:
    print(f'# skipped - {line}')
print(f'{tally.passed} passed, {tally.failed} failed')
sys.exit(1 if tally.failed or not tally.passed else 0)
