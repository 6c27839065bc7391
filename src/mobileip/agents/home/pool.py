"""Home addresses for mobile nodes that have none of their own: given while a binding lives (RFC 2794, RFC 5944
§3.8.3.2).
"""

from collections.abc import Iterable
from ipaddress import IPv4Address


class AddressPool:
    """A range of addresses. The next free one behind the last given, so that one that was just given back rests."""

    __slots__ = ("_first", "_next", "_size", "_taken")

    def __init__(self, limits: tuple[IPv4Address, IPv4Address] | None, taken: Iterable[IPv4Address] = ()) -> None:
        """`taken`: addresses in the range that are never given."""
        first, last = (int(limits[0]), int(limits[1])) if limits is not None else (0, -1)
        self._first, self._size, self._next = first, last - first + 1, 0
        self._taken = {int(address) for address in taken if first <= int(address) <= last}

    def has_free(self, address: IPv4Address) -> bool:
        """Whether `address` is of the pool and nobody's."""
        number = int(address)
        return self._first <= number < self._first + self._size and number not in self._taken

    def free(self) -> IPv4Address | None:
        """An address that nobody has; None when there is none. Changes nothing."""
        if len(self._taken) >= self._size:
            return None
        places = ((self._next + step) % self._size for step in range(self._size))
        return IPv4Address(next(self._first + place for place in places if self._first + place not in self._taken))

    def take(self, address: IPv4Address) -> None:
        """`address` is somebody's now."""
        self._taken.add(int(address))
        self._next = (int(address) - self._first + 1) % self._size

    def give_back(self, address: IPv4Address) -> None:
        """`address` is nobody's any more."""
        self._taken.discard(int(address))
