"""How a bench ends that is told to: with what it had made taken away."""

import signal
import sys

TERMINATED = 128 + signal.SIGTERM


def end_at_sigterm() -> None:
    """SIGTERM ends this program as Ctrl-C does: everything that is open is closed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
