# points.py - core dies once at each named point, what was begun is finished. (BAD-135)
"""Usage: points.py KEYMUSTERD_CRASH. Each phase starts from the same state; the table says which points it passes how often."""
import os
import shutil
import subprocess
import sys
import time

from daemon import PENDING, SUCCESS, WAITING, Daemon, run, until
from letters import SERVER, Letters, command

COUNT = 6  # letters of a phase


class Scene:
    """A daemon in a copy of a prepared state, told where to die."""

    def __init__(self, directory, name, state, point, passing, grant, clock='real'):
        self.directory, self.name = directory, name
        self.marker = os.path.join(directory, f'{name}.died')
        self.daemon = Daemon(sys.argv[1], directory, {SERVER: grant}, name)
        if state:
            shutil.copytree(state, self.daemon.state)
        self.daemon.start(clock, **{'KEYMUSTER_CRASH': f'{point}:{passing}', 'KEYMUSTER_CRASH_ONCE': self.marker} if point else {})
        self.daemon.ready()
        self.ca = os.path.join(directory, f'{name}.ca')
        with open(self.ca, 'wb') as f:
            f.write(until(60, 'the CA certificate', lambda: self.daemon.get_ca(SERVER)))

    def has_died(self):
        return os.path.exists(self.marker) and os.path.getsize(self.marker) > 0

    def letters(self, kind, act, source):
        return Letters(os.path.join(self.directory, f'{self.name}.{kind}'), self.ca, act, source, COUNT)


def status_faults(answers, expected):
    return [f'letter {n}: pkiStatus {status}' for n, (status, _, _) in enumerate(answers) if status != expected]


def repeat_faults(letters, answers, daemon):
    again = letters.send(daemon)
    return [f'letter {n}: a repeat gives {b}, first came {a}' for n, (a, b) in enumerate(zip(answers, again)) if a != b]


def issue(scene, letters):
    answers = letters.send(scene.daemon)
    return status_faults(answers, SUCCESS) + repeat_faults(letters, answers, scene.daemon)


# Each phase: acts in a scene, gives its faults.

def first_start(scene, _):
    until(60, 'a revocation list', lambda: scene.daemon.get_crl(SERVER))
    return []


def enrol(scene, _):
    return issue(scene, scene.letters('enrol', 'enrol', 'client'))


def leave(scene, _):
    """A client asks once and never comes back: its certificate is finished without it."""
    letters = scene.letters('enrol', 'enrol', 'lost')
    with open(letters.path(0, 'ask'), 'rb') as f:
        scene.daemon.http('POST', f'/scep/{SERVER}?operation=PKIOperation', f.read())
    words = ['show', 'crypto', 'pki', 'server', SERVER, 'certificates']
    until(60, 'its certificate', lambda: 'cn=lost-0' in scene.daemon.command(*words)[1])
    return []


def grant(scene, _):
    letters = scene.letters('enrol', 'enrol', 'waiter')
    faults = status_faults(letters.send(scene.daemon), PENDING)
    for n in range(1, COUNT + 1):
        command(scene.daemon, 'crypto', 'pki', 'server', SERVER, 'grant', str(n))
    poll = scene.letters('poll', 'poll', letters.directory)

    def all_there():
        answers = poll.send(scene.daemon)
        return not status_faults(answers, SUCCESS) and answers

    answers = until(60, 'the certificates that were granted', all_there)
    return faults + [f'letter {n}: a repeat gives {b}, the poll gave {a}'
                     for n, (a, b) in enumerate(zip(answers, letters.send(scene.daemon))) if a != b]


def renew(scene, enrolled):
    return issue(scene, scene.letters('renew', 'renew', enrolled.directory))


def revoke(scene, enrolled):
    serials = [serial for _, serial, _ in enrolled.answers]
    for n, serial in enumerate(serials):
        command(scene.daemon, 'crypto', 'pki', 'server', SERVER, 'revoke', f'0x{serial}' if n % 2 else serial)
        until(60, 'a revocation list with it', lambda octets=bytes.fromhex(serial): octets in (scene.daemon.get_crl(SERVER) or b''))
    crl = until(60, 'a revocation list', lambda: scene.daemon.get_crl(SERVER))
    return [f'{serial} is not on the last list' for serial in serials if bytes.fromhex(serial) not in crl]


