"""Everything an agent can ask for. Performed in the order of the list, but for what may go ahead of changes of the
forwarding, or comes behind them (`daemon.perform`)."""

from ipaddress import IPv4Address

import msgspec

from mobileip.agents.memory import Moment, Record
from mobileip.agents.notices import Notice
from mobileip.forwarding.model import ForwardingChange
from mobileip.wire.agent_discovery import AgentAdvertisement, AgentSolicitation
from mobileip.wire.numbers import MOBILE_IP_UDP_PORT


class Departure(msgspec.Struct, frozen=True, kw_only=True):
    """How a message leaves. With `link_destination` it is a frame on `interface`: neither routes nor ARP are asked."""

    destination: IPv4Address
    source: IPv4Address | None = None
    """None: whatever the route gives."""
    destination_port: int = MOBILE_IP_UDP_PORT
    source_port: int = MOBILE_IP_UDP_PORT
    interface: str | None = None
    link_destination: bytes | None = None
    ttl: int = 64


class SendMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One UDP payload, signed and final."""

    octets: bytes
    departure: Departure
    ahead: bool = False
    """It may leave before the forwarding changes: packets that come because of it wait for us until that is done, or go
    as they went before."""


class SendDiscovery(msgspec.Struct, frozen=True, kw_only=True):
    """An agent solicitation or advertisement; TTL 1 always (RFC 5944 §2.1, §2.2)."""

    message: AgentSolicitation | AgentAdvertisement
    departure: Departure


class ChangeForwarding(msgspec.Struct, frozen=True):
    change: ForwardingChange


class AnnounceAddress(msgspec.Struct, frozen=True, kw_only=True):
    """One gratuitous ARP as a broadcast (RFC 5944 §4.6); `link_address` None = the interface's own."""

    interface: str
    address: IPv4Address
    link_address: bytes | None = None


class SendKeepalive(msgspec.Struct, frozen=True, kw_only=True):
    """An ICMP echo request from the home address to the home agent through the reverse tunnel (RFC 3519 §4.9); its
    answer comes as `news.EchoAnswered`."""

    home_address: IPv4Address
    home_agent: IPv4Address
    identifier: int
    sequence: int


class SendProbe(msgspec.Struct, frozen=True, kw_only=True):
    """An ICMP echo request to the home agent by one link, to see whether that path is whole; its answer comes as
    `events.ProbeAnswered`. From the home address through a foreign agent, else from the care-of address."""

    departure: Departure
    """With interface and source; its ports are of no meaning."""
    number: int
    """16 bits: the Sequence Number."""


class AskLinkUse(msgspec.Struct, frozen=True, kw_only=True):
    """How many packets have passed a link? Answered at once by `events.LinkUsed`."""

    interface: str


class AskActivity(msgspec.Struct, frozen=True, kw_only=True):
    """When was the mobile node's tunnel used last? Answered at once by `news.TunnelActivity`."""

    home_address: IPv4Address


class Remember(msgspec.Struct, frozen=True, gc=False):
    """Something that must outlive this process, in place of what was remembered under the same name before. It is
    written before anything else is done that follows from the same event."""

    record: Record
    moment: Moment


class Forget(msgspec.Struct, frozen=True):
    """What was remembered under that name is of no more use."""

    name: int | str


class Notify(msgspec.Struct, frozen=True):
    """Something operators should learn: becomes a log line, a counter and an entry of the event feed."""

    notice: Notice


Output = (
    SendMessage
    | SendDiscovery
    | ChangeForwarding
    | AnnounceAddress
    | SendKeepalive
    | SendProbe
    | AskLinkUse
    | AskActivity
    | Remember
    | Forget
    | Notify
)
