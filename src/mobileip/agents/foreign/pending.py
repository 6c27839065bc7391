"""Requests that were relayed and wait for their Reply (RFC 5944 §3.7.1).

Whoever can send a frame can make an entry, so there is a limit for each link-layer address and one for all,
and every entry ends by itself.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address

from mobileip.agents.deadlines import Deadlines
from mobileip.agents.foreign.snapshot import PendingRegistration
from mobileip.wire.identification import low

_Key = tuple[int, int]
"""Home address and low half of the Identification. RFC 5944 §3.7.3.1: what a Reply is matched by."""


def _key(home_address: IPv4Address, identification: int) -> _Key:
    return int(home_address), low(identification)


class PendingRegistrations:
    """Pending registrations, by home address in the order received. Times are boot time, seconds."""

    __slots__ = ("_by_home", "_deadlines", "_number", "_number_by_link_address", "_of_one", "_total")

    def __init__(self, of_one: int, total: int) -> None:
        self._of_one = of_one
        self._total = total
        self._by_home: dict[int, dict[int, PendingRegistration]] = {}
        self._deadlines: Deadlines[_Key] = Deadlines()
        self._number = 0
        self._number_by_link_address: dict[bytes, int] = {}
        """Without zeros."""

    def find(self, home_address: IPv4Address, identification: int) -> PendingRegistration | None:
        """What a Reply with this home address and Identification answers."""
        home, half = _key(home_address, identification)
        return self._by_home.get(home, {}).get(half)

    def has_room_for(self, candidate: PendingRegistration) -> bool:
        """Whether `candidate` may be added: it repeats one of the same sender, or the limits allow one more."""
        there = self.find(candidate.home_address, candidate.identification)
        if there is not None:
            return there.link_address == candidate.link_address
        of_one = self._number_by_link_address.get(candidate.link_address, 0)
        return of_one < self._of_one and self._number < self._total

    def add(self, pending: PendingRegistration) -> None:
        """Adds an entry for which there is room, in place of the one that it repeats."""
        self.remove(pending)
        home, half = _key(pending.home_address, pending.identification)
        self._by_home.setdefault(home, {})[half] = pending
        self._deadlines.set((home, half), pending.expires_at)
        numbers = self._number_by_link_address
        numbers[pending.link_address] = numbers.get(pending.link_address, 0) + 1
        self._number += 1

    def remove(self, pending: PendingRegistration) -> None:
        """Takes out the entry that `pending` is, or repeats; nothing if there is none."""
        key = _key(pending.home_address, pending.identification)
        if self.find(pending.home_address, pending.identification) is not None:
            self._deadlines.cancel(key)
            self._take(key)

    def supersede(self, accepted: PendingRegistration) -> None:
        """Takes out `accepted` and what the same mobile node asked its home agent for before: that one answers
        in order, so a Reply that comes now is too late to be true."""
        for pending in list(self._by_home.get(int(accepted.home_address), {}).values()):
            if pending.home_agent == accepted.home_agent:
                self.remove(pending)
            if pending is accepted:
                return

    def expire(self, now: float) -> list[PendingRegistration]:
        """Takes out the entries whose time is over."""
        return [self._take(key) for key in self._deadlines.take_due(now)]

    def next_deadline(self) -> float:
        """When the next entry ends, infinite when there is none."""
        return self._deadlines.next()

    def __iter__(self) -> Iterator[PendingRegistration]:
        return (pending for of_home in self._by_home.values() for pending in of_home.values())

    def __len__(self) -> int:
        return self._number

    def _take(self, key: _Key) -> PendingRegistration:
        home, half = key
        of_home = self._by_home[home]
        pending = of_home.pop(half)
        if not of_home:
            del self._by_home[home]
        numbers = self._number_by_link_address
        numbers[pending.link_address] -= 1
        if not numbers[pending.link_address]:
            del numbers[pending.link_address]
        self._number -= 1
        return pending
