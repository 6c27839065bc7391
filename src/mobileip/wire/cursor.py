"""A bounded reader: the only place that slices octets, but for the two registration messages and their hot extensions.

Nested lengths are windows that must be used up exactly.
"""

from ipaddress import IPv4Address, IPv6Address

from mobileip.wire.errors import DecodeError, DecodeReason


class Cursor:
    """Reads `octets[start:end]` from left to right; every overrun is a `DecodeError`, never an IndexError.

    `overrun` is the reason it gives: TRUNCATED where the datagram ends, BAD_LENGTH where a stated length does.
    """

    __slots__ = ("end", "octets", "overrun", "position")

    def __init__(
        self,
        octets: bytes,
        start: int = 0,
        end: int | None = None,
        overrun: DecodeReason = DecodeReason.TRUNCATED,
    ) -> None:
        self.octets = octets
        self.position = start
        self.end = len(octets) if end is None else end
        self.overrun = overrun

    @property
    def remaining(self) -> int:
        return self.end - self.position

    def take(self, count: int, what: str) -> bytes:
        """The next `count` octets; `what` names them in the error."""
        start = self.position
        if count > self.end - start:
            detail = f"{what} needs {count} octets, {self.end - start} are left"
            raise DecodeError(self.overrun, start, detail)
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

    def ipv6_address(self, what: str) -> IPv6Address:
        return IPv6Address(self.take(16, what))

    def text(self, what: str) -> str:
        """All that is left, as UTF-8, at least one octet."""
        start = self.position
        octets = self.rest()
        if not octets:
            raise DecodeError(DecodeReason.BAD_LENGTH, start, f"{what} is empty")
        try:
            return octets.decode()
        except UnicodeDecodeError as error:
            raise DecodeError(DecodeReason.BAD_VALUE, start + error.start, f"{what} is not UTF-8") from None

    def window(self, count: int, what: str) -> "Cursor":
        """A cursor over the next `count` octets; this one goes on behind them."""
        start = self.position
        self.take(count, what)
        return Cursor(self.octets, start, start + count, DecodeReason.BAD_LENGTH)

    def finish(self, what: str) -> None:
        """Refuses octets that nothing has read."""
        if self.remaining:
            raise DecodeError(
                DecodeReason.TRAILING_OCTETS,
                self.position,
                f"{self.remaining} octets behind the end of {what}",
            )
