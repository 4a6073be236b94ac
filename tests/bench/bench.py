# bench.py - measure a daemon: enrolment, static answers, size.
"""usage: bench.py KEYMUSTERD LOAD BENCH_FILL CONFIG [quick] [JSON]

R is one RSA-2048 private operation, measured beside the load. Quick speaks TAP: it only says whether everything worked."""
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../lib'))
from ports import free_port  # noqa: E402

CACERT = '/cgi-bin/pkiclient.exe?operation=GetCACert'
START_SECONDS = 30
FULL = {'rows': [0, 10_000, 1_000_000], 'enrol': 2000, 'static': 40_000}
QUICK = {'rows': [0, 1000], 'enrol': 60, 'static': 500}


class Bench:
    def __init__(self, programs, config, size):
        self.daemon_path, self.load_path, self.fill_path = programs
        self.size = size
        self.home = tempfile.mkdtemp(prefix='keymuster-bench-')
        self.port = free_port()
        self.config = os.path.join(self.home, 'keymuster.conf')
        with open(config) as f:
            text = re.sub(r'(?m)^(\s*ip http listen \S+).*', rf'\1 {self.port}', f.read())
        with open(self.config, 'w') as f:
            f.write(text)
        self.name = re.search(r'(?m)^crypto pki server (\S+)', text).group(1)
        self.daemon = None
        self.first = 0  # number of the next client

    def start(self):
        """Milliseconds until the first public answer."""
        began = time.monotonic()
        with open(os.path.join(self.home, 'log'), 'ab') as log:
            self.daemon = subprocess.Popen([self.daemon_path, '-f', self.config, '-s', self.home + '/state',
                                            '-r', self.home + '/run'], stdout=log, stderr=log)
        while time.monotonic() < began + START_SECONDS and self.daemon.poll() is None:
            c = http.client.HTTPConnection('127.0.0.1', self.port, timeout=START_SECONDS)
            try:
                c.request('GET', CACERT)
                if c.getresponse().status == 200:
                    return (time.monotonic() - began) * 1000
            except OSError:
                pass
            finally:
                c.close()
            time.sleep(0.001)
        raise RuntimeError('the daemon does not answer')

    def stop(self):
        if self.daemon is None:
            return
        self.daemon.send_signal(signal.SIGTERM)
        self.daemon.wait(START_SECONDS)
        self.daemon = None

    def end(self):
        if self.daemon is not None and self.daemon.poll() is None:
            self.daemon.kill()
            self.daemon.wait()
        shutil.rmtree(self.home)

    def load(self, what, count, connections, *more):
        report = os.path.join(self.home, 'load.json')
        args = [self.load_path, '--what', what, '--count', str(count), '--connections', str(connections),
                '--first', str(self.first), '--pids', str(self.daemon.pid), '--json', report, *more]
        if what == 'enrol':
            self.first += count
        done = subprocess.run(args + [f'http://127.0.0.1:{self.port}'], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f'{" ".join(args)}: {done.stdout[-500:]} {done.stderr[-500:]}')
        with open(report) as f:
            return json.load(f)

    def store(self):
        return os.path.join(self.home, 'state', 'servers', self.name, 'store.db')

    def fill(self, rows):
        """Rows a second."""
        began = time.monotonic()
        subprocess.run([self.fill_path, self.store(), str(rows)], check=True)
        return rows / (time.monotonic() - began)

    def at_size(self, rows):
        """BAD-145: the same work beside this many certificates."""
        got = {'rows': rows}
        if rows > 0:
            got['filled_rows_per_second'] = self.fill(rows)
            got['octets_each'] = os.path.getsize(self.store()) / rows
        got['start_ms'] = self.start()
        got['enrol_16'] = self.load('enrol', self.size['enrol'], 16)
        if rows == 0:
            got['enrol_64'] = self.load('enrol', self.size['enrol'], 64, '--beside', 'cacert')
            got['static'] = {what: self.load(what, self.size['static'], 16) for what in ('caps', 'cacert', 'crl')}
        self.stop()
        return got

    def run(self):
        self.start()  # makes the authority
        self.stop()
        return [self.at_size(rows) for rows in self.size['rows']]

    def run_behind_ra(self, key):
        """Enrolment at a CA with another key, behind an RSA-2048 certificate."""
        with open(self.config, 'a') as f:
            f.write(f'  {key}\n  ra rsakeypair RA 2048\n')
        self.start()
        got = self.load('enrol', self.size['enrol'], 16)
        self.stop()
        return got


