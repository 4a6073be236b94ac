# rollover.py - core or the signer dies at each instant of a rollover, the end is the same.
"""Usage: rollover.py KEYMUSTERD_CRASH. A CA with two clients and one revoked is carried over, on a clock that steps, once
without a crash: that run says which points it passes how often. Then core dies at one of these passings in each run, the
signer at one of the points signer-*; the set comes back, the clock goes on, and what is there in the end is compared. The
same with an overlap, where there are link certificates too. BIRTH, LIFE and LINKS name the passings of 'make check'; with
KEYMUSTER_SOAK it is all of them. KEYMUSTER_POINT=NAME:N tries one. How they count: docs/CRASH-POINTS.md. (BAD-135, INV-05)"""
import calendar
import collections
import functools
import os
import re
import shutil
import subprocess
import sys
import time

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '../interop'))
from daemon import PENDING, SUCCESS, Daemon, run, until  # noqa: E402
from letters import SERVER, Letters, command  # noqa: E402
from stepclock import StepClock  # noqa: E402

DAY = 86400
BORN = calendar.timegm((2027, 1, 1, 0, 0, 0))
END = BORN + 730 * DAY  # the switch
NEXT = END - 90 * DAY  # the next CA is made
GONE = END + 7 * DAY  # the replaced key is destroyed, and who waits for it waits no more
PASSWORD = 'Rev0c$t1'
WORDS = f''' eckeypair EC 256
 ra rsakeypair RA 2048
 database archive pkcs12 password 0 {PASSWORD}
 lifetime crl 336
 auto-rollover 90'''
# NAME:N, counted from the begin of the part.
BIRTH = '''
    job-sent:1 job-done:1 key-made:1 ca-intended:1 job-done:2 ca-made:1 crl-intended:1 crl-stored:1 crl-stored:2 job-done:5
    ra-intended:1 cert-settled:1 ra-made:1 archive-written:1 archived:1 announced:1
    signer-opened:1 signer-key-made:1 signer-key-stored:1 signer-log-written:1 signer-log-synced:1
'''
LIFE = '''
    cert-intended:1 shadow-noted:1 client-noted:1 cert-settled:1 reply-made:1 revoked:1 shadow-noted:2 crl-stored:2
    cert-settled:2 reply-made:3 crl-intended:2 switched:1 job-sent:10 shadow-answered:1 request-stored:1 cert-intended:3 reply-made:9
    requests-expired:1 forgotten:1
    signer-log-written:1 signer-log-synced:2 signer-key-removed:1
'''
LINKS = 'links-intended:1 job-sent:9 cert-settled:2 job-done:9 cert-settled:3'
WANTED, WANTED_SIGNER = 40, 8
LOOSE = 'turn-', 'store-', 'signer-log-'  # how many events share a turn, or jobs a batch, is a matter of milliseconds


def words(overlap):
    return WORDS + (f' overlap {overlap}\n' if overlap else '\n')


def openssl(*args, give=None):
    """It trusts nobody by itself: otherwise each 'openssl x509' reads all that the machine trusts."""
    env = dict(os.environ, SSL_CERT_FILE=os.devnull)
    return subprocess.run(['openssl', *args], input=give, capture_output=True, check=True, timeout=30, env=env).stdout


def certificates(certs_only):
    """PEM of each, the CA's first."""
    text = openssl('pkcs7', '-inform', 'DER', '-print_certs', give=certs_only)
    return re.findall(b'-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n', text, re.S)


def key_id(cert):
    text = openssl('x509', '-noout', '-ext', 'subjectKeyIdentifier', give=cert).decode()
    return text.split('\n')[1].strip().replace(':', '')


def list_facts(der):
    """What a list says, its number aside: a list that was lost was signed with it."""
    text = openssl('crl', '-inform', 'DER', '-noout', '-text', give=der).decode()
    return [line.strip() for line in text.splitlines() if 'Update' in line or 'Date' in line or line.strip() in REASONS]


