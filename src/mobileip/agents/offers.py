"""What the agents of a node offer on their links, as values: what advertisements are made of."""

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address

import msgspec

ALL_SYSTEMS = IPv4Address("224.0.0.1")
ALL_SYSTEMS_LINK_ADDRESS = bytes.fromhex("01005e000001")
LIMITED_BROADCAST = IPv4Address("255.255.255.255")
ADVERTISEMENT_ADDRESSES = {ALL_SYSTEMS: ALL_SYSTEMS_LINK_ADDRESS, LIMITED_BROADCAST: b"\xff" * 6}
"""Where an advertisement for all may go, and in which frame (RFC 1256 §4.1: AdvertisementAddress)."""


class AdvertisingConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How an agent advertises: the part of the configuration that home agents and foreign agents have in common."""

    advertisement_interval: float = 1.0
    """Seconds, the longest between two advertisements for all."""
    advertisement_lifetime: int = 3
    """Seconds for which an advertisement may be believed."""
    advertisement_address: IPv4Address = ALL_SYSTEMS
    """RFC 1256 §4.1: 224.0.0.1, or 255.255.255.255 where nodes don't hear multicasts."""
    preference_level: int = 0
    """RFC 1256 §4.1: of our addresses as default routers; -2147483648 is for none that may be one."""
    routes_common_traffic: bool = True
    """Whether we are a router for those who are not registered too; else ICMP code 16 says so (RFC 5944 §2.1)."""
    advertise_prefix_lengths: bool = True
    """RFC 5944 §2.1.2: on one subnet all agents tell them, or none."""


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What the agents of this node offer on one link. Times in seconds."""

    address: IPv4Address
    """The agent's address: source of the advertisements where it is on the link, or the link has none."""
    home_agent: bool = False
    foreign_agent: bool = False
    care_of_addresses: tuple[IPv4Address, ...] = ()
    registration_lifetime: int
    registration_required: bool = False
    registration_revocation: bool = False
    """X: the foreign agent takes part in registration revocation (RFC 3543 §3.1)."""
    reverse_tunneling: bool = False
    """T (RFC 3024 §3.1)."""
    minimal_encapsulation: bool = False
    gre_encapsulation: bool = False
    udp_tunneling: bool = False
    """U: the foreign agent is behind a NAT and tunnels in UDP (RFC 3519 §3.4)."""
    interval: float
    """The longest time between two multicasts; a third of `lifetime` where that is shorter."""
    lifetime: int
    advertisement_address: IPv4Address = ALL_SYSTEMS
    preference_level: int = 0
    routes_common_traffic: bool = True
    prefix_lengths: bool = True
    """Whether the prefix lengths of our addresses are told."""

    def __post_init__(self) -> None:
        # R5944-2.1.1-f: "at least one of the 'F' bit and the 'H' bit MUST be set in any Agent Advertisement
        # message sent."
        if not (self.home_agent or self.foreign_agent):
            raise ValueError("an agent offers service as home agent or as foreign agent")
        # R5944-2.1.1-b: "An Agent Advertisement MUST include at least one care-of address if the 'F' bit is
        # set."
        if self.foreign_agent and not self.care_of_addresses:
            raise ValueError("a foreign agent has no care-of address to advertise")
        # R5944-2.1-c: "the IP destination address of a multicast Agent Advertisement MUST be either the "all
        # systems on this link" multicast address (224.0.0.1) or the "limited broadcast" address
        # (255.255.255.255)"; "The subnet-directed broadcast address [...] cannot be used".
        if self.advertisement_address not in ADVERTISEMENT_ADDRESSES:
            raise ValueError(f"advertisements go to 224.0.0.1 or 255.255.255.255, not {self.advertisement_address}")

    def together_with(self, other: "Offer") -> "Offer":
        """Both in one: this one's address and way to advertise, a foreign agent's terms of registration."""
        terms = self if self.foreign_agent or not other.foreign_agent else other
        return Offer(
            address=self.address,
            home_agent=self.home_agent or other.home_agent,
            foreign_agent=self.foreign_agent or other.foreign_agent,
            care_of_addresses=self.care_of_addresses + other.care_of_addresses,
            registration_lifetime=terms.registration_lifetime,
            registration_required=self.registration_required or other.registration_required,
            registration_revocation=self.registration_revocation or other.registration_revocation,
            reverse_tunneling=self.reverse_tunneling or other.reverse_tunneling,
            minimal_encapsulation=self.minimal_encapsulation or other.minimal_encapsulation,
            gre_encapsulation=self.gre_encapsulation or other.gre_encapsulation,
            udp_tunneling=self.udp_tunneling or other.udp_tunneling,
            interval=min(self.interval, other.interval),
            lifetime=min(self.lifetime, other.lifetime),
            advertisement_address=self.advertisement_address,
            preference_level=self.preference_level,
            routes_common_traffic=self.routes_common_traffic and other.routes_common_traffic,
            prefix_lengths=self.prefix_lengths and other.prefix_lengths,
        )


def combine(offers: Iterable[Mapping[str, Offer]]) -> dict[str, Offer]:
    """The offers of several agents by link; on a link that they share one for both."""
    combined: dict[str, Offer] = {}
    for by_link in offers:
        for link, offer in by_link.items():
            earlier = combined.get(link)
            combined[link] = offer if earlier is None else earlier.together_with(offer)
    return combined
