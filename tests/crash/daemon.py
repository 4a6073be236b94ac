# daemon.py - what the crash tests share: a daemon to be killed, its store, TAP.
"""Programs come in the environment: KEYMUSTERD, BIN_KEYMUSTER, BIN_LOAD, BIN_LETTERS. Waits are for events, with a deadline."""
import glob
import hashlib
import http.client
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../lib'))
from ports import free_port  # noqa: E402

ISSUED, OPEN = 1, 0  # states of a certificate
WAITING = 1  # state of a request
SUCCESS, PENDING = 0, 3  # pkiStatus


class Tap:
    def __init__(self):
        self.count = self.bad = 0

    def rule(self, sentence, faults=()):
        """Holds when there are no faults."""
        faults = list(faults)
        self.count += 1
        self.bad += bool(faults)
        print(f'{"not ok" if faults else "ok"} {self.count} - {sentence}')
        for fault in faults[:20]:
            print(f'# {fault}')
        sys.stdout.flush()
        return not faults

    def end(self):
        print(f'1..{self.count}')
        return 1 if self.bad or not self.count else 0


def run(test):
    """test(tap, directory); whatever it raises is a failed rule, and the daemon's log is shown."""
    tap = Tap()
    directory = tempfile.mkdtemp(prefix='keymuster-crash-')
    try:
        test(tap, directory)
    except Exception:  # a test that breaks is a test that fails
        tap.rule('the test ran to its end', traceback.format_exc().splitlines()[-20:])
    finally:
        Daemon.end_all()
    if tap.bad:
        for path in sorted(glob.glob(directory + '/**/*.log', recursive=True)):
            if os.path.basename(path).startswith('signer-'):
                continue  # octets
            with open(path, errors='replace') as log:
                print(''.join(f'# {os.path.basename(path)}: {line}' for line in log.readlines()[-40:]), end='')
    shutil.rmtree(directory)
    sys.exit(tap.end())


def until(seconds, what, happened):
    """Wait for an event; it is looked for behind the deadline, too."""
    deadline = time.monotonic() + seconds
    while True:
        late = time.monotonic() > deadline
        got = happened()
        if got:
            return got
        if late:
            raise TimeoutError(f'{what}: not within {seconds} s')
        time.sleep(0.01)


def is_gone(pid):
    try:
        with open(f'/proc/{pid}/stat') as f:
            return f.read().rpartition(')')[2].split()[0] == 'Z'
    except OSError:
        return True