REASONS = 'Superseded', 'Unspecified', 'Cessation Of Operation', 'Key Compromise'


class Course:
    """A rollover, from a second before the next CA is made, or from when it is announced, until the replaced key is gone."""

    def __init__(self, directory, name, prepared, crash):
        self.directory, self.name, self.old, self.enrolled = directory, name, prepared.old, prepared.enrolled
        self.overlap = prepared.overlap
        self.marker, self.is_announced, self.facts = self.path('died'), prepared.is_announced, dict(prepared.facts)
        if self.is_announced:
            self.next, self.keys = prepared.next, prepared.keys
        self.daemon = Daemon(sys.argv[1], directory, {SERVER: 'auto'}, name, words(self.overlap))
        shutil.copytree(prepared.daemon.state, self.daemon.state)
        self.clock = StepClock(self.path('clock'), prepared.clock.now())
        self.start({'KEYMUSTER_CRASH': crash, 'KEYMUSTER_CRASH_ONCE': self.marker})

    def path(self, kind):
        return os.path.join(self.directory, f'{self.name}.{kind}')

    def start(self, env):
        self.daemon.start('step=' + self.clock.path, **env)
        self.daemon.ready()
        until(60, 'a revocation list', lambda: self.daemon.get_crl(SERVER))
        until(60, 'nobody at work', self.clock.settled)
        self.began = len(passings(self.marker))

    def letters(self, kind, act, ca, source, count):
        return Letters(self.path(kind), ca, act, source.directory, count, KEYMUSTER_CLOCK='step=' + self.clock.path)

    def get(self, operation):
        status, body = self.daemon.http('GET', f'/scep/{SERVER}?operation={operation}')
        return body if status == 200 else None

    def lists(self, serial):
        """Those of both generations, once they name the serial."""
        def named(key):
            status, body = self.daemon.http('GET', f'/crl/{key}.crl')
            return body if status == 200 and bytes.fromhex(serial) in body else None

        return [list_facts(until(60, f'the list of {key} names {serial}', lambda k=key: named(k))) for key in self.keys]

    def answers(self, what, letters, issuer=None):
        got = letters.send(self.daemon, issuer)
        again = letters.send(self.daemon, issuer)
        self.facts[what] = [status for status, _, _ in got], 'repeated: ' + ('the same' if got == again else f'{got}, {again}')
        return got

    def announced(self):
        self.clock.run_until(NEXT)
        os.mkdir(self.path('next'))
        with open(self.path('next/0.answer'), 'wb') as f:
            f.write(until(60, 'GetNextCACert is answered', lambda: self.get('GetNextCACert')))
        words = [os.environ['BIN_LETTERS'], 'next', self.old, self.path('next'), '1']
        subprocess.run(words, check=True, timeout=30)
        self.next = self.path('next/0.next')
        with open(self.next, 'rb') as f, open(self.old, 'rb') as g:
            next_certs, old_certs = certificates(f.read()), certificates(g.read())
        self.keys = [key_id(certs[0]) for certs in (old_certs, next_certs)]
        self.is_announced, self.born = True, len(passings(self.marker))
        self.facts['announced'] = [openssl('x509', '-noout', '-subject', '-dates', '-ext', 'basicConstraints,keyUsage', give=cert)
                                   for cert in next_certs]

    def shadows(self):
        """One is taken, and with another key it is taken again."""
        first = self.letters('shadow', 'renew', self.next, self.enrolled, 1)
        serial = self.answers('shadow', first)[0][1]
        self.last = self.letters('again', 'again', self.next, self.enrolled, 1)
        self.answers('shadow by another key', self.last)
        self.facts['lists with the superseded one'] = self.lists(serial)
        self.clock.run_until(END - 1)
        self.facts['lists before the switch'] = self.lists(serial)
        with open(self.old, 'rb') as f:
            shown = until(60, 'GetCACert is answered', lambda: self.get('GetCACert'))
            self.facts['a second before'] = shown == f.read()
        self.facts['link certificates'] = [self.link(key) for key in self.keys]

    def link(self, key):
        """Its dates, or None; 503 is said by a front whose core is away."""
        def answered():
            status, body = self.daemon.http('GET', f'/{SERVER}/link/{key}')
            return status not in (0, 503) and (status, body)

        status, body = until(60, 'the link certificate is asked for', answered)
        return openssl('x509', '-inform', 'DER', '-noout', '-dates', give=body) if status == 200 else None

    def switched(self):
        with open(self.old, 'rb') as f:
            old = f.read()
        self.clock.run_until(END)
        self.new = self.path('new')
        with open(self.new, 'wb') as f:
            f.write(until(60, 'the switch', lambda: self.get('GetCACert') not in (None, old) and self.get('GetCACert')))
        late = self.letters('late', 'again', self.old, self.enrolled, 2)
        self.answers('renewals that reach the replaced CA', late, self.new)
        self.answers('renewal by the shadow', self.letters('on', 'renew', self.new, self.last, 1))
        self.facts['GetNextCACert behind the switch'] = self.get('GetNextCACert')

    def keys_kept(self):
        return sorted(os.listdir(os.path.join(self.daemon.state, 'servers', SERVER, 'keys')))

    def gone(self):
        self.clock.run_until(GONE - 1)
        self.facts['keys a second before'] = self.keys_kept()
        self.clock.run_until(GONE)
        until(60, 'the replaced keys are gone', lambda: 'EC.key' not in self.keys_kept() and 'RA.key' not in self.keys_kept())
        words = 'show', 'crypto', 'pki', 'server', SERVER, 'requests'
        until(60, 'the request is gone', lambda: 'again' not in command(self.daemon, *words))
        self.clock.run_until(GONE + DAY)
        self.facts['keys'] = self.keys_kept()

    def run(self):
        """What there is in the end."""
        if not self.is_announced:
            self.announced()
        self.shadows()
        self.switched()
        self.gone()
        faults = self.daemon.stop()
        store = self.daemon.store(SERVER)
        self.facts['faults'] = faults + store.open_faults() + store.serial_faults() + store.audit_faults()
        self.facts.update(store_facts(store))
        self.facts['archives'] = self.archives(store)
        return self.facts

    def archives(self, store):
        """Each opens, and holds its generation's certificate and key."""
        kept, where = [], os.path.join(self.daemon.state, 'servers', SERVER, 'archive')
        certs = {cert: number for number, cert in store.rows('SELECT number, cert FROM generation')}
        for leaf in sorted(os.listdir(where)):
            with open(os.path.join(where, leaf), 'rb') as f:
                cert, same = archive_opened(f.read())
            kept.append((leaf, certs.get(cert), same))
        return kept


