"""The only place that slices octets: a bounded reader. Nested lengths are windows that must be used up exactly."""

from ipaddress import IPv4Address

from mobileip.wire.errors import DecodeError, DecodeReason


class Cursor:
    """Reads `octets[start:end]` from left to right; every overrun is a `DecodeError`, never an IndexError."""

    __slots__ = ("end", "octets", "position")

    def __init__(self, octets: bytes, start: int = 0, end: int | None = None) -> None:
        self.octets = octets
        self.position = start
        self.end = len(octets) if end is None else end

    @property
    def remaining(self) -> int:
        return self.end - self.position

    def take(self, count: int, what: str) -> bytes:
        """The next `count` octets; `what` names them in the error."""
        start = self.position
        if count > self.end - start:
            raise DecodeError(DecodeReason.TRUNCATED, start, f"{what} needs {count} octets, {self.end - start} are left")
        self.position = start + count
        return self.octets[start : start + count]

    def rest(self) -> bytes:
        return self.take(self.remaining, "rest")

    def u8(self, what: str) -> int:
        return self.take(1, what)[0]

    def u16(self, what: str) -> int:
        return int.from_bytes(self.take(2, what))

    def u32(self, what: str) -> int:
        return int.from_bytes(self.take(4, what))

    def u64(self, what: str) -> int:
        return int.from_bytes(self.take(8, what))

    def address(self, what: str) -> IPv4Address:
        return IPv4Address(self.take(4, what))

    def window(self, count: int, what: str) -> "Cursor":
        """A cursor over the next `count` octets; this one goes on behind them."""
        start = self.position
        self.take(count, what)
        return Cursor(self.octets, start, start + count)

    def finish(self, what: str) -> None:
        """Refuses octets that nothing has read."""
        if self.remaining:
            raise DecodeError(
                DecodeReason.TRAILING_OCTETS, self.position, f"{self.remaining} octets behind the end of {what}"
            )
