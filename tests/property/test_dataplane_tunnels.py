"""Every form of tunnel through two engines: what goes in comes out, and whatever the network does to the outer headers
gives the same packet or a drop with a name.

One example is one packet through every form, one of four ways: 2,000 examples for each form.
"""

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import strategies
from tests.support.wishes import (
    CARE_OF,
    CORRESPONDENT,
    FORMS,
    HOME_ADDRESS,
    HOME_AGENT,
    binding,
    reverse_exit,
    reverse_tunnel,
    tunnel_exit,
    turned,
    visitor,
    visitor_reverse,
)
from tools.fuzz.encapsulation_forms import header_repaired

from mobileip.dataplane.fake import FakeKernel, FakePacketPort
from mobileip.dataplane.userspace.engine import UserspaceEngine
from mobileip.forwarding.model import ForwardingChange, Wish
from mobileip.forwarding.tunnel import Encapsulation, GreOptions, Tunnel, UdpPorts
from mobileip.wire.errors import DecodeError
from mobileip.wire.ip.ipv4 import Ipv4Packet, decode_ipv4, encode_ipv4

NOW = 10.0
MANY = settings(max_examples=2000, deadline=None)

TOS, TTL, UDP_HEADERS, MINIMAL_HEADER = 1, 8, 12, 12
CONGESTION_EXPERIENCED = 3


class Node:
    """One machine with one wish; what leaves it, whichever way."""

    def __init__(self, wish: Wish) -> None:
        self.port = FakePacketPort(0xFFFF)
        self.engine = UserspaceEngine("mip0", FakeKernel(), self.port)
        self.engine.apply(ForwardingChange(install=(wish,)))

    def sent(self, inner: bytes) -> bytes:
        before = self.drops
        self.engine.packet_from_device(inner, NOW)
        (outer,) = self.port.outer
        self.port.outer.clear()
        assert self.drops == before
        return outer

    def taken_out(self, outer: bytes) -> bytes | None:
        """None: dropped, and counted by one name."""
        before = self.drops
        self.engine.packet_from_tunnel(outer, NOW, "eth1")
        out = [*self.port.up, *(octets for _, _, octets in self.port.frames)]
        self.port.up.clear()
        self.port.frames.clear()
        assert len(out) + self.drops - before == 1
        return out[0] if out else None

    @property
    def drops(self) -> int:
        return sum(count for name, count in self.engine.counters().items() if name.startswith("dropped_"))


Form = tuple[Encapsulation, GreOptions, UdpPorts | None]


class Way(NamedTuple):
    """From one node into a tunnel and out of it at another."""

    tunnel: Tunnel
    entry: Wish
    exit: Wish
    is_from_home_agent: bool
    is_to_visitor: bool = False


_kept = cache(Node)


def node(wish: Wish, way: Way) -> Node:
    """A new one where what has come decides about what comes (RFC 2890's sequence numbers)."""
    return Node(wish) if way.tunnel.gre.with_sequence else _kept(wish)


def ways(form: Form) -> Iterable[Way]:
    to_care_of = Tunnel(HOME_AGENT, CARE_OF, *form)
    to_home_agent = turned(to_care_of)
    route = binding(HOME_ADDRESS, to_care_of)
    yield Way(to_care_of, route, tunnel_exit(tunnel=to_home_agent), True)
    yield Way(to_care_of, route, visitor(tunnel=to_home_agent), True, is_to_visitor=True)
    out = reverse_exit(tunnel=to_care_of)
    yield Way(to_home_agent, reverse_tunnel(tunnel=to_home_agent), out, False)
    yield Way(to_home_agent, visitor_reverse(tunnel=to_home_agent), out, False)


WAYS = [list(each) for each in zip(*(ways(form) for form in FORMS), strict=True)]
any_way = st.integers(0, len(WAYS) - 1)
"""The same way through every form of tunnel."""

others = (st.just(CORRESPONDENT) | strategies.addresses).filter(lambda address: address not in {HOME_AGENT, CARE_OF})
packets = st.builds(
    lambda packet, ttl, other: msgspec.structs.replace(packet, ttl=ttl, source=other),
    strategies.ipv4_packets,
    st.integers(2, 255),
    others,
)
"""From some node; with a TTL that outlives a foreign agent."""


