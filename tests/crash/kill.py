# kill.py - processes die at random under load, nothing is lost.
"""Usage: kill.py KEYMUSTERD. 20 kills, 200 with KEYMUSTER_SOAK=1; KEYMUSTER_SEED repeats a run."""
import os
import random
import subprocess
import sys
import time

from daemon import WAITING, Daemon, figures, load, received, run, unknown_faults

KILLS = 200 if os.environ.get('KEYMUSTER_SOAK') else 20
ROUND = 1000  # enrolments of one load
ROUNDS_LEAST = 2
ROUNDS_OWN = 12  # with requests of their own, for as many keys there are; later rounds repeat them
PAUSE = 0.05, 0.9  # seconds between kills
CLIENTS = 8
WAITERS = 20
SECONDS = 300 * KILLS / 20  # for all kills


class Loads:
    """Rounds of load, one behind the other, while processes are killed."""

    def __init__(self, daemon, server, directory):
        self.daemon, self.server, self.directory = daemon, server, directory
        self.rounds, self.process, self.faults = 0, None, []
        self.log = os.path.join(directory, 'received')

    def distinct(self):
        return min(self.rounds, ROUNDS_OWN)

    def options(self, n):
        n %= ROUNDS_OWN
        return ['--count', str(ROUND), '--first', str(n * ROUND), '--connections', str(CLIENTS), '--deadline', '60',
                '--requests', os.path.join(self.directory, f'requests-{n}')]

    def start(self):
        self.seen = len(received(self.log))
        self.process = subprocess.Popen(
            [os.environ['BIN_LOAD'], *self.options(self.rounds), '--received', self.log, self.daemon.url(self.server)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.rounds += 1

    def fires(self):
        """Certificates arrive: it is not signing requests or opening answers."""
        n = len(received(self.log)) - self.seen
        return self.process.poll() is None and 0 < n < ROUND

    def end(self):
        out, err = self.process.communicate(timeout=100)
        if self.process.returncode != 0 or figures(out).get('failures') != 0:
            self.faults.append(f'load {self.rounds}: exit code {self.process.returncode}: {err.strip()} {out}')


def kill_one(daemon, chance):
    """One of supervisor and children; its name."""
    targets = [None, *daemon.children()]
    pid = chance.choice(targets)
    if pid is not None:
        return daemon.kill_child(pid)
    daemon.kill()
    daemon.start()
    return 'supervisor'


def storm(daemon, loads, chance):
    """Kills at random moments while a load fires. Names of the dead."""
    dead, deadline = [], time.monotonic() + SECONDS
    loads.start()
    while len(dead) < KILLS and time.monotonic() < deadline:
        time.sleep(chance.uniform(*PAUSE))
        if daemon.ended_by_itself():
            raise RuntimeError(f'the daemon ended by itself with {daemon.process.returncode}')
        if loads.process.poll() is not None:
            loads.end()
            loads.start()
        if loads.fires():
            name = kill_one(daemon, chance)
            dead += [name] if name else []
    loads.end()
    while loads.rounds < ROUNDS_LEAST:
        loads.start()
        loads.end()
    return dead


def repeat_faults(loads):
    """Every request once more: the same certificate."""
    compared = 0
    for n in range(loads.distinct()):
        code, got, text = load(loads.daemon, loads.server, *loads.options(n), '--compare', loads.log, '--gnutls', 10)
        compared += got.get('compared', 0)
        if code != 0:
            yield f'repeat of load {n + 1}: exit code {code}, {got.get("compared_differ")} differ: {text.strip()}'
    if compared < loads.rounds * ROUND:
        yield f'{compared} certificates were compared, {loads.rounds * ROUND} requests answered'


def manual(daemon, directory, *options):
    return load(daemon, 'MANUAL', '--count', WAITERS, '--connections', CLIENTS, '--expect', 'pending', '--requests',
                os.path.join(directory, 'requests-manual'), *options)


def test(tap, directory):
    seed = int(os.environ.get('KEYMUSTER_SEED', time.time_ns() % 1000000))
    print(f'# seed {seed}')
    daemon = Daemon(sys.argv[1], directory, {'ROOTCA': 'auto', 'MANUAL': 'manual'})
    daemon.start()
    daemon.ready()
    code, _, text = manual(daemon, directory)
    tap.rule(f'{WAITERS} requests wait for an operator', [text] if code else [])

    loads = Loads(daemon, 'ROOTCA', directory)
    dead = storm(daemon, loads, random.Random(seed))
    print('# killed: ' + ', '.join(f'{dead.count(name)} x {name}' for name in sorted(set(dead))))
    tap.rule(f'{KILLS} processes were killed under the load of {CLIENTS} clients',
             [] if len(dead) == KILLS else [f'only {len(dead)}'])
    tap.rule('each enrolment had its certificate in the end, and OpenSSL verifies it', loads.faults)
    daemon.ready()
    tap.rule('each request gets the same certificate again, and GnuTLS verifies a sample', repeat_faults(loads))
    code, _, text = manual(daemon, directory, '--what', 'poll')
    tap.rule('who waited is told to go on waiting', [text] if code else [])
    tap.rule('the daemon ends in order', daemon.stop())

    store, log = daemon.store('ROOTCA'), received(loads.log)
    print(f'# {len(log)} certificates received, {len(store.issued())} stored')
    tap.rule('each certificate received is in the store', unknown_faults(store, log) if log else ['none was received'])
    expected, found = loads.distinct() * ROUND, len(store.issued())
    tap.rule('no request is lost or answered by two certificates',
             store.subject_faults() + ([] if found == expected else [f'{found} certificates for {expected} requests']))
    tap.rule('no serial number is there twice', store.serial_faults())
    tap.rule('whatever was begun is finished or void', store.open_faults())
    tap.rule('the audit is a chain and names each certificate', store.audit_faults())
    waiting = daemon.store('MANUAL').one('SELECT count(*) FROM request WHERE state = ?', WAITING)
    tap.rule('whoever waited for an operator waits still',
             [] if waiting == WAITERS else [f'{waiting} of {WAITERS} wait'])


run(test)