@functools.cache
def archive_opened(octets):
    """The certificate, and whether the key is its own. It takes half a second, and most are the same."""
    both = openssl('pkcs12', '-passin', 'pass:' + PASSWORD, '-nodes', give=octets)
    return openssl('x509', '-outform', 'DER', give=both), \
        openssl('pkey', '-pubout', give=both) == openssl('x509', '-pubkey', '-noout', give=both)


def store_facts(store):
    """What does not differ by chance. Serials and intents of certificates stand by their order."""
    order = {serial.hex(): f'serial of certificate {intent}' for intent, serial in store.rows('SELECT intent, serial FROM certificate')}
    facts = {
        'generations': store.rows('SELECT number, key_label, not_before, not_after, made_at, switched_at, ra_label, ra_intent '
                                  'FROM generation ORDER BY number'),
        'certificates': store.rows('SELECT intent, generation, identity, subject, not_before, not_after, made_at, kind, state, '
                                   'transaction_id, granted_by, revoked_at, revoked_why FROM certificate ORDER BY intent'),
        'requests': store.rows('SELECT generation, identity, state, reason FROM request ORDER BY id'),
        'clients': store.rows('SELECT * FROM client ORDER BY identity'),
        'audit': sorted((at, actor, act, order.get(thing.lower(), thing)) for at, actor, act, thing in
                        store.rows('SELECT at, actor, act, object FROM audit')),
        'names of facts': store.rows('SELECT name FROM authority ORDER BY name'),
    }
    lists = store.rows('SELECT generation, this_update, next_update, der FROM crl ORDER BY generation')
    facts['lists'] = [(*row[:3], [name for serial, name in order.items() if bytes.fromhex(serial) in row[3]], list_facts(row[3]))
                      for row in lists]
    return facts


