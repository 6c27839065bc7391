"""Agent Advertisements, periodic and solicited (RFC 1256 §4.3, RFC 5944 §2.1-§2.3).

The node has one `Advertiser`, whatever its roles. The agents only say what they offer on which link; a home
agent and a foreign agent on one link so make one advertisement with the H and the F bit, and mobile nodes see
one agent.

Where we leave RFC 1256: intervals may be shorter than its 3 s (a handover waits for an advertisement), the
shortest one is always 0.75 of the longest, all addresses of a link are advertised, and a solicitation is answered
at once, by unicast (MAX_RESPONSE_DELAY is a maximum). The limits that RFC 5944 §2.3 asks for instead are the
constants below.
"""

from collections.abc import Callable, Mapping
from ipaddress import IPv4Address
from math import inf

from mobileip.agents.events import (
    Event,
    Link,
    LinkChanged,
    LinkRemoved,
    SolicitationArrived,
    Stopping,
)
from mobileip.agents.instant import Deadline, Instant
from mobileip.agents.notices import SolicitationBroadcast
from mobileip.agents.offers import ADVERTISEMENT_ADDRESSES, LIMITED_BROADCAST, Offer
from mobileip.agents.outputs import Departure, Notify, Output, SendDiscovery
from mobileip.forwarding.model import ForwardingState
from mobileip.wire.agent_discovery import (
    AgentAdvertisement,
    MobilityAgentAdvertisementExtension,
    PrefixLengthsExtension,
    RouterAddress,
)

NO_COMMON_TRAFFIC = 16
"""ICMP code (RFC 5944 §2.1: "The mobility agent does not route common traffic.")."""

MINIMUM_MULTICAST_GAP = 0.1
"""Seconds between multicast advertisements on one link, whatever happens there.

R5944-2.3-f: the maximum rate "SHOULD be chosen so that the Advertisements do not consume a significant amount of
network bandwidth": ten of some 60 octets a second."""

RESPONSE_DELAY = 0.5
"""RFC 1256 §6: MAX_RESPONSE_DELAY, there 2 s: a mobile node that has moved is waiting. Seconds."""

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


