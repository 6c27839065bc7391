"""What one decoder owes to octets from outside: refuse them as documented, or keep every one of them."""

from collections.abc import Callable
from dataclasses import dataclass

from mobileip.wire.errors import DecodeError
from mobileip.wire.ip.checksum import checksum


class Refused(Exception):
    """The documented None of a decoder that does not raise."""


class NotTheSame(Exception):
    """Accepted octets that encode to others (law 4)."""


def _as_it_is(octets: bytes) -> bytes:
    return octets


@dataclass(frozen=True, kw_only=True)
class Target:
    name: str
    again: Callable[[bytes], bytes]
    """Decodes, and encodes again what was decoded. What the encoder can't know (padding, a foreign checksum) is taken
    from the octets given."""
    seeds: tuple[bytes, ...]
    """Valid octets; mutations begin with one of them."""
    refusals: tuple[type[Exception], ...] = (DecodeError,)
    repair: Callable[[bytes], bytes] = _as_it_is
    """Makes checksums right, so that what lies behind them is reached. Octets are tried as they are, too."""
    is_text: bool = False

    def check(self, octets: bytes) -> bool:
        """Whether the octets were accepted (with their checksum repaired). Any exception is a bug."""
        repaired = self.repair(octets)
        if repaired != octets:
            self._try(octets)
        return self._try(repaired)

    def _try(self, octets: bytes) -> bool:
        try:
            again = self.again(octets)
        except self.refusals:
            return False
        if again != octets:
            raise NotTheSame(f"{octets.hex()} encodes to {again.hex()}")
        return True


def with_checksum(octets: bytes, start: int, place: int, end: int) -> bytes:
    """The checksum at `place` made right over the octets from `start` to `end`."""
    if place + 2 > min(end, len(octets)):
        return octets
    blank = octets[:place] + b"\0\0" + octets[place + 2 :]
    return octets[:place] + checksum(blank[start:end]).to_bytes(2) + octets[place + 2 :]