def enrol_lines(title, e):
    yield f'{title}: CPU, all processes', f'{e["server_cpu_each_r"]:.2f} R = {e["server_cpu_each_ms"]:.2f} ms'
    yield f'{title}: rate', f'{e["per_second"]:.0f} /s'
    yield f'{title}: p50, p95, p99', ', '.join(f'{e[f"latency_p{p}_ms"]:.0f}' for p in (50, 95, 99)) + ' ms'


def lines(results):
    empty = results[0]
    e = empty['enrol_16']
    yield 'R, one RSA-2048 private operation', f'{e["r_ms"]:.2f} ms at best, {e["r_beside_ms"]:.2f} ms under load'
    yield 'bare cryptography of an enrolment', f'{e["bare_cryptography_r"]:.2f} R'
    yield from enrol_lines('enrolment, 16 connections', e)
    yield from enrol_lines('enrolment, 64 connections', empty['enrol_64'])
    yield 'GetCACert beside these: p99', f'{empty["enrol_64"]["beside_p99_ms"]:.1f} ms'
    for what, s in empty['static'].items():
        yield f'{what}: CPU, rate', f'{s["server_cpu_each_ms"] * 1000:.0f} us, {s["per_second"]:.0f} /s'
    for r in results:
        title = f'{r["rows"]} certificates'
        yield f'{title}: start to first answer', f'{r["start_ms"]:.0f} ms'
        yield f'{title}: memory (PSS)', f'{r["enrol_16"]["server_pss_mib"]:.0f} MiB'
        if r['rows'] > 0:
            yield from enrol_lines(title, r['enrol_16'])
            yield f'{title}: filled, size', f'{r["filled_rows_per_second"]:.0f} rows/s, {r["octets_each"]:.0f} octets each'


def behind_ra_lines(results):
    for key, e in results.items():
        yield f'{key} behind RSA-2048: bare cryptography', f'{e["bare_cryptography_r"]:.2f} R'
        yield from enrol_lines(f'{key} behind RSA-2048', e)


def measured(args, size, quick, what):
    bench = Bench(args[:3], args[3], size)
    try:
        return what(bench)
    except Exception:
        log = os.path.join(bench.home, 'log')
        if os.path.exists(log):
            with open(log, errors='replace') as f:
                sys.stderr.write(''.join(f.readlines()[-20:]))
        if quick:
            print('not ok 1 - every load of the bench ran without a failure\n1..1', flush=True)
        raise
    finally:
        bench.end()


def main(args):
    quick = 'quick' in args
    args = [a for a in args if a != 'quick']
    size = QUICK if quick else FULL
    results = measured(args, size, quick, Bench.run)
    behind = {name: measured(args, size, quick, lambda b: b.run_behind_ra(key))
              for name, key in (('P-256', 'eckeypair EC 256'), ('RSA-4096', 'rsakeypair BIG 4096'))}
    for what, figure in [*lines(results), *behind_ra_lines(behind)]:
        print(f'{"# " if quick else ""}{what:46} {figure}')
    if quick:
        print('ok 1 - every load of the bench ran without a failure\n1..1')
    if len(args) > 4:
        with open(args[4], 'w') as f:
            json.dump({'sizes': results, 'behind_ra': behind}, f, indent='\t')
            f.write('\n')


main(sys.argv[1:])
