"""Everything that can happen to an agent. With `outputs.py` this is the whole vocabulary of the room."""

from ipaddress import IPv4Address, IPv4Interface

import msgspec

from mobileip.agents.memory import Remembered
from mobileip.forwarding.news import News
from mobileip.wire.agent_discovery import AgentAdvertisement, AgentSolicitation
from mobileip.wire.message import Decoded, Message


class _Event(msgspec.Struct, frozen=True, kw_only=True):
    entropy: bytes = b""
    """Fresh random octets (32 from the daemon) for nonces and jitter: agents make none themselves."""


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """Where a message came from, as far as the socket could tell."""

    interface: str
    source: IPv4Address
    destination: IPv4Address
    source_port: int = 0
    destination_port: int = 0
    ttl: int = 64
    link_source: bytes | None = None
    """Link-layer source of the frame; None for what came through a UDP socket."""


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """One interface as the machine shows it now."""

    name: str
    index: int
    carrier: bool
    link_address: bytes | None = None
    addresses: tuple[IPv4Interface, ...] = ()
    """Addresses that the system (DHCP, administrator) set; never ours."""
    gateway: IPv4Address | None = None
    """Gateway of the best default route through this interface, from the main table."""
    carrier_changes: int = 0
    """Counts up with every loss and return of the carrier: a flap too short to be seen still changes it."""


class MessageArrived(_Event, frozen=True, kw_only=True):
    """A control message on UDP port 434, decoded."""

    decoded: Decoded[Message]
    arrival: Arrival


class DeliveryFailed(_Event, frozen=True, kw_only=True):
    """An ICMP error about a control message that we sent (RFC 5944 §3.7.3)."""

    destination: IPv4Address
    """Where it was to go."""
    icmp_type: int
    icmp_code: int
    octets: bytes
    """As much of the message (from its type octet on) as the error tells."""


class SolicitationArrived(_Event, frozen=True, kw_only=True):
    solicitation: AgentSolicitation
    arrival: Arrival


class AdvertisementArrived(_Event, frozen=True, kw_only=True):
    advertisement: AgentAdvertisement
    arrival: Arrival


class LinkChanged(_Event, frozen=True, kw_only=True):
    """A link appeared or is not what it was. The whole new picture of it."""

    link: Link


class LinkRemoved(_Event, frozen=True, kw_only=True):
    name: str


class GatewayHeard(_Event, frozen=True, kw_only=True):
    """A router's link-layer address, learnt from a frame that it sent by itself (its DHCP answer): no ARP is needed."""

    interface: str
    address: IPv4Address
    link_address: bytes


class TimerExpired(_Event, frozen=True, kw_only=True):
    """The deadline that the agent asked for has come (or anything later: agents look at `now` alone)."""


class Started(_Event, frozen=True, kw_only=True):
    """First event of an agent's life; every link known at that time follows as `LinkChanged`."""

    remembered: Remembered | None = None
    """What a home agent wanted to be remembered in an earlier life. None: nobody remembers anything for it, or it is to
    go on as it is (another role got a new configuration)."""


class Stopping(_Event, frozen=True, kw_only=True):
    """Last event: the agent may send its farewells (a deregistration, an advertisement with lifetime 0)."""


class RegisterCommanded(_Event, frozen=True, kw_only=True):
    """An operator wants the mobile node registered now (`mip register`)."""


class DeregisterCommanded(_Event, frozen=True, kw_only=True):
    """An operator wants the mobile node's binding gone and none made until `mip register` (`mip deregister`)."""


class HandoverCommanded(_Event, frozen=True, kw_only=True):
    """An operator, or a program, wants the mobile node on `interface` now (`mip handover`), for as long as that link
    offers anything; None: it is to decide by itself again."""

    interface: str | None


class PreferCommanded(_Event, frozen=True, kw_only=True):
    """`interface` is to be preferred to all other links from now on (`mip link prefer`); None: none is."""

    interface: str | None


class LinkAnnounced(_Event, frozen=True, kw_only=True):
    """A Wi-Fi or modem manager says that a link will go down soon, or (`leaving` False) that it is to stay."""

    interface: str
    leaving: bool


class Resumed(_Event, frozen=True, kw_only=True):
    """The machine slept: what was heard before tells nothing of where it is now."""


class ProbeAnswered(_Event, frozen=True, kw_only=True):
    """The home agent has answered `outputs.SendProbe`."""

    interface: str
    number: int


class LinkUsed(_Event, frozen=True, kw_only=True):
    """How many packets a link has sent and received since it exists: the answer to `outputs.AskLinkUse`."""

    interface: str
    sent: int
    received: int


class RevokeCommanded(_Event, frozen=True, kw_only=True):
    """An operator wants a binding or a visitor gone, and the other agent told (RFC 3543)."""

    home_address: IPv4Address


class PacketsTold(_Event, frozen=True, kw_only=True):
    """Something that was seen in a tunnel."""

    news: News


Event = (
    MessageArrived
    | DeliveryFailed
    | SolicitationArrived
    | AdvertisementArrived
    | LinkChanged
    | LinkRemoved
    | GatewayHeard
    | TimerExpired
    | Started
    | Stopping
    | RegisterCommanded
    | DeregisterCommanded
    | HandoverCommanded
    | PreferCommanded
    | LinkAnnounced
    | Resumed
    | ProbeAnswered
    | LinkUsed
    | RevokeCommanded
    | PacketsTold
)
