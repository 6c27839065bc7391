"""What comes out of a tunnel behind a packet goes the same way without a decision, where nothing says otherwise."""

from collections.abc import Iterator
from ipaddress import IPv4Address

import pytest
from tests.support.offloads import SYN, octets, tcp_packet, udp_packet
from tests.support.wishes import (
    CARE_OF,
    HOME_AGENT,
    reverse_exit,
    tunnel_exit,
    turned,
    visitor,
)
from tools.fuzz.encapsulation_forms import header_repaired
from tools.fuzz.target import with_checksum

from mobileip.dataplane.fake import FakeKernel, FakePacketPort
from mobileip.dataplane.userspace.alike import pattern_of
from mobileip.dataplane.userspace.arrivals import from_tunnel
from mobileip.dataplane.userspace.encapsulate import encapsulator
from mobileip.dataplane.userspace.engine import UserspaceEngine
from mobileip.dataplane.userspace.outcome import Delivery
from mobileip.forwarding.model import ForwardingChange, Wish
from mobileip.forwarding.tunnel import Encapsulation, GreOptions, Tunnel, UdpPorts

NOW = 10.0
PORTS = UdpPorts(434, 434)
MSS = bytes((2, 4, 5, 180))

FORMS = {
    "ipip": Tunnel(HOME_AGENT, CARE_OF),
    "udp": Tunnel(HOME_AGENT, CARE_OF, udp=PORTS),
    "gre": Tunnel(HOME_AGENT, CARE_OF, Encapsulation.GRE),
    "gre key": Tunnel(HOME_AGENT, CARE_OF, Encapsulation.GRE, GreOptions(7, 7)),
    "minimal": Tunnel(HOME_AGENT, CARE_OF, Encapsulation.MINIMAL),
}
"""Those whose packets may be alike."""

INNERS = {
    "tcp": tcp_packet(octets(99), ttl=9, options=MSS),
    "udp": udp_packet(octets(60), ttl=9, tos=2),
    "tcp from the tunnel's source": tcp_packet(octets(99), source=HOME_AGENT),
    "udp from the tunnel's source": udp_packet(octets(60), source=HOME_AGENT),
}
"""From the tunnel's source the minimal forwarding header is a short one."""

cases = pytest.mark.parametrize("tunnel", FORMS.values(), ids=FORMS)
inners = pytest.mark.parametrize("inner", INNERS.values(), ids=INNERS)


def engine(kind: str, tunnel: Tunnel, inner: bytes) -> tuple[UserspaceEngine, FakePacketPort]:
    there = turned(tunnel)
    wish: Wish = {
        "own": tunnel_exit(tunnel=there),
        "visitor": visitor(tunnel=there),
        "reverse": reverse_exit(IPv4Address(inner[12:16]), tunnel=there),
    }[kind]
    port = FakePacketPort()
    port.told_mtu = 1400  # a segment with SYN is made to fit
    made = UserspaceEngine("mip0", FakeKernel(), port)
    made.apply(ForwardingChange(install=(wish,)))
    return made, port


def changed(outer: bytes, tunnel: Tunnel, headers: int) -> Iterator[bytes]:
    """`outer` with each bit of its headers changed, the checksums as they were or made right; and of other lengths."""
    for place in range(headers):
        for bit in range(8):
            other = outer[:place] + bytes((outer[place] ^ 1 << bit,)) + outer[place + 1 :]
            yield other
            yield header_repaired(other)
            yield header_repaired(_repaired_inside(other, tunnel))
    yield from (outer[:-1], outer + b"\0", outer[:headers], outer[:30])


def _repaired_inside(other: bytes, tunnel: Tunnel) -> bytes:
    start = 20
    if tunnel.encapsulation is Encapsulation.MINIMAL:
        end = start + (12 if other[start + 1] & 0x80 else 8)
        return with_checksum(other, start, start + 2, end)
    start = tunnel.overhead
    return other[:start] + header_repaired(other[start:])


def assert_that_no_bit_is_overlooked(tunnel: Tunnel, inner: bytes, kind: str) -> None:
    """Whatever it is in which a packet differs from the one before it, it goes the way that it goes alone."""
    outer = encapsulator(tunnel)(inner, 5)
    headers = len(outer) - len(inner) + 20 + (20 + len(MSS) if inner[9] == 6 else 8)
    batch = [outer]
    for other in changed(outer, tunnel, headers):
        batch += (other, outer)
    (at_once, port), (one_by_one, its_port) = (engine(kind, tunnel, inner) for _ in range(2))
    at_once.packets_from_tunnel([(packet, "eth0") for packet in batch], NOW)
    for packet in batch:
        one_by_one.packet_from_tunnel(packet, NOW, "eth0")
    assert (port.up, port.frames, port.outer) == (its_port.up, its_port.frames, its_port.outer)
    assert at_once.counters() == one_by_one.counters()
    assert len(port.up) + len(port.frames) > len(batch) / 2


@cases
@inners
@pytest.mark.parametrize("kind", ["own", "visitor", "reverse"])
def test_no_bit_of_the_headers_is_overlooked(tunnel: Tunnel, inner: bytes, kind: str) -> None:
    assert_that_no_bit_is_overlooked(tunnel, inner, kind)


@cases
def test_signalling_is_not_taken_for_data_to_the_next_port(tunnel: Tunnel) -> None:
    assert_that_no_bit_is_overlooked(tunnel, udp_packet(b"", destination=CARE_OF, ports=(5000, 435)), "reverse")


@cases
def test_of_openings_each_is_made_to_fit(tunnel: Tunnel) -> None:
    assert_that_no_bit_is_overlooked(tunnel, tcp_packet(b"", flags=SYN, options=bytes((2, 4, 2, 24))), "own")


@cases
@inners
@pytest.mark.parametrize("kind", ["own", "visitor"])
def test_what_differs_in_nothing_that_counts_needs_no_decision(tunnel: Tunnel, inner: bytes, kind: str) -> None:
    made, _ = engine(kind, tunnel, inner)
    outer, following = (encapsulator(tunnel)(packet, number) for packet, number in ((inner, 5), (_next(inner), 6)))
    first, second = (from_tunnel(made.tables, packet, NOW, "eth0") for packet in (outer, following))
    assert isinstance(first, Delivery)
    assert isinstance(second, Delivery)
    pattern = pattern_of(outer, first)
    assert pattern is not None
    assert pattern.inner_of(following) == second.packet


def _next(inner: bytes) -> bytes:
    """Another Identification and TTL, a longer payload."""
    longer = inner + b"more"
    return header_repaired(b"".join((longer[:2], len(longer).to_bytes(2), b"\0\7", longer[6:8], b"\5", longer[9:])))
