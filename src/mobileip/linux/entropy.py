"""Fresh random octets for one event."""

import os

OCTETS = 32


def draw() -> bytes:
    return os.urandom(OCTETS)