def ask_next(scene, _):
    """BAD-158, KR-12: by hand, for 'auto-rollover' is a matter of years."""
    before = until(60, 'the CA certificate', lambda: scene.daemon.get_ca(SERVER))
    command(scene.daemon, 'crypto', 'pki', 'server', SERVER, 'rollover')
    until(60, 'the next CA certificate', lambda: scene.daemon.http('GET', f'/scep/{SERVER}?operation=GetNextCACert')[0] == 200)
    after = until(60, 'the CA certificate', lambda: scene.daemon.get_ca(SERVER))
    return [] if after == before else ['the switch came early']


def switch(scene, _):
    """Nobody was there at the end of the active certificate."""
    new = scene.daemon.store(SERVER).one('SELECT cert FROM generation WHERE number = 2')
    until(60, 'the switch', lambda: scene.daemon.get_ca(SERVER) == new)
    until(60, 'a list of the new one', lambda: scene.daemon.get_crl(SERVER))
    switched = scene.daemon.store(SERVER).one('SELECT switched_at - not_after FROM generation WHERE number = 1')
    records = scene.daemon.store(SERVER).one("SELECT count(*) FROM audit WHERE act = 'switch to next CA certificate'")
    return [f'switched {switched} s behind the end, {records} records'] if (switched, records) != (0, 1) else []


def cancel(scene, _):
    """INV-22: the next CA was shown to somebody. What a crash leaves undone is taken back to the end."""
    words = ['crypto', 'pki', 'server', SERVER, 'rollover', 'cancel', 'force']

    def done():
        code, text = scene.daemon.command(*words)
        return code == 0 or 'does not exist' in text

    until(60, 'the cancel', done)
    last = 'SELECT count(*) FROM crl, generation WHERE generation = 2 AND generation.number = 2 AND next_update = not_after'
    until(60, 'the last list of the cancelled one', lambda: scene.daemon.store(SERVER).one(last) == 1)


    def answered():
        """Not by a front whose core is away."""
        status = scene.daemon.http('GET', f'/scep/{SERVER}?operation=GetNextCACert')[0]
        return status not in (0, 503) and status

    status = until(60, 'GetNextCACert is answered', answered)
    return [] if status == 404 else [f'GetNextCACert is answered with {status}']


class Facts:
    """What a store must keep, whatever happens."""

    def __init__(self, store):
        self.crl = store.one('SELECT coalesce(max(number), 0) FROM crl')
        self.given = store.one('SELECT coalesce(max(crl_number), 0) FROM generation')
        self.ca = store.one("SELECT coalesce(max(cert), x'') FROM generation WHERE number = 1")
        self.issued = store.issued()


