"""Agent Advertisements, periodic and solicited (RFC 1256 §4.3, RFC 5944 §2.1-§2.3).

The node has one `Advertiser`, whatever its roles. The agents only say what they offer on which link; a home
agent and a foreign agent on one link so make one advertisement with the H and the F bit, and mobile nodes see
one agent.

Where we leave RFC 1256: intervals may be shorter than its 3 s (a handover waits for an advertisement), and a
solicitation is answered at once, by unicast (MAX_RESPONSE_DELAY is a maximum). The limits that RFC 5944 §2.3
asks for instead are the constants below.
"""

from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Address
from math import inf

import msgspec

from mobileip.agents.events import (
    Event,
    Link,
    LinkChanged,
    LinkRemoved,
    SolicitationArrived,
    Stopping,
)
from mobileip.agents.instant import Deadline, Instant
from mobileip.agents.outputs import Departure, Output, SendDiscovery
from mobileip.forwarding.model import ForwardingState
from mobileip.wire.agent_discovery import (
    AgentAdvertisement,
    MobilityAgentAdvertisementExtension,
    PrefixLengthsExtension,
    RouterAddress,
)

ALL_SYSTEMS = IPv4Address("224.0.0.1")
ALL_SYSTEMS_LINK_ADDRESS = bytes.fromhex("01005e000001")

MINIMUM_MULTICAST_GAP = 0.1
"""Seconds between multicast advertisements on one link, whatever happens there (RFC 5944 §2.3: "MUST limit
the rate at which it sends broadcast or multicast Agent Advertisements")."""

UNICAST_BURST = 10
UNICAST_INTERVAL = 0.05
"""Solicited answers on one link: this many at once, and one each interval (seconds) on average. Beyond that
one multicast answers all."""

INITIAL_ADVERTISEMENTS = 3
INITIAL_INTERVAL = 16.0
"""RFC 1256 §6: MAX_INITIAL_ADVERTISEMENTS, MAX_INITIAL_ADVERT_INTERVAL (seconds)."""

SHORTEST_SHARE = 0.75
"""RFC 1256 §4.1: MinAdvertisementInterval is 0.75 of the maximum."""

FIRST_AFTER_ROLLOVER = 256
_UNSPECIFIED = IPv4Address(0)


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What the agents of this node offer on one link. Times in seconds."""

    address: IPv4Address
    """The agent's address: source of the advertisements where it is on the link, or the link has none."""
    home_agent: bool = False
    foreign_agent: bool = False
    care_of_addresses: tuple[IPv4Address, ...] = ()
    registration_lifetime: int
    registration_required: bool = False
    interval: float
    """The longest time between two multicasts; a third of `lifetime` where that is shorter."""
    lifetime: int

    def __post_init__(self) -> None:
        # RFC 5944 §2.1.1: "at least one of the 'F' bit and the 'H' bit MUST be set in any Agent Advertisement
        # message sent."
        if not (self.home_agent or self.foreign_agent):
            raise ValueError("an agent offers service as home agent or as foreign agent")
        # RFC 5944 §2.1.1: "An Agent Advertisement MUST include at least one care-of address if the 'F' bit is
        # set."
        if self.foreign_agent and not self.care_of_addresses:
            raise ValueError("a foreign agent has no care-of address to advertise")

    def together_with(self, other: "Offer") -> "Offer":
        """Both in one: this one's address, a foreign agent's terms of registration."""
        terms = self if self.foreign_agent or not other.foreign_agent else other
        return Offer(
            address=self.address,
            home_agent=self.home_agent or other.home_agent,
            foreign_agent=self.foreign_agent or other.foreign_agent,
            care_of_addresses=self.care_of_addresses + other.care_of_addresses,
            registration_lifetime=terms.registration_lifetime,
            registration_required=self.registration_required or other.registration_required,
            interval=min(self.interval, other.interval),
            lifetime=min(self.lifetime, other.lifetime),
        )


def combine(offers: Iterable[Mapping[str, Offer]]) -> dict[str, Offer]:
    """The offers of several agents by link; on a link that they share one for both."""
    combined: dict[str, Offer] = {}
    for by_link in offers:
        for link, offer in by_link.items():
            earlier = combined.get(link)
            combined[link] = offer if earlier is None else earlier.together_with(offer)
    return combined