def passings(path):
    """Names of the points that were passed, in their order."""
    with open(path) as f:
        return f.read().split('\n')[:-1] if os.path.getsize(path) > 1 else []


class Prepared:
    """A CA a second before its next one is made."""

    def __init__(self, directory, overlap):
        self.overlap = overlap
        self.daemon = Daemon(sys.argv[1], directory, {SERVER: 'auto'}, 'prepared', words(overlap))
        self.clock = StepClock(os.path.join(directory, 'prepared.clock'), BORN)
        self.is_announced, self.facts = False, {}
        self.daemon.start('step=' + self.clock.path)
        self.daemon.ready()
        self.old = os.path.join(directory, 'old')
        with open(self.old, 'wb') as f:
            f.write(self.daemon.get_ca(SERVER))
        self.clock.run_until(BORN + 500 * DAY)
        self.enrolled = Letters(os.path.join(directory, 'enrolled'), self.old, 'enrol', 'client', 3,
                                KEYMUSTER_CLOCK='step=' + self.clock.path)
        serial = self.enrolled.send(self.daemon)[2][1]
        command(self.daemon, 'crypto', 'pki', 'server', SERVER, 'revoke', '0x' + serial)
        self.clock.run_until(NEXT - 1)
        self.daemon.stop()


def differences(expected, found):
    for what in expected:
        if expected[what] == found.get(what):
            continue
        if not isinstance(expected[what], list):
            yield f'{what}: {found.get(what)}, expected {expected[what]}'
            continue
        yield from (f'{what}: missing: {row}' for row in expected[what] if row not in found[what])
        yield from (f'{what}: too much: {row}' for row in found[what] if row not in expected[what])


def soundness(facts, overlap):
    """The run without a crash is the measure, so it must be right."""
    begins = END - overlap * DAY
    right = [
        ('answers', [facts[what][0] for what in ('shadow', 'shadow by another key', 'renewals that reach the replaced CA',
                                                'renewal by the shadow')], [[SUCCESS], [SUCCESS], [SUCCESS, PENDING], [SUCCESS]]),
        ('repeats', {words for _, words in (v for v in facts.values() if isinstance(v, tuple))}, {'repeated: the same'}),
        ('generations', [row[:6] for row in facts['generations']],
         [(1, '', BORN, END, BORN, END), (2, 'EC#', begins, begins + 730 * DAY, NEXT, 0)]),
        ('link certificates', [dates is not None for dates in facts['link certificates']], [overlap > 0] * 2),
        ('archives', facts['archives'], [(f'{SERVER}.p12', 1, True), (f'{SERVER}_00001.p12', 2, True)]),
        ('keys', [name for name in facts['keys'] if name.endswith('.key')], ['EC#.key', 'RA#.key']),
        ('keys before', len([name for name in facts['keys a second before'] if name.endswith('.key')]), 4),
        ('faults', facts['faults'], []),
        ('the old CA until the last second', facts['a second before'], True),
        ('GetNextCACert behind the switch', facts['GetNextCACert behind the switch'], None),
        ('requests', facts['requests'], []),
    ]
    return [f'{what}: {found}, expected {wanted}' for what, found, wanted in right if found != wanted]


