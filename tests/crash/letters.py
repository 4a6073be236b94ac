# letters.py - SCEP messages in a directory, sent until answered.
import os
import subprocess

from daemon import until

SERVER = 'ROOTCA'


class Letters:
    """The same octets as often as one likes."""

    def __init__(self, directory, ca, act, source, count, **env):
        self.directory, self.ca, self.count, self.env = directory, ca, count, env
        os.mkdir(directory)
        self.tool(act, directory, source, count)

    def tool(self, act, *args):
        got = subprocess.run([os.environ['BIN_LETTERS'], act, self.ca, *map(str, args)], capture_output=True, text=True, timeout=60,
                             env={**os.environ, **self.env})
        if got.returncode != 0:
            raise RuntimeError(got.stderr)
        return got.stdout

    def path(self, n, kind):
        return os.path.join(self.directory, f'{n}.{kind}')

    def send(self, daemon, issuer=None):
        """Each until it is answered; issuer: the certificates are of another CA. [(pkiStatus, serial, SHA-256)]"""
        for n in range(self.count):
            with open(self.path(n, 'ask'), 'rb') as f:
                message = f.read()

            def answered(message=message):
                status, body = daemon.http('POST', f'/scep/{SERVER}?operation=PKIOperation', message)
                return body if status == 200 else None

            with open(self.path(n, 'answer'), 'wb') as f:
                f.write(until(60, f'letter {n} of {self.directory} is answered', answered))
        lines = [line.split(' ') for line in self.tool('open', self.directory, issuer or self.ca, self.count).splitlines()]
        return [(int(status), serial, sha256) for _, status, serial, sha256 in lines]


def command(daemon, *words):
    """An operator's command; the connection may end with core, so it is given until it has been done."""
    def done():
        code, text = daemon.command(*words)
        return code == 0 and text

    return until(60, ' '.join(words), done)