class _Place:
    """One link on which we advertise. Times are boot time, seconds."""

    __slots__ = ("initial_left", "last_multicast", "link", "name", "next_at", "offer", "unicast_full_at")

    def __init__(self, name: str, offer: Offer) -> None:
        self.name = name
        self.offer = offer
        self.link: Link | None = None
        self.next_at = inf
        self.last_multicast = -inf
        self.initial_left = INITIAL_ADVERTISEMENTS
        self.unicast_full_at = -inf
        """When the whole burst of unicast answers is free again."""

    @property
    def is_up(self) -> bool:
        return self.link is not None and self.link.carrier

    def advance(self, now: float) -> None:
        """The next multicast is wanted as early as may be."""
        self.next_at = min(self.next_at, max(now, self.last_multicast + MINIMUM_MULTICAST_GAP))

    def schedule(self, now: float, fraction: float) -> None:
        """After a multicast: the time of the next, `fraction` in [0, 1) of the way between shortest and
        longest interval."""
        self.last_multicast = now
        # RFC 5944 §2.1: "the nominal interval at which Agent Advertisements are sent SHOULD be no longer than
        # 1/3 of the advertisement Lifetime"; "SHOULD be slightly randomized".
        longest = min(self.offer.interval, self.offer.lifetime / 3)
        interval = longest * (SHORTEST_SHARE + (1 - SHORTEST_SHARE) * fraction)
        if self.initial_left:
            self.initial_left -= 1
            interval = min(interval, INITIAL_INTERVAL)
        self.next_at = now + max(interval, MINIMUM_MULTICAST_GAP)

    def take_unicast(self, now: float) -> bool:
        """Whether one more unicast answer may be sent; it is counted then."""
        if self.unicast_full_at - now > (UNICAST_BURST - 1) * UNICAST_INTERVAL:
            return False
        self.unicast_full_at = max(now, self.unicast_full_at) + UNICAST_INTERVAL
        return True

    def source(self) -> IPv4Address:
        """Our address on the link. Mobile nodes take it for their default router (RFC 5944 §4.2.1)."""
        addresses = [a.ip for a in self.link.addresses] if self.link else []
        return self.offer.address if self.offer.address in addresses or not addresses else addresses[0]


