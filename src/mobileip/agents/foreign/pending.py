"""Requests that were relayed and wait for their Reply (RFC 5944 §3.7.1).

Whoever can send a frame can make an entry, so there is a limit for each link-layer address and one for all,
and every entry ends by itself.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address

from mobileip.agents.deadlines import Deadlines
from mobileip.agents.foreign.snapshot import PendingRegistration
from mobileip.wire.identification import low

_Half = tuple[int, str, int]
"""Low half of the Identification, the NAI ("" for none), and the home agent that was asked: nodes of two home agents
may have the same home address (RFC 3024 §A.4)."""
_Key = tuple[int, _Half]
"""Home address, and what tells apart the Requests with one home address."""
_UNSPECIFIED = IPv4Address(0)


def _key(pending: PendingRegistration) -> _Key:
    # R2794-3-a: "If Home Address is zero in the Registration Request, the foreign agent MUST use the NAI instead in its
    # pending registration request records, along with the Identification field as usual."
    return int(pending.home_address), (low(pending.identification), pending.nai or "", int(pending.relayed_to))


class PendingRegistrations:
    """Pending registrations, by home address in the order received. Times are boot time, seconds."""

    __slots__ = ("_by_home", "_deadlines", "_number", "_number_by_link_address", "_of_one", "_total")

    def __init__(self, of_one: int, total: int) -> None:
        self._of_one = of_one
        self._total = total
        self._by_home: dict[int, dict[_Half, PendingRegistration]] = {}
        self._deadlines: Deadlines[_Key] = Deadlines()
        self._number = 0
        self._number_by_link_address: dict[bytes, int] = {}
        """Without zeros."""

    def same_as(self, candidate: PendingRegistration) -> PendingRegistration | None:
        """The entry that `candidate` repeats."""
        home, half = _key(candidate)
        return self._by_home.get(home, {}).get(half)

    def answered_by(
        self,
        home_address: IPv4Address,
        identification: int,
        nai: str | None,
        home_agents: tuple[IPv4Address, ...] = (),
    ) -> PendingRegistration | None:
        """What a Reply with this home address, Identification and NAI answers; `home_agents`: who may have sent it,
        likeliest first."""
        half = low(identification)
        # R5944-3.7.3.1-b: "it MUST search its visitor list for a pending Registration Request with the same mobile node
        # home address". R5944-3.7.3.1-e: it discards what does not have the same low half of the Identification.
        alike = [p for key, p in self._by_home.get(int(home_address), {}).items() if key[0] == half]
        # R5944-3.7.3.1-c: with several entries of one home address "the foreign agent MUST use the NAI to
        # disambiguate".
        named = [pending for pending in alike if pending.nai == nai]
        found = named or alike
        if not found or home_address == _UNSPECIFIED:
            # A Request without home address is answered with an address that the home agent assigns, or without.
            nameless = self._by_home.get(int(_UNSPECIFIED), {}).items()
            found = [p for key, p in nameless if nai is not None and key[:2] == (half, nai)]
        order = (*home_agents, *(pending.relayed_to for pending in found))
        return min(found, key=lambda pending: order.index(pending.relayed_to), default=None)

    def of(self, home_address: IPv4Address) -> Iterator[PendingRegistration]:
        """All with that home address, the latest last."""
        return iter(self._by_home.get(int(home_address), {}).values())

    def waits_for(self, home_address: IPv4Address, home_agent: IPv4Address) -> bool:
        """Whether a Request of this mobile node is pending."""
        return any(pending.relayed_to == home_agent for pending in self._by_home.get(int(home_address), {}).values())

    def has_room_for(self, candidate: PendingRegistration) -> bool:
        """Whether `candidate` may be added: it repeats one of the same sender, or the limits allow one more."""
        there = self.same_as(candidate)
        if there is not None:
            return there.link_address == candidate.link_address
        of_one = self._number_by_link_address.get(candidate.link_address, 0)
        return of_one < self._of_one and self._number < self._total

    def add(self, pending: PendingRegistration) -> None:
        """Adds an entry for which there is room, in place of the one that it repeats."""
        self.remove(pending)
        home, half = _key(pending)
        self._by_home.setdefault(home, {})[half] = pending
        self._deadlines.set((home, half), pending.expires_at)
        numbers = self._number_by_link_address
        numbers[pending.link_address] = numbers.get(pending.link_address, 0) + 1
        self._number += 1

    def remove(self, pending: PendingRegistration) -> None:
        """Takes out the entry that `pending` is, or repeats; nothing if there is none."""
        key = _key(pending)
        if self.same_as(pending) is not None:
            self._deadlines.cancel(key)
            self._take(key)

    def supersede(self, accepted: PendingRegistration) -> None:
        """Takes out `accepted` and what the same mobile node asked its home agent for before: that one answers
        in order, so a Reply that comes now is too late to be true."""
        for pending in list(self._by_home.get(int(accepted.home_address), {}).values()):
            if (pending.relayed_to, pending.nai) == (accepted.relayed_to, accepted.nai):
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
