# planted.py - the kill test must find a reply that left before its commit.
"""Usage: planted.py KEYMUSTERD_PLANTED: a daemon whose store commits turns late."""
import os
import subprocess
import sys

from daemon import Daemon, received, run, unknown_faults, until

RECEIVED = 60  # certificates before the kill, more than the turns that the planted store commits in time can bring


def one_kill(tap, directory, name, binary):
    """Faults that the comparison with the tester's own log finds after one kill of core."""
    daemon = Daemon(binary, directory, {'ROOTCA': 'auto'}, name)
    daemon.start()
    daemon.ready()
    log = os.path.join(directory, f'{name}.received')
    load = subprocess.Popen([os.environ['BIN_LOAD'], '--count', '400', '--connections', '8', '--deadline', '1', '--received', log,
                             daemon.url('ROOTCA')], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(60, 'certificates arrive', lambda: len(received(log)) >= RECEIVED)
        daemon.kill()
    finally:
        load.kill()
        load.wait()
    store = daemon.store('ROOTCA')
    print(f'# {name}: {len(received(log))} received, {len(store.issued())} stored')
    return unknown_faults(store, received(log))


def test(tap, directory):
    honest = one_kill(tap, directory, 'honest', os.environ['KEYMUSTERD'])
    tap.rule('one kill under load finds nothing wrong with the daemon', honest)
    planted = one_kill(tap, directory, 'planted', sys.argv[1])
    tap.rule('the same kill finds the planted reply before the commit', [] if planted else ['it was not found'])


run(test)
