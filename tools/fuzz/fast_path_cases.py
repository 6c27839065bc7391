"""Worlds and packets for both paths: every role with every form of tunnel, and what comes by such a tunnel.

All comes from one `Random`, which may be one of hypothesis, that knows how to make a case smaller.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address
from random import Random
from struct import Struct

from tests.support.wishes import (
    CARE_OF,
    CORRESPONDENT,
    FORMS,
    HOME_ADDRESS,
    HOME_AGENT,
    LATER,
    VISITOR_LINK_ADDRESS,
    binding,
    broadcast_exit,
    reverse_exit,
    reverse_tunnel,
    tunnel_exit,
    turned,
    visitor,
    visitor_reverse,
)
from tools.fuzz.encapsulation_forms import header_repaired

from mobileip.dataplane.userspace.encapsulate import encapsulator
from mobileip.dataplane.userspace.tables import PacketTables
from mobileip.dataplane.userspace.tunnels import Path
from mobileip.forwarding.model import LinkHop, Wish
from mobileip.forwarding.tunnel import Tunnel

OURS, NARROW_PATH = IPv4Address("203.0.113.9"), IPv4Address("203.0.113.200")
"""An address of the machine; one that our own route takes less to."""
EXPIRED = 1.0
"""A boot time that is over."""
ROLES = ("home_agent", "foreign_agent", "co_located", "encapsulating_delivery", "both_agents", "copies")

_HEADER = Struct("!BBHHHBBH4s4s")
TCP, UDP, ICMP = 6, 17, 1
GROUP, EVERYBODY = IPv4Address("239.1.2.3"), IPv4Address("255.255.255.255")


@dataclass(frozen=True)
class World:
    role: str
    wishes: tuple[Wish, ...]
    tunnels: tuple[Tunnel, ...]
    """As the wishes name them; the home address that each is for is the one at the same place of `homes`."""
    homes: tuple[IPv4Address, ...]

    @property
    def has_bindings(self) -> bool:
        """Whether packets to mobile nodes go into its tunnels, and those from them come out."""
        return self.role in ("home_agent", "copies", "both_agents")

    @property
    def realm(self) -> int:
        return next((realm for wish in self.wishes if (realm := getattr(wish, "realm", 0))), 0)


def world(random: Random, role: str | None = None, form: int | None = None) -> World:
    """One machine."""
    role = random.choice(ROLES) if role is None else role
    form = random.randrange(len(FORMS)) if form is None else form
    other_form = form if random.random() < 0.5 else random.randrange(len(FORMS))
    there = random.choice((CARE_OF, CARE_OF, CARE_OF, NARROW_PATH))
    second = HOME_ADDRESS + 1

    def expires_at() -> float:
        return EXPIRED if random.random() < 0.1 else LATER

    match role:
        case "home_agent":
            tunnel, other = Tunnel(HOME_AGENT, there, *FORMS[form]), Tunnel(HOME_AGENT, CARE_OF + 1, *FORMS[other_form])
            wishes: list[Wish] = [
                binding(HOME_ADDRESS, tunnel, expires_at=expires_at()),
                reverse_exit(HOME_ADDRESS, tunnel, expires_at=expires_at()),
                binding(second, other, expires_at=expires_at()),
                reverse_exit(second, other, expires_at=expires_at()),
            ]
        case "copies":
            tunnel, other = Tunnel(HOME_AGENT, there, *FORMS[form]), Tunnel(HOME_AGENT, CARE_OF + 1, *FORMS[other_form])
            more = [Tunnel(HOME_AGENT, CARE_OF + 2 + n, *FORMS[form]) for n in range(random.randrange(4))]
            last = [Tunnel(HOME_AGENT, OURS)] if random.random() < 0.1 else []
            wishes = [
                binding(HOME_ADDRESS, tunnel, other, *more, *last, expires_at=expires_at()),
                reverse_exit(HOME_ADDRESS, other, expires_at=expires_at()),
            ]
        case "foreign_agent":
            tunnel, other = Tunnel(CARE_OF, HOME_AGENT, *FORMS[form]), Tunnel(CARE_OF, there + 5, *FORMS[other_form])
            delivery = Tunnel(CARE_OF, HOME_ADDRESS) if random.random() < 0.2 else None
            realm = random.choice((0, 0, 0, 1))
            wishes = [
                visitor(HOME_ADDRESS, tunnel, expires_at=expires_at()),
                visitor_reverse(HOME_ADDRESS, tunnel, delivery=delivery, expires_at=expires_at()),
                visitor(second, other, expires_at=expires_at(), realm=realm),
                visitor_reverse(second, other, expires_at=expires_at(), realm=realm),
            ]
        case "co_located":
            tunnel = other = Tunnel(there, HOME_AGENT, *FORMS[form])
            wishes = [
                tunnel_exit(HOME_ADDRESS, tunnel, expires_at=expires_at()),
                reverse_tunnel(HOME_ADDRESS, tunnel, expires_at=expires_at()),
                broadcast_exit(HOME_ADDRESS, tunnel),
            ]
        case "encapsulating_delivery":
            tunnel = other = Tunnel(HOME_ADDRESS, CARE_OF)
            hop = LinkHop("eth1", VISITOR_LINK_ADDRESS)
            wishes = [
                reverse_tunnel(HOME_ADDRESS, tunnel, hop=hop, expires_at=expires_at()),
                broadcast_exit(HOME_ADDRESS, tunnel),
            ]
        case _:
            # The care-of address is our own: no tunnel in between.
            tunnel = Tunnel(HOME_AGENT, OURS, *FORMS[form])
            other = turned(tunnel)
            wishes = [
                binding(HOME_ADDRESS, tunnel, expires_at=expires_at()),
                reverse_exit(HOME_ADDRESS, tunnel, expires_at=expires_at()),
                visitor(HOME_ADDRESS, other, expires_at=expires_at()),
                visitor_reverse(HOME_ADDRESS, other, expires_at=expires_at()),
            ]
    kept = wishes if random.random() < 0.9 else [wish for wish in wishes if random.random() < 0.7]
    homes = (HOME_ADDRESS, second if role in ("home_agent", "foreign_agent") else HOME_ADDRESS)
    return World(role, tuple(kept), (tunnel, other), homes)


# -- packets


def into_device(random: Random, world: World) -> bytes:
    """What is routed into the tunnel device."""
    number = random.randrange(len(world.tunnels))
    return inner(random, world, number, is_from_mobile_node=random.random() < (0.1 if world.has_bindings else 0.9))


def inner(random: Random, world: World, number: int, *, is_from_mobile_node: bool) -> bytes:
    """From or to the mobile node of a tunnel, mostly; plain, mostly."""
    tunnel = world.tunnels[number]
    ends = (tunnel.local, tunnel.remote)
    source, destination = CORRESPONDENT, world.homes[number]
    if is_from_mobile_node:
        source, destination = destination, source
    if random.random() < 0.15:
        source = random.choice((source, *world.homes, CORRESPONDENT, *ends))
        destination = random.choice((destination, HOME_ADDRESS + 1, CORRESPONDENT, *ends, GROUP, EVERYBODY))
    is_odd = random.random() < 0.15
    protocol = random.choice((TCP, TCP, UDP, ICMP) if random.random() < 0.85 else (4, 47, 55, random.getrandbits(8)))
    size = random.choice((0, 8, 20, 64, random.randrange(1600)))
    payload = tcp_segment(random, size) if protocol == TCP else _datagram(random, protocol, size)
    fragment = random.choice((0, 0x4000, 0x4000))
    options = b""
    ttl = random.choice((64, 64, 255, 3))
    if is_odd:
        ttl = random.choice((0, 1, 2, 64))
        fragment = random.choice((fragment, 0x2000, 0x2005, 9, 0x8000, 0xC000, random.getrandbits(16)))
        options = bytes(4 * random.choice((0, 0, 1, 10)))
        payload = payload[: random.choice((len(payload), random.randrange(40)))]
    header = _HEADER.pack(
        0x45 + len(options) // 4,
        random.getrandbits(8) if random.random() < 0.5 else 0,
        20 + len(options) + len(payload),
        random.getrandbits(16),
        fragment,
        ttl,
        protocol,
        0,
        source.packed,
        destination.packed,
    )
    packet = header_repaired(header + options + payload)
    return _damaged(random, packet) if is_odd and random.random() < 0.4 else packet


def tcp_segment(random: Random, size: int) -> bytes:
    """One that opens a connection every other time, with options of all kinds."""
    options = b""
    if random.random() < 0.7:
        asked = random.choice((1460, 1480, 1400, 536, 500, 0, 65535, random.getrandbits(16)))
        pieces = [
            b"\2\4" + asked.to_bytes(2),
            b"\1",
            b"\1",
            b"\4\2",
            b"\3\3\7",
            b"\x08\x0a" + bytes(8),
            b"\0",
            b"\2\3\5",
        ]
        options = b"".join(random.sample(pieces, random.randrange(len(pieces))))[:40]
        options += b"\1" * (-len(options) % 4)
    words = 5 + len(options) // 4 if random.random() < 0.95 else random.randrange(16)
    flags = random.choice((0x02, 0x12, 0x10, 0x18))
    check = random.choice((0, 0xFFFF, random.getrandbits(16)))
    head = Struct("!HHIIBBHHH").pack(40_000, 80, 1, 2, words << 4, flags, 1024, check, 0)
    return head + options + bytes(size)


def _datagram(random: Random, protocol: int, size: int) -> bytes:
    if protocol != UDP:
        return random.choice((b"\0\0\0\0", b"\x08\0\0\0", b"\0\0\x08\0")) + bytes(size)
    port = random.choice((53, 434, 9)).to_bytes(2)
    return port[::-1] + port + (size + 8).to_bytes(2) + b"\0\0" + bytes(size)


def outer(random: Random, world: World) -> bytes:
    """A tunnel packet: out of a tunnel that there is, mostly, and as its other end makes it, mostly."""
    # From our own address nothing comes in by a link: the kernel knows such packets for forged.
    number = random.choice([n for n, tunnel in enumerate(world.tunnels) if tunnel.remote != OURS])
    tunnel = world.tunnels[number]
    if random.random() < 0.1:
        encapsulation, gre, udp = random.choice(FORMS)
        tunnel = Tunnel(tunnel.local, tunnel.remote, encapsulation, gre, udp)
    if random.random() < 0.05:
        tunnel = Tunnel(tunnel.local, random.choice((CARE_OF, CORRESPONDENT)), *FORMS[random.randrange(len(FORMS))])
    turns = world.has_bindings and world.role != "both_agents"
    packet = inner(random, world, number, is_from_mobile_node=turns if random.random() < 0.9 else not turns)
    packet = packet if len(packet) >= 20 else packet + bytes(20)
    octets = encapsulator(turned(tunnel))(packet, random.randrange(1, 0x10000))
    if random.random() < 0.4:  # congestion on the way
        octets = header_repaired(octets[:1] + bytes((octets[1] & 0xFC | random.getrandbits(2),)) + octets[2:])
    if random.random() < 0.1:
        octets = _damaged(random, octets)
    return octets


def _damaged(random: Random, packet: bytes) -> bytes:
    """Octets behind it, fewer of it, or others in it, its first checksum right again or not."""
    match random.randrange(4):
        case 0:
            return packet + bytes(random.randrange(1, 20))
        case 1:
            return packet[: random.randrange(20, len(packet) + 1)]
        case _:
            octets = bytearray(packet)
            for _ in range(random.randrange(1, 3)):
                octets[random.randrange(1, min(len(octets), 60))] = random.getrandbits(8)
            changed = bytes(octets)
            return header_repaired(changed) if random.random() < 0.7 else changed


def soft_state(random: Random, tables: PacketTables, world: World) -> list[Path]:
    """What routers have told of the tunnels' paths (RFC 2003 §5), or nothing; keep it as long as it counts."""
    paths = [tables.ends.of(tunnel).path for tunnel in world.tunnels]
    for path in paths:
        if random.random() < 0.3:
            path.mtu, path.mtu_until = random.choice((576, 1000, 1400)), random.choice((LATER, EXPIRED))
        if random.random() < 0.1:
            path.unreachable_until = random.choice((LATER, EXPIRED))
    return paths
