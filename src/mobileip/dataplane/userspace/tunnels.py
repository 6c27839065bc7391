"""Tunnel ends, compiled: what packets meet and nothing else, and what has passed through each."""

from mobileip.dataplane.userspace.encapsulate import Encapsulate, encapsulator
from mobileip.forwarding.model import LinkHop
from mobileip.forwarding.tunnel import Encapsulation, Tunnel
from mobileip.wire.ip.gre import LAST_AT_FIRST

NO_MTU = 0xFFFF
"""Nothing is known of the path: only the length field of the outer header limits."""

UDP_SELECTOR = b"U"


class Path:
    """The way between the two addresses of a tunnel with its soft state (RFC 2003 §5), which all tunnels between the
    same two share.

    `mtu` is the largest outer packet that the path is known to take, believed until `mtu_until` (boot time,
    s). Until `unreachable_until` (0 = never) the next packet's sender is to hear `unreachable_code`. `route_mtu` is
    what our own route takes, looked up last at `route_mtu_at`. `ends`: the two addresses, 8 octets.
    """

    __slots__ = (
        "__weakref__",
        "ends",
        "mtu",
        "mtu_until",
        "route_mtu",
        "route_mtu_at",
        "unreachable_code",
        "unreachable_until",
    )

    def __init__(self, ends: bytes = b"") -> None:
        self.ends = ends
        self.mtu = NO_MTU
        self.mtu_until = 0.0
        self.unreachable_until = 0.0
        self.unreachable_code = 0
        self.route_mtu = NO_MTU
        self.route_mtu_at = float("-inf")


class TunnelEnd:
    """One end of one tunnel. `ends` is its two addresses as the outer header of what we send has them; `sent` is
    `ends` with what else tells the tunnel from others between the same two (a GRE key, UDP ports): what its other end
    finds it by, as we do by `received`.
    """

    __slots__ = (
        "__weakref__",
        "encapsulate",
        "encapsulation",
        "ends",
        "local",
        "overhead",
        "path",
        "remote",
        "sent",
        "sequence_heard",
        "tunnel",
    )

    def __init__(self, tunnel: Tunnel, path: Path) -> None:
        self.tunnel = tunnel
        self.path = path
        self.local = tunnel.local.packed
        self.remote = tunnel.remote.packed
        self.ends = self.local + self.remote
        self.sent = sent(tunnel)
        self.overhead = tunnel.overhead
        self.encapsulation = tunnel.encapsulation
        self.encapsulate: Encapsulate = encapsulator(tunnel)
        """A packet and the Identification of its outer header -> the whole outer packet."""
        self.sequence_heard = LAST_AT_FIRST
        """GRE sequence number that was taken last (RFC 2890 §2.2)."""

    def takes(self, encapsulation: Encapsulation) -> bool:
        """Whether what came so came as agreed."""
        agreed = self.encapsulation
        # FACTS T14: RFC 2004 has no room for fragments, so those come by IP-in-IP.
        return encapsulation is agreed or (encapsulation is Encapsulation.IPIP and agreed is Encapsulation.MINIMAL)


def received(tunnel: Tunnel) -> bytes:
    """What a packet out of `tunnel` bears: outer source, outer destination, and a GRE key or UDP ports."""
    ends = tunnel.remote.packed + tunnel.local.packed
    if tunnel.udp is None and tunnel.encapsulation is not Encapsulation.GRE:
        return ends
    return ends + _selector(tunnel, tunnel.gre.received_key, outwards=False)


def sent(tunnel: Tunnel) -> bytes:
    """What a packet into `tunnel` bears: the same as its other end sees it."""
    return tunnel.local.packed + tunnel.remote.packed + _selector(tunnel, tunnel.gre.sent_key, outwards=True)


def selector_of_key(key: int | None) -> bytes:
    """What tells apart GRE tunnels between the same ends (RFC 6245 §1)."""
    return b"" if key is None else key.to_bytes(4)


def selector_of_ports(source: bytes, destination: bytes) -> bytes:
    """What tells apart tunnels in UDP, by the two ports as octets of the header (RFC 3519 §4.3)."""
    return UDP_SELECTOR + source + destination


def _selector(tunnel: Tunnel, key: int | None, *, outwards: bool) -> bytes:
    selector = selector_of_key(key) if tunnel.encapsulation is Encapsulation.GRE else b""
    if tunnel.udp is None:
        return selector
    ports = (tunnel.udp.local.to_bytes(2), tunnel.udp.remote.to_bytes(2))
    source, destination = ports if outwards else ports[::-1]
    return selector_of_ports(source, destination) + selector


class Use:
    """What has passed one way through a tunnel for one mobile node; octets are those of the inner packets. `at`: when
    the latest did (boot time, s). `end` is kept alive with it: its soft state and its sequence numbers outlive a
    renewal."""

    __slots__ = ("at", "end", "octets", "packets")

    def __init__(self, end: TunnelEnd | None = None) -> None:
        self.end = end
        self.packets = 0
        self.octets = 0
        self.at = float("-inf")

    def add(self, packets: int, octets: int, at: float = float("-inf")) -> None:
        """What was counted elsewhere."""
        self.packets += packets
        self.octets += octets
        self.at = max(self.at, at)


class Leg:
    """One tunnel of one binding; or of one listener to broadcasts, about which no errors are told. `hop`: its packets
    leave as frames to a neighbour."""

    __slots__ = ("end", "hop", "is_quiet", "use")

    def __init__(self, end: TunnelEnd, use: Use, *, is_quiet: bool = False, hop: LinkHop | None = None) -> None:
        self.end = end
        self.use = use
        self.is_quiet = is_quiet
        self.hop = hop


class Binding:
    """A mobility binding as packets meet it. `expires_at` is boot time, s."""

    __slots__ = ("expires_at", "legs")

    def __init__(self, legs: tuple[Leg, ...], expires_at: float) -> None:
        self.legs = legs
        self.expires_at = expires_at


class Exit:
    """Where packets out of the tunnel of `end` for one home address go: a visitor's link-layer address, or (None) our
    own stack.

    `is_reverse`: a home agent's exit, from which they go on; `onwards`: the tunnel that they go on into.
    """

    __slots__ = ("end", "expires_at", "interface", "is_reverse", "link_address", "onwards", "use")

    def __init__(
        self,
        end: TunnelEnd,
        expires_at: float,
        use: Use,
        *,
        interface: str | None = None,
        link_address: bytes = b"",
        is_reverse: bool = False,
        onwards: Leg | None = None,
    ) -> None:
        self.end = end
        self.expires_at = expires_at
        self.use = use
        self.interface = interface
        self.link_address = link_address
        self.is_reverse = is_reverse
        self.onwards = onwards