class _Place:
    """One link on which we advertise. Times are boot time, seconds."""

    __slots__ = (
        "initial_left",
        "is_answering",
        "last_multicast",
        "link",
        "name",
        "next_at",
        "offer",
        "told_of_broadcast",
        "unicast_full_at",
    )

    def __init__(self, name: str, offer: Offer) -> None:
        self.name = name
        self.offer = offer
        self.link: Link | None = None
        self.next_at = inf
        self.last_multicast = -inf
        self.initial_left = INITIAL_ADVERTISEMENTS
        self.unicast_full_at = -inf
        """When the whole burst of unicast answers is free again."""
        self.is_answering = False
        """Whether the next multicast answers a solicitation."""
        self.told_of_broadcast = False
        """Whether operators know that nodes solicit by broadcast here: once is enough."""

    @property
    def is_up(self) -> bool:
        return self.link is not None and self.link.carrier

    def advance(self, now: float) -> None:
        """The next multicast is wanted now, or as early as may be."""
        # R5944-2.3-e: "a mobility agent MUST limit the rate at which it sends broadcast or multicast Agent
        # Advertisements".
        earliest = max(now, self.last_multicast + MINIMUM_MULTICAST_GAP)
        self.next_at = min(self.next_at, earliest)

    def answer_all(self, now: float, fraction: float) -> None:
        """The next multicast answers a solicitation; further ones are answered by the same."""
        if not self.is_answering:
            self.is_answering = True
            # R1256-4.3-d: "a multicast response must be delayed, for a small random interval not greater than
            # MAX_RESPONSE_DELAY".
            self.advance(now + RESPONSE_DELAY * fraction)

    def schedule(self, now: float, fraction: float) -> None:
        """After a multicast: the time of the next, `fraction` in [0, 1) of the way between shortest and
        longest interval."""
        self.last_multicast = now
        self.is_answering = False
        # R5944-2.1-f: "the nominal interval at which Agent Advertisements are sent SHOULD be no longer than 1/3
        # of the advertisement Lifetime".
        longest = min(self.offer.interval, self.offer.lifetime / 3)
        # R5944-2.1-g: "SHOULD be slightly randomized". R1256-4.3-b: "a uniformly-distributed random value".
        interval = longest * (SHORTEST_SHARE + (1 - SHORTEST_SHARE) * fraction)
        if self.initial_left:
            self.initial_left -= 1
            # R1256-4.3-c: "if the randomly chosen interval is greater than MAX_INITIAL_ADVERT_INTERVAL, the timer
            # should be set to MAX_INITIAL_ADVERT_INTERVAL instead".
            interval = min(interval, INITIAL_INTERVAL)
        # R5944-2.3-e: whatever is configured. R1256-4.3-d: an answer to a solicitation to all sets the timer anew.
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
    advertisement.
    """

    def __init__(
        self, offers: Mapping[str, Offer], busy: Callable[[], bool] = lambda: False, sequence_number: int = 0
    ) -> None:
        self._places = {name: _Place(name, offer) for name, offer in sorted(offers.items())}
        self._busy = busy
        # R5944-2.3.2-a: "After booting, an agent MUST use the number 0 for its first advertisement."
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
                # R1256-4.3-g: "it is recommended [...] that the router transmit a final multicast advertisement".
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

    def tell_reset(self, interface: str, home_address: IPv4Address, link_address: bytes) -> list[Output]:
        """Tells one mobile node that its registration is gone: RFC 3543 §4.1: the agent "may unicast an agent
        advertisement with the sequence number set to 0 to the mobile node". For all others it counts on."""
        place = self._places.get(interface)
        if place is None or not place.is_up:
            return []
        # R3543-4.1-b: "Agent Advertisements unicast to a mobile node MUST be sent as described in [1]".
        return [self._send(place, home_address, link_address, sequence_number=0)]

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
            # R1256-4.3-c: an interface that becomes an advertising one starts with advertisements close together.
            place.initial_left = INITIAL_ADVERTISEMENTS
            # R1256-4.3-f: "the router must commence transmission of periodic advertisements on the new advertising
            # interface". The first at once: nodes that came with the carrier wait for it.
            place.advance(now)

    def _solicited(self, place: _Place, event: SolicitationArrived, now: float) -> list[Output]:
        arrival = event.arrival
        outputs = self._note_broadcast(place, event)
        link_address = arrival.link_source
        # R5944-2.3-g: an agent "MUST NOT require that the IP Source Address is the address of a neighbor"; all that
        # is asked for is a frame that can be answered.
        is_answerable = link_address is not None and not link_address[0] & 1
        if not is_answerable or not place.take_unicast(now):
            place.answer_all(now, _fraction(event.entropy, 0))
            return outputs
        # R5944-2.1-d: to a mobile node "the IP home address of the mobile node SHOULD be used", which is what it
        # solicits with, unless it has none yet.
        has_address = arrival.source != _UNSPECIFIED and not arrival.source.is_multicast
        destination = arrival.source if has_address else place.offer.advertisement_address
        # R5944-2.1-a: the link-layer destination of a unicast advertisement "MUST be the same as the source link-layer
        # address of the Agent Solicitation that prompted the Advertisement". R5944-2.3-d: "All mobility agents SHOULD
        # respond to Agent Solicitations."
        outputs.append(self._send(place, destination, link_address))
        return outputs

    def _note_broadcast(self, place: _Place, event: SolicitationArrived) -> list[Output]:
        # R1256-4.3-e: "a solicitation sent to an IP broadcast address, on an interface whose configured
        # AdvertisementAddress is an IP multicast address": "Such an event [...] should be logged".
        is_unexpected = (
            event.arrival.destination == LIMITED_BROADCAST
            and place.offer.advertisement_address != LIMITED_BROADCAST
            and not place.told_of_broadcast
        )
        if not is_unexpected:
            return []
        place.told_of_broadcast = True
        return [Notify(SolicitationBroadcast(interface=place.name, source=event.arrival.source))]

    def _due(self, now: float, entropy: bytes) -> list[Output]:
        outputs: list[Output] = []
        for number, place in enumerate(self._places.values()):
            if place.next_at <= now:
                # R5944-2.3-a, R5944-2.3-b: whatever else the link can tell of us. R5944-2.1.1-d: "A foreign agent may
                # at times be too busy to serve additional mobile nodes; even so, it must continue to send Agent
                # Advertisements".
                outputs.append(self._send_to_all(place))
                place.schedule(now, _fraction(entropy, number))
        return outputs

    def _farewells(self) -> list[Output]:
        """RFC 1256 §4.3: "a final multicast advertisement on the interface, identical to its previous
        transmission but with a Lifetime field of zero"; nothing is sent after it."""
        outputs: list[Output] = []
        for place in self._places.values():
            if place.is_up:
                outputs.append(self._send_to_all(place, lifetime=0))
            place.next_at = inf
        return outputs

    # -- messages

    def _send_to_all(self, place: _Place, lifetime: int | None = None) -> SendDiscovery:
        # R1256-4.1-a: AdvertisementAddress is configurable.
        address = place.offer.advertisement_address
        return self._send(place, address, ADVERTISEMENT_ADDRESSES[address], lifetime)

    def _send(
        self,
        place: _Place,
        destination: IPv4Address,
        link_destination: bytes | None,
        lifetime: int | None = None,
        sequence_number: int | None = None,
    ) -> SendDiscovery:
        return SendDiscovery(
            message=self._advertisement(place, place.offer.lifetime if lifetime is None else lifetime, sequence_number),
            departure=Departure(
                destination=destination,
                source=place.source(),
                interface=place.name,
                link_destination=link_destination,
                # R5944-2.1-b: "The TTL for all Agent Advertisements MUST be set to 1."
                ttl=1,
            ),
        )

    def _advertisement(self, place: _Place, lifetime: int, sequence_number: int | None) -> AgentAdvertisement:
        offer = place.offer
        addresses = tuple(place.link.addresses) if place.link else ()
        own = tuple(address.ip for address in addresses)
        lengths = tuple(address.network.prefixlen for address in addresses)
        mobility = MobilityAgentAdvertisementExtension(
            sequence_number=self._next_sequence_number() if sequence_number is None else sequence_number,
            registration_lifetime=offer.registration_lifetime,
            # R5944-2.1.1-g: "MUST NOT set the 'R' bit to one unless the 'F' bit is also set to one."
            registration_required=offer.foreign_agent and offer.registration_required,
            # R5944-2.1.1-e: "MUST NOT have the 'B' bit set if the 'F' bit is not also set." R5944-2.1.1-c: "A home
            # agent MUST always be prepared to serve the mobile nodes for which it is the home agent."
            busy=offer.foreign_agent and self._busy(),
            # R5944-2.3-i, R5944-2.3-j: on the home link, and on no other.
            home_agent=offer.home_agent,
            foreign_agent=offer.foreign_agent,
            minimal_encapsulation=offer.minimal_encapsulation,
            gre_encapsulation=offer.gre_encapsulation,
            reverse_tunneling=offer.reverse_tunneling,
            udp_tunneling=offer.udp_tunneling,
            registration_revocation=offer.registration_revocation,
            care_of_addresses=offer.care_of_addresses,
        )
        # R5944-2.3-k: "On a particular subnet, either all mobility agents MUST include the Prefix-Lengths Extension or
        # all of them MUST NOT": so operators decide. R5944-D-a: it "SHOULD NOT be included" where agents that advertise
        # the same prefix "provide different connectivity".
        prefixes = (PrefixLengthsExtension(lengths or (32,)),) if offer.prefix_lengths else ()
        return AgentAdvertisement(
            # R5944-2.1-e: what the code says is about common traffic; visitors' packets are forwarded all the same.
            code=0 if offer.routes_common_traffic else NO_COMMON_TRAFFIC,
            lifetime=lifetime,
            # R5944-2.3.1-a: "An agent SHOULD only put its own addresses, if any, in the advertisement." A link
            # without an address has the agent's own, with the prefix of one host.
            routers=tuple(RouterAddress(a, offer.preference_level) for a in (own or (offer.address,))),
            # R5944-2.1.3-a: "SHOULD NOT include more than one One-byte Padding Extension": ours have none.
            extensions=(mobility, *prefixes),
        )

    def _next_sequence_number(self) -> int:
        """RFC 5944 §2.1.1: "The count of Agent Advertisement messages sent since the agent was initialized",
        on all links together."""
        number = self.sequence_number
        # R5944-2.3.2-b: "Each subsequent advertisement MUST use the sequence number one greater". R5944-2.3.2-c: "the
        # sequence number 0xffff MUST be followed by sequence number 256".
        self.sequence_number = number + 1 if number < 0xFFFF else FIRST_AFTER_ROLLOVER
        return number


def _fraction(entropy: bytes, number: int) -> float:
    """The `number`-th draw in [0, 1) from an event's entropy.

    The second half of it: the first may become a nonce, and jitter is seen on the wire.
    """
    octets = entropy[16:].ljust(16, b"\0")
    start = 4 * (number % 4)
    return int.from_bytes(octets[start : start + 4]) / 2**32
