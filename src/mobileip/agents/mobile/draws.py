"""Chance that came in with the event: agents make none themselves (law 1)."""


class Draws:
    """Fractions in [0, 1) out of an event's entropy, one after the other; without entropy all are 0."""

    __slots__ = ("_octets", "_position")

    def __init__(self, entropy: bytes) -> None:
        # The first half belongs to the Identification; jitter is seen on the wire and is taken from the other
        # half.
        self._octets = entropy[16:].ljust(4, b"\0")
        self._position = 0

    def fraction(self) -> float:
        start = self._position
        self._position = (start + 4) % (len(self._octets) - len(self._octets) % 4)
        return int.from_bytes(self._octets[start : start + 4]) / 2**32