class Daemon:
    running = []

    def __init__(self, binary, directory, servers, name='daemon', more=''):
        """servers: {'ROOTCA': 'auto', ...}: name and granting mode; more: lines of each."""
        self.binary, self.servers = binary, servers
        self.conf = os.path.join(directory, f'{name}.conf')
        self.state = os.path.join(directory, f'{name}.state')
        self.run = os.path.join(directory, f'{name}.run')
        self.log = os.path.join(directory, f'{name}.log')
        self.port = free_port()
        self.process = None
        with open(self.conf, 'w') as f:
            f.write(f'clock calendar-valid\nip http listen 127.0.0.1 {self.port}\n')
            for server, grant in servers.items():
                f.write(f'crypto pki server {server}\n issuer-name CN={server},O=Crash\n grant {grant}\n'
                        ' lifetime certificate 365\n lifetime ca-certificate 730\n' + more)

    @staticmethod
    def end_all():
        for daemon in list(Daemon.running):
            daemon.kill()

    def start(self, clock='real', **env):
        with open(self.log, 'a') as log:
            self.process = subprocess.Popen([self.binary, '-f', self.conf, '-s', self.state, '-r', self.run, '--clock', clock],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **env})
        Daemon.running.append(self)

    def ended_by_itself(self):
        return self.process.poll() is not None

    def ready(self, seconds=60):
        for server in self.servers:
            until(seconds, f'{server} answers', lambda: self.ended_by_itself() or self.get_ca(server))
            if self.ended_by_itself():
                raise RuntimeError(f'the daemon ended by itself with {self.process.returncode}')

    def children(self):
        try:
            with open(f'/proc/{self.process.pid}/task/{self.process.pid}/children') as f:
                return [int(pid) for pid in f.read().split()]
        except OSError:
            return []

    def died(self):
        """Roles of the children that a signal ended, as the supervisor says."""
        with open(self.log, errors='replace') as f:
            return re.findall(r"child died role='([a-z]+)'", f.read())

    def kill_child(self, pid):
        """Its name, or None if it has gone already."""
        try:
            with open(f'/proc/{pid}/cmdline') as f:
                role = f.read().partition('--role=')[2].strip('\0')
            os.kill(pid, signal.SIGKILL)
            return role or 'a child before its exec'
        except OSError:
            return None

    def kill(self):
        """The supervisor; returns when its children have followed it. Who stands makes no more of them."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        children = self.children()
        self.process.kill()
        self.process.wait()
        Daemon.running.remove(self)
        until(60, 'children end with their supervisor', lambda: all(map(is_gone, children)))

    def stop(self):
        self.process.terminate()
        code = self.process.wait(60)
        Daemon.running.remove(self)
        return [] if code == 0 else [f'the daemon ended with {code}']

    def url(self, server):
        return f'http://127.0.0.1:{self.port}/scep/{server}'

    def http(self, method, path, body=None):
        """Status and body; status 0: no answer."""
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=15)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            return 0, b''
        finally:
            connection.close()

    def get_ca(self, server):
        status, body = self.http('GET', f'/scep/{server}?operation=GetCACert')
        return body if status == 200 else None

    def get_crl(self, server):
        status, body = self.http('GET', f'/crl/{server}.crl')
        return body if status == 200 else None

    def command(self, *words):
        """Exit code and text of one command."""
        got = subprocess.run([os.environ['BIN_KEYMUSTER'], '-r', self.run, *words], capture_output=True, text=True, timeout=30)
        return got.returncode, got.stdout + got.stderr

    def store(self, server):
        """A copy of the store, log included, so that nothing is changed by looking; both of one moment, if the daemon runs."""
        paths = [os.path.join(self.state, 'servers', server, f'store.db{suffix}') for suffix in ('', '-wal')]

        def stamps():
            return [(os.stat(path).st_mtime_ns, os.stat(path).st_size) for path in paths if os.path.exists(path)]

        def copied():
            copy, before = tempfile.mkdtemp(dir=os.path.dirname(self.state)), stamps()
            for path in paths:
                if os.path.exists(path):
                    shutil.copy(path, copy)
            return stamps() == before and copy

        return Store(os.path.join(until(60, 'the store rests', copied), 'store.db'))


class Store:
    def __init__(self, path):
        self.db = sqlite3.connect(path)

    def rows(self, query, *values):
        return self.db.execute(query, values).fetchall()

    def one(self, query, *values):
        return self.rows(query, *values)[0][0]

    def issued(self):
        """SHA-256 of each certificate: its serial number."""
        return {hashlib.sha256(body).hexdigest(): serial.hex().upper()
                for body, serial in self.rows('SELECT body, serial FROM certificate WHERE state = ?', ISSUED)}

    def serial_faults(self):
        return [f'{len(rows)} certificates have the serial number {rows[0][0].hex()}' for rows in
                (self.rows('SELECT serial FROM certificate WHERE serial = ?', serial) for serial, in
                 self.rows('SELECT serial FROM certificate GROUP BY serial HAVING count(*) > 1'))]

    def open_faults(self):
        return [f'intent {intent} is neither finished nor void' for intent, in
                self.rows('SELECT intent FROM certificate WHERE state = ?', OPEN)]

    def subject_faults(self, each=1):
        """Each subject has so many certificates."""
        return [f'{n} certificates for subject {subject.hex()}' for subject, n in
                self.rows('SELECT subject, count(*) FROM certificate WHERE state = ? GROUP BY identity HAVING count(*) <> ?',
                          ISSUED, each)]

    def audit_faults(self):
        """The chain, recomputed; and one record for each certificate."""
        def sized(text):
            octets = text.encode()
            return len(octets).to_bytes(4, 'big') + octets

        chain, faults, issues = bytes(32), [], 0
        for number, (sequence, at, actor, act, thing, found) in enumerate(
                self.rows('SELECT sequence, at, actor, act, object, hash FROM audit ORDER BY sequence'), 1):
            chain = hashlib.sha256(chain + sequence.to_bytes(8, 'big') + at.to_bytes(8, 'big', signed=True) + sized(actor) +
                                   sized(act) + sized(thing)).digest()
            issues += act == 'issue'
            if sequence != number or found != chain:
                return [f'audit record {sequence} does not fit the chain']
        intents = self.one('SELECT count(*) FROM certificate')
        if issues != intents:
            faults.append(f'{issues} audit records for {intents} certificates')
        return faults


def load(daemon, server, *options, seconds=110):
    """The load generator to its end: exit code, figures, text."""
    got = subprocess.run([os.environ['BIN_LOAD'], *map(str, options), daemon.url(server)], capture_output=True, text=True,
                         timeout=seconds)
    return got.returncode, figures(got.stdout), got.stderr


def figures(text):
    return {words[0]: float(words[1]) for words in map(str.split, text.splitlines()) if len(words) > 1}


def received(path):
    """The tester's own log: [SHA-256, serial number] of each certificate. A last line without its end was not counted."""
    try:
        with open(path) as f:
            return [line.split(' ')[:2] for line in f if line.endswith('\n')]
    except FileNotFoundError:
        return []


def unknown_faults(store, log):
    """What was received and is not in the store."""
    issued = store.issued()
    return [f'received certificate {sha256} with serial number {serial} is unknown to the store'
            for sha256, serial in log if issued.get(sha256, '').lstrip('0') != serial.lstrip('0')]