def going(packet: Ipv4Packet, way: Way) -> bytes:
    """The packet to the mobile node, or one from it to the same node."""
    if way.is_from_home_agent:
        return encode_ipv4(msgspec.structs.replace(packet, destination=HOME_ADDRESS))
    return encode_ipv4(msgspec.structs.replace(packet, source=HOME_ADDRESS, destination=packet.source))


def arriving(inner: bytes, way: Way) -> bytes:
    """What comes out where nothing happened: a foreign agent is a router."""
    return header_repaired(_with(inner, TTL, max(inner[TTL] - 1, 0))) if way.is_to_visitor else inner


def _with(octets: bytes, place: int, value: int) -> bytes:
    return octets[:place] + bytes((value,)) + octets[place + 1 :]


@MANY
@given(any_way, st.lists(packets, min_size=1, max_size=2))
def test_what_goes_in_comes_out(number: int, several: list[Ipv4Packet]) -> None:
    for way in WAYS[number]:
        entry, out = node(way.entry, way), node(way.exit, way)
        for packet in several:
            inner = going(packet, way)
            outer = entry.sent(inner)
            head = decode_ipv4(outer)
            assert (head.source, head.destination, head.tos) == (way.tunnel.local, way.tunnel.remote, packet.tos)
            assert head.dont_fragment or not packet.dont_fragment
            assert out.taken_out(outer) == arriving(inner, way), way


# -- what the network does to the outer headers


changes = st.lists(st.tuples(st.integers(0, 255), strategies.u8), min_size=1, max_size=3)


def is_minimal(outer: bytes) -> bool:
    """Of a tunnel's packet: whether its outer header is the inner one, changed."""
    start = (outer[0] & 15) * 4
    return outer[9] == 55 or (outer[9] == 17 and outer[start + 9] == 55)


def outer_headers(outer: bytes, inner: bytes) -> int:
    """How many octets of a tunnel packet are not the inner one's."""
    if not is_minimal(outer):
        return len(outer) - len(inner)
    return (inner[0] & 15) * 4 + MINIMAL_HEADER + UDP_HEADERS * (outer[9] == 17)


def lawful(inner: bytes, outer: bytes, changed: bytes, way: Way) -> bytes:
    """What may come out where the outer header says something else: a mark of congestion (RFC 6040 §4.2); and with
    minimal encapsulation, where the header is the packet's own, what stands in it."""
    if is_minimal(outer):
        start = (inner[0] & 15) * 4
        inner = inner[:1] + changed[1:2] + inner[2:4] + changed[4:9] + inner[9:20] + changed[20:start] + inner[start:]
    outer_mark, mark = changed[TOS] & 3, inner[TOS] & 3
    if outer_mark == CONGESTION_EXPERIENCED and mark:
        inner = _with(inner, TOS, inner[TOS] | CONGESTION_EXPERIENCED)
    elif (outer_mark, mark) == (1, 2):
        inner = _with(inner, TOS, inner[TOS] ^ 3)
    return arriving(header_repaired(inner), way)


def checked_by_the_kernel(outer: bytes) -> bool:
    try:
        decode_ipv4(outer)
    except DecodeError:
        return False
    return True


@MANY
@given(any_way, packets, changes)
def test_changed_outer_headers_give_the_same_packet_or_a_drop_with_a_name(
    number: int, packet: Ipv4Packet, places: list[tuple[int, int]]
) -> None:
    for way in WAYS[number]:
        inner = going(packet, way)
        outer = node(way.entry, way).sent(inner)
        changed = _changed(outer, outer_headers(outer, inner), places)
        if checked_by_the_kernel(changed):
            assert node(way.exit, way).taken_out(changed) in (None, arriving(inner, way)), way


@MANY
@given(any_way, packets, changes)
def test_changed_outer_headers_with_a_right_checksum_show_only_what_they_say(
    number: int, packet: Ipv4Packet, places: list[tuple[int, int]]
) -> None:
    for way in WAYS[number]:
        inner = going(packet, way)
        outer = node(way.entry, way).sent(inner)
        changed = header_repaired(_changed(outer, outer_headers(outer, inner), places))
        if is_minimal(outer) and changed[:4] != outer[:1] + changed[1:2] + outer[2:4]:
            continue  # its length is told nowhere else
        if checked_by_the_kernel(changed):
            assert node(way.exit, way).taken_out(changed) in (None, lawful(inner, outer, changed, way)), way


def _changed(outer: bytes, headers: int, places: list[tuple[int, int]]) -> bytes:
    for place, value in places:
        outer = _with(outer, place % headers, value)
    return outer
