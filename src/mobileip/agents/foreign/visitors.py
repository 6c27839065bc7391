"""The visitor list (RFC 5944 §3.7.1): mobile nodes whose registration through us was accepted.

RFC 3024 §A.4: a home address does not name one alone: "two different mobile nodes with the same private address are
visiting the same foreign agent. This is supported as long as [they] are serviced by different home agents." So a
visitor is known by home address and home agent; its packets by link and link-layer address, of which with
one home address no two have the same either.
"""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address

from mobileip.agents.deadlines import Deadlines
from mobileip.agents.foreign.snapshot import PendingRegistration, Visitor
from mobileip.forwarding.model import VisitorRoute

MOST_REALMS = 64
"""Visitors with one home address at one time."""

_Key = tuple[int, int]
"""Home address and home agent."""


class VisitorList:
    """Times are boot time, seconds."""

    __slots__ = ("_by_home", "_by_nai", "_deadlines", "_former", "_keys", "_number")

    def __init__(self) -> None:
        self._by_home: dict[int, dict[int, Visitor]] = {}
        """By home address and home agent; without empty ones."""
        self._by_nai: dict[str, _Key] = {}
        """Of those that have a name: what got it last."""
        self._keys: set[tuple[int, int]] = set()
        """Home agents and GRE keys that we assigned."""
        self._deadlines: Deadlines[_Key] = Deadlines()
        self._former: dict[int, list[VisitorRoute]] = {}
        """By home address: those of an agent before us that have not come yet."""
        self._number = 0

    def know_former(self, routes: Iterable[VisitorRoute]) -> None:
        """What was wished for the visitors of an agent before us."""
        for route in routes:
            self._former.setdefault(int(route.home_address), []).append(route)

    def of(self, home_address: IPv4Address, home_agent: IPv4Address) -> Visitor | None:
        return self._by_home.get(int(home_address), {}).get(int(home_agent))

    def sharing(self, home_address: IPv4Address) -> tuple[Visitor, ...]:
        """All with that home address."""
        return tuple(self._by_home.get(int(home_address), {}).values())

    def served(self, home_address: IPv4Address, now: float) -> Iterator[Visitor | VisitorRoute]:
        """Who gets packets with that home address: visitors, and those of an agent before us who have not come yet."""
        yield from self.sharing(home_address)
        yield from self._former_of(home_address, now)

    def _former_of(self, home_address: IPv4Address, now: float) -> list[VisitorRoute]:
        return [route for route in self._former.get(int(home_address), ()) if now < route.expires_at]

    def replaced_by(self, pending: PendingRegistration, home_address: IPv4Address) -> list[Visitor]:
        """Those whose place a registration would take: what it renews or moves first; then one from whose packets its
        own could not be told (RFC 3024 §A.4)."""
        place = (pending.interface, pending.link_address)
        found = [
            visitor
            for visitor in self.sharing(home_address)
            if visitor.home_agent == pending.relayed_to or (visitor.interface, visitor.link_address) == place
        ]
        return sorted(found, key=lambda visitor: visitor.home_agent != pending.relayed_to)

    def named(self, nai: str | None) -> Visitor | None:
        """The visitor that got its home address last by that name."""
        key = self._by_nai.get(nai) if nai is not None else None
        return self._by_home[key[0]][key[1]] if key is not None else None

    def has_key(self, home_agent: IPv4Address, key: int) -> bool:
        """Whether packets of that home agent with that GRE key are for a visitor."""
        return (int(home_agent), key) in self._keys

    def free_realm(self, home_address: IPv4Address, home_agent: IPv4Address, now: float) -> int:
        """For a new visitor: the number that it had before us, else the smallest that no visitor with that home address
        has, or had before us and may yet come back to."""
        taken = {visitor.realm for visitor in self.sharing(home_address)}
        former = self._former_of(home_address, now)
        self._former.pop(int(home_address), None)
        own = [route for route in former if route.tunnel.remote == home_agent]
        if others := [route for route in former if route.tunnel.remote != home_agent]:
            self._former[int(home_address)] = others
        if own and own[0].realm not in taken:
            return own[0].realm
        spoken_for = taken | {route.realm for route in others}
        if len(spoken_for) >= MOST_REALMS:
            spoken_for = taken
        return next(realm for realm in range(len(spoken_for) + 1) if realm not in spoken_for)

    def put(self, visitor: Visitor) -> None:
        """Adds a visitor, in place of what was known of the same home address and home agent."""
        self.remove(visitor)
        key = home, home_agent = _key(visitor)
        self._by_home.setdefault(home, {})[home_agent] = visitor
        self._number += 1
        if visitor.nai is not None:
            self._by_nai[visitor.nai] = key
        if visitor.received_key is not None:
            self._keys.add((home_agent, visitor.received_key))
        self._deadlines.set(key, visitor.expires_at)

    def remove(self, visitor: Visitor) -> Visitor | None:
        """What is known of its home address and home agent, and is no more; None if there was nothing."""
        key = home, home_agent = _key(visitor)
        self._deadlines.cancel(key)
        of_home = self._by_home.get(home, {})
        known = of_home.pop(home_agent, None)
        if known is None:
            return None
        self._number -= 1
        if not of_home:
            del self._by_home[home]
        if known.nai is not None and self._by_nai.get(known.nai) == key:
            del self._by_nai[known.nai]
        if known.received_key is not None:
            self._keys.discard((home_agent, known.received_key))
        return known

    def expire(self, now: float) -> list[Visitor]:
        """Takes out the visitors whose registration has ended."""
        due = [self._by_home[home][home_agent] for home, home_agent in self._deadlines.take_due(now)]
        for visitor in due:
            self.remove(visitor)
        return due

    def next_deadline(self) -> float:
        """When the next registration ends, infinite when none does."""
        return self._deadlines.next()

    def __iter__(self) -> Iterator[Visitor]:
        return (visitor for of_home in self._by_home.values() for visitor in of_home.values())

    def __len__(self) -> int:
        return self._number


def _key(visitor: Visitor) -> _Key:
    return int(visitor.home_address), int(visitor.home_agent)
