"""Tunnel ends, compiled: what encapsulating a packet needs and nothing else, and what has passed through
each."""

from struct import Struct

from mobileip.forwarding.model import Tunnel
from mobileip.wire.ip.ipip import TUNNEL_TTL
from mobileip.wire.ip.ipv4 import HEADER_LENGTH, PROTOCOL_IPIP

VERSION_AND_LENGTH = 0x45
"""First octet of an IPv4 header without options: RFC 2003 §3.1, options are "in general NOT copied"."""

NO_MTU = 0xFFFF
"""Nothing is known of the path: only the length field of the outer header limits."""

_OUTER = Struct("!BBHHHBBH8s")


class TunnelEnd:
    """The entry of one tunnel with its soft state (RFC 2003 §5). `ends` is its two addresses as the outer
    header has them.

    `mtu` is the largest outer packet that the path is known to take, believed until `mtu_until` (boot time,
    s). Until `unreachable_until` (0 = never) the next packet's sender is to hear `unreachable_code`.
    """

    __slots__ = (
        "__weakref__",
        "_words",
        "ends",
        "local",
        "mtu",
        "mtu_until",
        "remote",
        "tunnel",
        "unreachable_code",
        "unreachable_until",
    )

    def __init__(self, tunnel: Tunnel) -> None:
        self.tunnel = tunnel
        self.local = tunnel.local.packed
        self.remote = tunnel.remote.packed
        self.ends = self.local + self.remote
        self.mtu = NO_MTU
        self.mtu_until = 0.0
        self.unreachable_until = 0.0
        self.unreachable_code = 0
        # The part of the outer header's checksum that is the same for every packet.
        self._words = (VERSION_AND_LENGTH << 8) + (TUNNEL_TTL << 8 | PROTOCOL_IPIP) + int.from_bytes(self.ends) % 0xFFFF

    def encapsulate(self, packet: bytes, identification: int) -> bytes:
        """`packet` behind a new outer header (RFC 2003 §3.1); the packet itself is not changed.

        The inner TTL was decremented by the kernel when it forwarded the packet to our device, and not by us:
        "decremented by one if the tunneling is being done as part of forwarding the datagram".
        """
        total = len(packet) + HEADER_LENGTH
        # R2003-3.1-a: "The Type of Service (TOS) is copied from the inner IP header."
        service = packet[1]
        # R2003-3.1-b: 'if the "Don't Fragment" bit is set in the inner IP header, it MUST be set in the
        # outer'. Where it is clear a router on the way may fragment: a path that became narrower loses
        # nothing.
        flags = (packet[6] & 0x40) << 8
        words = self._words + service + total + identification + flags
        words = (words & 0xFFFF) + (words >> 16)
        check = ~(words + (words >> 16)) & 0xFFFF
        # R2003-3.1-a, R5944-4.1-a, R5944-4.2.3-e: protocol 4, and the ends of the tunnel; the source "MUST be the
        # address sent to the mobile node in the Home Agent field of the Registration Reply."
        outer = _OUTER.pack(
            VERSION_AND_LENGTH, service, total, identification, flags, TUNNEL_TTL, PROTOCOL_IPIP, check, self.ends
        )
        return outer + packet


class Use:
    """What has passed one way through a tunnel for one mobile node; octets are those of the inner packets."""

    __slots__ = ("octets", "packets")

    def __init__(self) -> None:
        self.packets = 0
        self.octets = 0


class Leg:
    """One tunnel of one binding; or of one listener to broadcasts, about which no errors are told."""

    __slots__ = ("end", "is_quiet", "use")

    def __init__(self, end: TunnelEnd, use: Use, *, is_quiet: bool = False) -> None:
        self.end = end
        self.use = use
        self.is_quiet = is_quiet


class Binding:
    """A mobility binding as packets meet it. `expires_at` is boot time, s."""

    __slots__ = ("expires_at", "legs")

    def __init__(self, legs: tuple[Leg, ...], expires_at: float) -> None:
        self.legs = legs
        self.expires_at = expires_at


class Exit:
    """Where packets out of a tunnel for one home address go: a visitor's link-layer address, or (None) our
    own stack."""

    __slots__ = ("expires_at", "interface", "link_address", "use")

    def __init__(self, interface: str | None, link_address: bytes, expires_at: float, use: Use) -> None:
        self.interface = interface
        self.link_address = link_address
        self.expires_at = expires_at
        self.use = use
