# slow.py - a thousand slow connections hold up nobody.
"""Usage: slow.py KEYMUSTERD. One process drips an octet a second into each of 1,000 connections while clients enrol."""
import errno
import socket
import sys
import threading
import time

from daemon import Daemon, load, run, until

SLOW = 1000
BATCH = 100  # opened in a second, so that the daemon does not close all at once when they take too long
ALL_OPEN = 850  # at first
HEAD = 10  # seconds that the head of a request may take: nobody is closed before
COUNT, CLIENTS = 200, 8
WORDS = b'GET /scep/ROOTCA?operation=GetCACaps HTTP/1.1\r\nHost: slow\r\nX-Drip: ' + b'a' * 300


class Drip(threading.Thread):
    """Each second the next octet on each connection; a connection that was closed is opened again."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port = port
        self.connections = [None] * SLOW  # socket, octets sent, and when it was opened
        self.least, self.dripped, self.closed, self.early = None, 0, 0, 0
        self.ends = threading.Event()

    def open(self):
        s, now = socket.socket(), time.monotonic()
        s.setblocking(False)
        if s.connect_ex(('127.0.0.1', self.port)) not in (0, errno.EINPROGRESS):
            s.close()
            return None
        return [s, 0, now]

    def drip(self, connection):
        """False when the daemon has closed it."""
        s, sent, _ = connection
        try:
            if s.recv(100) is not None:  # an answer or the end
                return False
        except BlockingIOError:
            pass
        except OSError:
            return False
        try:
            connection[1] += s.send(WORDS[sent % len(WORDS):][:1])
        except BlockingIOError:
            pass
        except OSError:
            return False
        return True

    def round(self):
        alive, batch = 0, BATCH
        for i, connection in enumerate(self.connections):
            if connection is None:
                if batch > 0:
                    self.connections[i] = self.open()
                    batch -= 1
            elif self.drip(connection):
                self.dripped += 1
                alive += 1
            else:
                connection[0].close()
                self.closed += 1
                self.early += time.monotonic() - connection[2] < HEAD
                self.connections[i] = self.open()
        return alive

    def run(self):
        next_round = time.monotonic()
        while not self.ends.is_set():
            alive = self.round()
            if self.least is not None:
                self.least = min(self.least, alive)
            elif alive >= ALL_OPEN:
                self.least = alive
            next_round += 1
            self.ends.wait(max(0, next_round - time.monotonic()))


def test(tap, directory):
    daemon = Daemon(sys.argv[1], directory, {'ROOTCA': 'auto'})
    daemon.start()
    daemon.ready()
    drip = Drip(daemon.port)
    drip.start()
    until(60, f'{SLOW} slow connections', lambda: drip.least)
    code, got, text = load(daemon, 'ROOTCA', '--count', COUNT, '--connections', CLIENTS, '--beside', 'cacert')
    for _ in range(2):  # beyond the time that the head of a request may take
        more, also, words = load(daemon, 'ROOTCA', '--count', COUNT, '--connections', CLIENTS, '--what', 'repeat')
        code, text = code + more, text + words
        got['retries'] = got.get('retries', 0) + also.get('retries', 0)
    drip.ends.set()
    drip.join()
    print(f'# {drip.dripped} octets dripped, {drip.closed} slow connections closed by the daemon, at least {drip.least} open; '
          f'{got.get("retries")} retries of the others')
    tap.rule(f'{SLOW} slow connections came, and each stood for its {HEAD} s', [f'{drip.early} did not'] if drip.early else [])
    tap.rule(f'meanwhile {COUNT} enrolments by {CLIENTS} clients and their repeats succeed', [text] if code else [])
    tap.rule('none of them had to be tried twice', [f'{got["retries"]} retries'] if got.get('retries') != 0 else [])
    tap.rule('the daemon is there still, and ends in order', daemon.stop())


run(test)
