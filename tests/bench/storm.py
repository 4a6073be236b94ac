# storm.py - many clients in one second: GetNextCACert, then shadow certificates.
"""usage: storm.py KEYMUSTERD KEYMUSTER LOAD COUNT [SECONDS]

COUNT clients with certificates, each from an address of its own, fetch the next CA and ask it for their shadow certificate, all
at once; the requests are signed beforehand. Each waits as long as a 503 says. TAP with figures; SECONDS is the limit (BAD-158)."""
import json
import os
import re
import sqlite3
import sys

LOAD, COUNT, *LIMIT = sys.argv[3:]
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '../interop'))
import daemon  # noqa: E402
from daemon import case, run, until  # noqa: E402

SHADOW = 3  # kind of a certificate
d = daemon.Daemon('  grant auto\n  database archive pkcs12 password 0 Rev0c$t1\n')
figures = {}


@case('%s clients fetch the next CA and their shadow certificate: none is refused, no serial comes twice' % COUNT)
def storm():
    report = d.dir + '/figures.json'
    run(LOAD, '--what', 'storm', '--count', COUNT, '--deadline', '150', '--gnutls', '50', '--pids', d.process.pid, '--json', report,
        d.url(), code=0, patience=550)
    with open(report) as f:
        figures.update(json.load(f))
    for name in ('seconds', 'per_second', 'next_ca_last_ms', 'latency_p50_ms', 'latency_p99_ms', 'latency_max_ms', 'retries',
                 'server_cpu_each_ms', 'r_beside_ms', 'server_pss_mib', 'failures', 'duplicate_serials'):
        print('# %-20s %s' % (name, figures[name]))
    assert figures['requests'] == int(COUNT) and figures['failures'] == figures['duplicate_serials'] == 0, figures


if LIMIT:
    @case('all are served in under %s s' % LIMIT[0])
    def in_time():
        assert figures['seconds'] < float(LIMIT[0]), figures['seconds']


@case('one shadow certificate a client, of the next generation, and nothing left open')
def one_each():
    d.stop()
    db = sqlite3.connect(d.state + '/servers/ROOTCA/store.db')
    count = int(COUNT)
    for query, wanted in (
            ('SELECT count(*) FROM certificate WHERE state <> 1', 0),
            ('SELECT count(*) FROM certificate WHERE kind = %d' % SHADOW, count),
            ('SELECT count(DISTINCT identity) FROM certificate WHERE kind = %d AND generation = 2' % SHADOW, count),
            ('SELECT count(DISTINCT serial) FROM certificate', 2 * count),
            ('SELECT count(*) FROM client, certificate WHERE shadow = certificate.intent AND kind = %d AND shadows = 1' % SHADOW, count),
            ('SELECT count(*) FROM certificate WHERE revoked_at <> 0', 0)):
        (found,), = db.execute(query)
        assert found == wanted, '%s: %d, expected %d' % (query, found, wanted)
    assert not re.search(r' error: ', d.log()), d.log()[-2000:]


if __name__ == '__main__':
    d.start()
    d.command('crypto pki server ROOTCA rollover')
    until(lambda: d.get('GetNextCACert').status == 200, 'GetNextCACert is answered')
    daemon.main()
