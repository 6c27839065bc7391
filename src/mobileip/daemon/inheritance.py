"""What a new daemon goes on forwarding for the one before it, until its own agents know better. No file, no clock.

A fresh foreign agent has no visitors and a fresh mobile node no registration, until they have registered anew. What
their predecessors wished for goes on meanwhile, within the lifetimes that were granted: each wish by itself, until the
fresh agents state or remove its key. A home agent's wishes are not among them: it has its bindings from its store.
"""

import math
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address

import msgspec

from mobileip.agents.events import Link
from mobileip.daemon.config_file import Configuration
from mobileip.forwarding.model import (
    ArpAnswer,
    BroadcastExit,
    ForwardingChange,
    ForwardingState,
    HomeAddress,
    Key,
    MobileLink,
    MobileRoute,
    Neighbour,
    ReverseTunnel,
    TunnelExit,
    VisitorReverse,
    VisitorRoute,
)

LONGEST_SECONDS = 60.0
"""After the start, for what has no lifetime of its own."""

VisitorWish = VisitorRoute | VisitorReverse
MobileWish = HomeAddress | MobileLink | MobileRoute | Neighbour | ArpAnswer | TunnelExit | ReverseTunnel | BroadcastExit
Heritable = VisitorWish | MobileWish


class Heir(msgspec.Struct, frozen=True, kw_only=True):
    """Who may inherit: the roles, as far as they have to be the same as before, and their links. Empty: no role."""

    foreign_agent: str = ""
    foreign_links: frozenset[str] = frozenset()
    mobile_node: str = ""
    mobile_links: frozenset[str] = frozenset()


class Estate(msgspec.Struct, frozen=True, kw_only=True):
    """What a daemon left. `registered_until` (boot time, s): no registration of its mobile node lasts longer."""

    foreign_agent: str
    mobile_node: str
    wishes: tuple[Heritable, ...]
    registered_until: float = math.inf


def heir_of(configuration: Configuration) -> Heir:
    """Another care-of address: another foreign agent; another home address, home agent or name: another mobile node."""
    foreign, mobile = configuration.foreign_agent, configuration.mobile_node
    return Heir(
        foreign_agent=str(foreign.care_of_address) if foreign is not None else "",
        foreign_links=frozenset(foreign.links if foreign is not None else ()),
        mobile_node=f"{mobile.home_address} {mobile.home_agent} {mobile.nai}" if mobile is not None else "",
        mobile_links=frozenset(mobile.links if mobile is not None else ()),
    )


class Inheritance:
    """What is left of it, by key. All times are boot time, seconds.

    What a method takes away is returned as a change for the engine; what the agents state themselves needs none.
    """

    def __init__(self, estate: Estate | None, heir: Heir, now: float) -> None:
        self._ends: dict[Key, float] = {}
        self._wishes: dict[Key, Heritable] = {}
        for wish in estate.wishes if estate is not None else ():
            if estate is not None and _is_for(wish, estate, heir):
                end = _end(wish, estate, now)
                if now < end:
                    self._wishes[wish.key], self._ends[wish.key] = wish, end

    def __len__(self) -> int:
        return len(self._wishes)

    @property
    def wishes(self) -> Mapping[Key, Heritable]:
        return self._wishes

    @property
    def next_end(self) -> float:
        """When something is to end by time; infinite when nothing is."""
        return min(self._ends.values(), default=math.inf)

    def stated(self, change: ForwardingChange) -> None:
        """The agents' own word goes before what was inherited, whatever becomes of theirs later."""
        if self._wishes:
            self._drop((*change.remove, *(wish.key for wish in change.install)))

    def whole(self, state: ForwardingState) -> ForwardingState:
        """What the agents wish for, all of it stated now, with what is inherited beside it."""
        self._drop(state.wishes)
        return ForwardingState({**self._wishes, **state.wishes})

    def expire(self, now: float) -> ForwardingChange:
        """Nothing is forwarded beyond what was granted."""
        return self._end([key for key, end in self._ends.items() if end <= now])

    def settle(self) -> ForwardingChange:
        """The mobile node knows where it is: from here on it wishes for itself alone."""
        return self._end([key for key, wish in self._wishes.items() if isinstance(wish, MobileWish)])

    def look(self, links: Mapping[str, Link]) -> ForwardingChange:
        """Ends what hangs on a link or a care-of address that is there no more."""
        if not self._wishes:
            return NOTHING
        connected = [link for link in links.values() if link.carrier]
        names = {link.name for link in connected}
        addresses = {address.ip for link in connected for address in link.addresses}
        return self._end(
            [
                key
                for key, wish in self._wishes.items()
                if not (_visits(wish, links) if isinstance(wish, VisitorWish) else _roams(wish, names, addresses))
            ]
        )

    def replace_heir(self, before: Heir, after: Heir) -> None:
        """Another configuration, whose agents begin where its roles differ: these inherit nothing twice."""
        if (before.foreign_agent, before.foreign_links) != (after.foreign_agent, after.foreign_links):
            self._drop([key for key, wish in self._wishes.items() if isinstance(wish, VisitorWish)])
        if (before.mobile_node, before.mobile_links) != (after.mobile_node, after.mobile_links):
            self._drop([key for key, wish in self._wishes.items() if isinstance(wish, MobileWish)])

    def _end(self, keys: list[Key]) -> ForwardingChange:
        self._drop(keys)
        return ForwardingChange(remove=tuple(sorted(keys))) if keys else NOTHING

    def _drop(self, keys: Iterable[Key]) -> None:
        for key in keys:
            if self._wishes.pop(key, None) is not None:
                del self._ends[key]


NOTHING = ForwardingChange()


def _is_for(wish: Heritable, estate: Estate, heir: Heir) -> bool:
    interface = interface_of(wish)
    if isinstance(wish, VisitorWish):
        return "" != heir.foreign_agent == estate.foreign_agent and interface in heir.foreign_links
    is_same = "" != heir.mobile_node == estate.mobile_node
    return is_same and (interface is None or interface in heir.mobile_links)


def _end(wish: Heritable, estate: Estate, now: float) -> float:
    match wish:
        case VisitorRoute() | VisitorReverse():
            return wish.expires_at
        case TunnelExit() | ReverseTunnel() | BroadcastExit():
            return min(wish.expires_at, estate.registered_until)
        case MobileRoute():
            return min(now + LONGEST_SECONDS, estate.registered_until)
        case HomeAddress() | MobileLink() | Neighbour() | ArpAnswer():  # no other
            return now + LONGEST_SECONDS


def interface_of(wish: Heritable) -> str | None:
    """The link that it needs."""
    match wish:
        case ReverseTunnel(hop=hop, way=way):
            by = hop or way
            return by.interface if by is not None else None
        case HomeAddress() | TunnelExit() | BroadcastExit():
            return None
        case _:
            return wish.interface


def _visits(wish: VisitorWish, links: Mapping[str, Link]) -> bool:
    """A foreign agent's visitors outlive a loss of its link's carrier."""
    return wish.interface in links


def _roams(wish: MobileWish, names: set[str], addresses: set[IPv4Address]) -> bool:
    interface = interface_of(wish)
    if interface is not None:
        return interface in names
    match wish:
        case TunnelExit() | ReverseTunnel() | BroadcastExit():
            # With the home address as its end a tunnel comes by way of a foreign agent.
            return wish.tunnel.local == wish.home_address or wish.tunnel.local in addresses
        case _:
            return True
