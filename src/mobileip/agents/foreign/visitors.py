"""The visitor list (RFC 5944 §3.7.1): mobile nodes whose registration through us was accepted."""

from collections.abc import Iterator
from ipaddress import IPv4Address

from mobileip.agents.deadlines import Deadlines
from mobileip.agents.foreign.snapshot import Visitor


class VisitorList:
    """Visitors by home address. Times are boot time, seconds."""

    __slots__ = ("_by_nai", "_deadlines", "_visitors")

    def __init__(self) -> None:
        self._visitors: dict[int, Visitor] = {}
        self._by_nai: dict[str, int] = {}
        """Of those that have a name: the home address that it got last."""
        self._deadlines: Deadlines[int] = Deadlines()

    def of(self, home_address: IPv4Address) -> Visitor | None:
        return self._visitors.get(int(home_address))

    def named(self, nai: str | None) -> Visitor | None:
        """The visitor that got its home address last by that name."""
        home = self._by_nai.get(nai) if nai is not None else None
        return self._visitors[home] if home is not None else None

    def put(self, visitor: Visitor) -> None:
        """Adds a visitor, in place of what was known of the same home address."""
        self.remove(visitor.home_address)
        home = int(visitor.home_address)
        self._visitors[home] = visitor
        if visitor.nai is not None:
            self._by_nai[visitor.nai] = home
        self._deadlines.set(home, visitor.expires_at)

    def remove(self, home_address: IPv4Address) -> Visitor | None:
        """The visitor that is one no more; None if it was none."""
        home = int(home_address)
        self._deadlines.cancel(home)
        visitor = self._visitors.pop(home, None)
        if visitor is not None and visitor.nai is not None and self._by_nai.get(visitor.nai) == home:
            del self._by_nai[visitor.nai]
        return visitor

    def expire(self, now: float) -> list[Visitor]:
        """Takes out the visitors whose registration has ended."""
        due = [self._visitors[home] for home in self._deadlines.take_due(now)]
        for visitor in due:
            self.remove(visitor.home_address)
        return due

    def next_deadline(self) -> float:
        """When the next registration ends, infinite when none does."""
        return self._deadlines.next()

    def __iter__(self) -> Iterator[Visitor]:
        return iter(self._visitors.values())

    def __len__(self) -> int:
        return len(self._visitors)