def store_faults(scene, before, issued, revoked, generations):
    store = scene.daemon.store(SERVER)
    after = Facts(store)
    keys = os.listdir(os.path.join(scene.daemon.state, 'servers', SERVER, 'keys'))
    counts = {
        'certificates': (len(after.issued), issued),
        'revoked certificates': (store.one('SELECT count(*) FROM certificate WHERE revoked_at > 0'), revoked),
        'records of revocation': (store.one("SELECT count(*) FROM audit WHERE act = 'revoke'"), revoked),
        'waiting requests': (store.one('SELECT count(*) FROM request WHERE state = ?', WAITING), 0),
        'generations': (store.one('SELECT count(*) FROM generation'), generations),
        'keys in the signer': (sum(name.endswith('.key') for name in keys), generations),
    }
    faults = [f'{found} {what}, expected {expected}' for what, (found, expected) in counts.items() if found != expected]
    faults += store.open_faults() + store.serial_faults() + store.audit_faults()
    faults += store.subject_faults(max(1, issued // COUNT))
    if after.crl < 1 or after.given < after.crl:
        faults.append(f'list {after.crl} is kept, list {after.given} was given out')
    if before:
        faults += [f'certificate {sha256} is lost' for sha256 in before.issued if sha256 not in after.issued]
        if after.crl < before.crl or after.given < before.given:
            faults.append(f'revocation list went back from {before.crl}, {before.given} to {after.crl}, {after.given}')
        if after.ca != before.ca:
            faults.append('the CA has another certificate')
    return faults


TURNS = ['turn-before-commit', 'turn-after-commit', 'store-before-commit', 'store-after-commit']
TURN_ROWS = [(point, passing) for point in TURNS for passing in (1, 2, 4)]  # a first start takes four turns
PHASES = {  # state to start from, granting mode, certificates, revocations, points and passings
    first_start: (None, 'auto', 0, 0, TURN_ROWS + [('store-migrate', 1), ('crl-stored', 1)]),
    enrol: ('fresh', 'auto', COUNT, 0, TURN_ROWS + [('cert-settled', n) for n in (1, 2, 5)]),
    leave: ('fresh', 'auto', 1, 0, [('cert-settled', 1)]),
    grant: ('fresh', 'manual', COUNT, 0, TURN_ROWS + [('cert-settled', n) for n in (1, 2, 5)]),
    renew: ('enrolled', 'auto', 2 * COUNT, 0, TURN_ROWS + [('cert-settled', n) for n in (1, 2, 5)]),
    revoke: ('enrolled', 'auto', COUNT, COUNT, TURN_ROWS + [(p, n) for p in ('revoked', 'crl-stored') for n in (1, 2, 5)]),
    ask_next: ('fresh', 'auto', 0, 0, TURN_ROWS + [('crl-stored', 1), ('crl-stored', 2), ('announced', 1)]),
    switch: ('next', 'auto', 0, 0, [(point, passing) for point in TURNS for passing in (1, 2)] + [('switched', 1), ('crl-stored', 1)]),
    cancel: ('next', 'auto', 0, 0, [(point, passing) for point in TURNS for passing in (1, 2)] + [('cancelled', 1), ('crl-stored', 1)]),
}
GENERATIONS = {ask_next: 2, switch: 2, cancel: 2}
YEARS = 730 * 86400  # 'lifetime ca-certificate'


def prepare(directory):
    """States to start from: 'fresh' with a CA, 'enrolled' with clients, 'next' with a next CA; and the letters of 'enrolled'."""
    scene = Scene(directory, 'fresh', None, None, 0, 'auto')
    first_start(scene, None)
    scene.daemon.stop()
    fresh = scene.daemon
    scene = Scene(directory, 'enrolled', fresh.state, None, 0, 'auto')
    letters = scene.letters('enrol', 'enrol', 'client')
    letters.answers = letters.send(scene.daemon)
    scene.daemon.stop()
    following = Scene(directory, 'next', fresh.state, None, 0, 'auto')
    ask_next(following, None)
    following.daemon.stop()
    return {'fresh': fresh, 'enrolled': scene.daemon, 'next': following.daemon}, letters


def clock_of(phase):
    """An hour behind the end of the active certificate."""
    if phase is not switch:
        return 'real'
    return time.strftime('at=%Y-%m-%dT%H:%M:%SZ,rate=1', time.gmtime(time.time() + YEARS + 3600))


def test(tap, directory):
    only = os.environ.get('KEYMUSTER_PHASE')
    states, enrolled = prepare(directory)
    for phase, (state, mode, issued, revoked, rows) in PHASES.items():
        if only and only != phase.__name__:
            continue
        before = Facts(states[state].store(SERVER)) if state else None
        for point, passing in rows:
            name = f'{phase.__name__}-{point}-{passing}'
            try:
                scene = Scene(directory, name, states[state].state if state else None, point, passing, mode, clock_of(phase))
                faults = phase(scene, enrolled)
                until(60, 'core passes there', scene.has_died)
                scene.daemon.ready()
                faults += scene.daemon.stop()
                faults += store_faults(scene, before, issued, revoked, GENERATIONS.get(phase, 1))
            except (TimeoutError, RuntimeError, subprocess.SubprocessError) as broken:
                faults = [str(broken)]
                Daemon.end_all()
            tap.rule(f'{phase.__name__}: core dies at {point}, passing {passing}', faults)
            if not faults:
                os.remove(scene.daemon.log)


run(test)
