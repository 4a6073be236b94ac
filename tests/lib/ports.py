"""ports.py - a loopback port that no other test takes."""
import fcntl
import os
import random
import socket
import tempfile

held = []  # as long as this process lives


def free_port():
    """Below the ephemeral range, so that no outgoing connection takes it before the daemon does."""
    while True:
        port = random.randrange(12000, 32000)
        lock = os.open(os.path.join(tempfile.gettempdir(), "keymuster-port-%d" % port), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as s:
                s.bind(("127.0.0.1", port))
        except OSError:
            os.close(lock)
            continue
        held.append(lock)
        return port
