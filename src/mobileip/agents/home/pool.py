"""Home addresses for mobile nodes that have none of their own: given while a binding lives (RFC 2794, RFC 5944
§3.8.3.2).
"""

from collections.abc import Iterable
from ipaddress import IPv4Address


class AddressPool:
    """A range of addresses. A mobile node gets the one that it had last, if it had one: at home, without a binding, it
    goes on using it. So others get that one only when there is no other; else the next free one behind the last given.
    """

    __slots__ = ("_first", "_had", "_last_of", "_next", "_size", "_taken")

    def __init__(self, limits: tuple[IPv4Address, IPv4Address] | None, taken: Iterable[IPv4Address] = ()) -> None:
        """`taken`: addresses in the range that are never given."""
        first, last = (int(limits[0]), int(limits[1])) if limits is not None else (0, -1)
        self._first, self._size, self._next = first, last - first + 1, 0
        self._taken = {int(address) for address in taken if first <= int(address) <= last}
        self._last_of: dict[int, str] = {}
        """Address -> who had it last."""
        self._had: dict[str, int] = {}
        """And the other way round."""

    def has_free(self, address: IPv4Address, name: str) -> bool:
        """Whether `address` is of the pool, and nobody's or what `name` had last."""
        number = int(address)
        is_in_range = self._first <= number < self._first + self._size
        return is_in_range and number not in self._taken and self._last_of.get(number, name) == name

    def free(self, name: str) -> IPv4Address | None:
        """An address for `name` that nobody has; None when there is none. Changes nothing."""
        if len(self._taken) >= self._size:
            return None
        had = self._had.get(name)
        if had is not None and had not in self._taken:
            return IPv4Address(had)
        places = ((self._next + step) % self._size for step in range(self._size))
        free = [number for place in places if (number := self._first + place) not in self._taken]
        return IPv4Address(next((number for number in free if number not in self._last_of), free[0]))

    def had(self, name: str) -> int:
        """The address (as a number) that `name` has or had last; 0: none."""
        return self._had.get(name, 0)

    def had_last(self, number: int) -> str:
        """And the other way round; empty: nobody."""
        return self._last_of.get(number, "")

    def take(self, address: IPv4Address, name: str) -> None:
        """`address` belongs to `name` now."""
        number = int(address)
        self._taken.add(number)
        self._next = (number - self._first + 1) % self._size
        self._had.pop(self._last_of.pop(number, ""), None)
        self._last_of.pop(self._had.pop(name, -1), None)
        self._last_of[number], self._had[name] = name, number

    def give_back(self, address: IPv4Address) -> None:
        """`address` is nobody's any more."""
        self._taken.discard(int(address))