class Advertiser:
    """Makes a node known on its links. Implements `agents.agent.Agent`.

    `busy` tells whether the foreign agent takes no further visitors. `sequence_number` is that of the first
    advertisement. RFC 5944 §2.3.2: "After booting, an agent MUST use the number 0".
    """

    def __init__(
        self, offers: Mapping[str, Offer], busy: Callable[[], bool] = lambda: False, sequence_number: int = 0
    ) -> None:
        self._places = {name: _Place(name, offer) for name, offer in sorted(offers.items())}
        self._busy = busy
        self.sequence_number = sequence_number
        """Of the next advertisement."""

    def handle(self, event: Event, now: Instant) -> list[Output]:
        """The advertisements that `event` and the time call for."""
        outputs: list[Output] = []
        match event:
            case LinkChanged(link=link) if link.name in self._places:
                self._link_changed(self._places[link.name], link, now.boot)
            case LinkRemoved(name=name) if name in self._places:
                self._places[name].link = None
                self._places[name].next_at = inf
            case SolicitationArrived() if event.arrival.interface in self._places:
                outputs += self._solicited(self._places[event.arrival.interface], event, now.boot)
            case Stopping():
                return self._farewells()
            case _:
                pass
        return outputs + self._due(now.boot, event.entropy)

    def next_deadline(self) -> Deadline | None:
        """The next multicast on any link."""
        at = min((place.next_at for place in self._places.values()), default=inf)
        return Deadline(at, "agent advertisement") if at < inf else None

    def forwarding(self) -> ForwardingState:
        """Advertising forwards nothing."""
        return ForwardingState()

    # -- events

    def _link_changed(self, place: _Place, link: Link, now: float) -> None:
        before, place.link = place.link, link
        if not link.carrier:
            place.next_at = inf
            return
        is_same = before is not None and (before.carrier, before.carrier_changes, before.addresses) == (
            link.carrier,
            link.carrier_changes,
            link.addresses,
        )
        if not is_same:
            # RFC 1256 §4.3: an interface that becomes an advertising one starts with advertisements close
            # together. The first at once: nodes that came with the carrier wait for it.
            place.initial_left = INITIAL_ADVERTISEMENTS
            place.advance(now)

    def _solicited(self, place: _Place, event: SolicitationArrived, now: float) -> list[Output]:
        # RFC 5944 §2.3: an agent "MUST NOT require that the IP Source Address is the address of a neighbor".
        arrival = event.arrival
        link_address = arrival.link_source
        is_answerable = link_address is not None and not link_address[0] & 1
        if not is_answerable or not place.take_unicast(now):
            place.advance(now)
            return []
        # RFC 5944 §2.1: to a mobile node "the IP home address of the mobile node SHOULD be used", which is
        # what it solicits with, unless it has none yet.
        has_address = arrival.source != _UNSPECIFIED and not arrival.source.is_multicast
        return [self._send(place, arrival.source if has_address else ALL_SYSTEMS, link_address)]

    def _due(self, now: float, entropy: bytes) -> list[Output]:
        outputs: list[Output] = []
        for number, place in enumerate(self._places.values()):
            if place.next_at <= now:
                outputs.append(self._send(place, ALL_SYSTEMS, ALL_SYSTEMS_LINK_ADDRESS))
                place.schedule(now, _fraction(entropy, number))
        return outputs

    def _farewells(self) -> list[Output]:
        """RFC 1256 §4.3: "a final multicast advertisement on the interface, identical to its previous
        transmission but with a Lifetime field of zero"; nothing is sent after it."""
        outputs: list[Output] = []
        for place in self._places.values():
            if place.is_up:
                outputs.append(self._send(place, ALL_SYSTEMS, ALL_SYSTEMS_LINK_ADDRESS, lifetime=0))
            place.next_at = inf
        return outputs

    # -- messages

    def _send(
        self,
        place: _Place,
        destination: IPv4Address,
        link_destination: bytes | None,
        lifetime: int | None = None,
    ) -> SendDiscovery:
        return SendDiscovery(
            message=self._advertisement(place, place.offer.lifetime if lifetime is None else lifetime),
            departure=Departure(
                destination=destination,
                source=place.source(),
                interface=place.name,
                link_destination=link_destination,
                ttl=1,
            ),
        )

    def _advertisement(self, place: _Place, lifetime: int) -> AgentAdvertisement:
        offer = place.offer
        addresses = tuple(place.link.addresses) if place.link else ()
        lengths = tuple(address.network.prefixlen for address in addresses)
        mobility = MobilityAgentAdvertisementExtension(
            sequence_number=self._next_sequence_number(),
            registration_lifetime=offer.registration_lifetime,
            registration_required=offer.registration_required,
            # RFC 5944 §2.1.1: "MUST NOT have the 'B' bit set if the 'F' bit is not also set."
            busy=offer.foreign_agent and self._busy(),
            home_agent=offer.home_agent,
            foreign_agent=offer.foreign_agent,
            care_of_addresses=offer.care_of_addresses,
        )
        # RFC 5944 §2.3.1: "An agent SHOULD only put its own addresses, if any, in the advertisement." A link
        # without an address has the agent's own, with the prefix of one host.
        return AgentAdvertisement(
            lifetime=lifetime,
            routers=tuple(RouterAddress(a.ip) for a in addresses) or (RouterAddress(offer.address),),
            extensions=(mobility, PrefixLengthsExtension(lengths or (32,))),
        )

    def _next_sequence_number(self) -> int:
        """RFC 5944 §2.1.1: "The count of Agent Advertisement messages sent since the agent was initialized",
        on all links together."""
        number = self.sequence_number
        # RFC 5944 §2.3.2: "the sequence number 0xffff MUST be followed by sequence number 256".
        self.sequence_number = number + 1 if number < 0xFFFF else FIRST_AFTER_ROLLOVER
        return number


def _fraction(entropy: bytes, number: int) -> float:
    """The `number`-th draw in [0, 1) from an event's entropy.

    The second half of it: the first may become a nonce, and jitter is seen on the wire.
    """
    octets = entropy[16:].ljust(16, b"\0")
    start = 4 * (number % 4)
    return int.from_bytes(octets[start : start + 4]) / 2**32