def instants(course, until_passing):
    """(name, n) of each passing since the course began."""
    passed, count = [], collections.Counter()
    for i, name in enumerate(passings(course.marker)[:until_passing]):
        count[name] += 1
        if i >= course.began:
            passed.append((name, count[name]))
    return passed


def chosen(possible, checked):
    one = os.environ.get('KEYMUSTER_POINT')
    if one or os.environ.get('KEYMUSTER_SOAK'):
        return [point for point in possible if one in (None, '%s:%d' % point)]
    first = dict(reversed(possible))
    return [(name, first.get(name, 1) + int(n) - 1) for name, n in (row.split(':') for row in checked.split())]


def role_of(name):
    """Who passes there."""
    return 'signer' if name.startswith('signer-') else 'core'


def attempt(tap, directory, prepared, point, expected):
    name, n = point
    part, course, died = 'life' if prepared.is_announced else 'birth', None, False
    try:
        course = Course(directory, f'{part}-{name}-{n}', prepared, f'{name}:{n}')
        faults = list(differences(expected, course.run()))
        died = os.path.getsize(course.marker) > 0
        if not died and not name.startswith(LOOSE):
            faults.append('nobody passed there')
        if died and role_of(name) not in course.daemon.died():
            faults.append(f'not {role_of(name)} died, but {course.daemon.died()}')
    except (AssertionError, TimeoutError, RuntimeError, subprocess.SubprocessError) as broken:
        faults = [f'{type(broken).__name__}: {broken}']
        Daemon.end_all()
    overlap = ' with overlap' if prepared.overlap else ''
    tap.rule(f'{part}{overlap}: {role_of(name)} dies at {name}, passing {n}: the rollover ends the same', faults)
    if course and not faults:
        os.remove(course.daemon.log)
        shutil.rmtree(course.daemon.state)
    return died


def carry_over(tap, directory, overlap, parts):
    """Without a crash, then with one at each instant chosen in each part; at which different ones it was."""
    os.mkdir(directory)
    prepared = Prepared(directory, overlap)
    whole = Course(directory, 'whole', prepared, '?')
    expected = whole.run()
    what = f'a rollover with {overlap} days of overlap'
    if not tap.rule(f'{what}, without a crash: every step at its second (KR-20, CP-07, INV-11)', soundness(expected, overlap)):
        return set()
    half = Course(directory, 'half', prepared, '')
    half.announced()
    half.daemon.stop()
    rest = Course(directory, 'rest', half, '?')
    tap.rule(f'{what}, ended in order and started again in the middle: the same', differences(expected, rest.run()))
    died = set()
    for source, checked, possible in ((prepared, parts[0], instants(whole, whole.born)), (half, parts[1], instants(rest, None))):
        print(f'# {len(possible)} passings of {len(dict(possible))} points')
        died |= {(overlap, source is half, *point) for point in chosen(possible, checked)
                 if attempt(tap, directory, source, point, expected)}
    return died


def test(tap, directory):
    begun = time.monotonic()
    died = carry_over(tap, os.path.join(directory, 'plain'), 0, (BIRTH, LIFE)) | \
        carry_over(tap, os.path.join(directory, 'overlap'), 10, (LINKS, ''))
    by_signer = [point for point in died if role_of(point[2]) == 'signer']
    print(f'# {len(died) - len(by_signer)} deaths of core, {len(by_signer)} of the signer, {time.monotonic() - begun:.0f} s')
    if not os.environ.get('KEYMUSTER_POINT'):
        tap.rule(f'core died at {WANTED} different instants or more, the signer at {WANTED_SIGNER}', [f'{len(died)}, {len(by_signer)}']
                 if len(died) - len(by_signer) < WANTED or len(by_signer) < WANTED_SIGNER else [])


run(test)
