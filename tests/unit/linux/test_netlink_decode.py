"""Encoder and decoder are each other's inverse; tests/netns shows that the kernel and `ip` agree with both."""

import errno
import struct
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobileip.dataplane.ports import (
    DUMMY_ADDRESS,
    ROUTE_PROTOCOL,
    Action,
    InterfaceAddress,
    KernelObject,
    NeighbourEntry,
    Operation,
    ProxyNeighbour,
    Route,
    Rule,
    Sysctl,
)
from mobileip.linux import netlink_decode
from mobileip.linux.interface_state import interface_state
from mobileip.linux.netlink_encode import encode

NAMES = {3: "x", 7: "mip0"}
INDEXES = {name: index for index, name in NAMES.items()}

addresses = st.integers(1, 2**32 - 1).map(IPv4Address)
interfaces = st.sampled_from(sorted(INDEXES))
lengths = st.integers(0, 32)


def network(address: IPv4Address, length: int) -> IPv4Network:
    return IPv4Network((int(address), length), strict=False)


routes = st.builds(
    Route,
    prefix=st.builds(network, addresses, lengths),
    interface=interfaces,
    table=st.integers(1, 2**32 - 1),
    gateway=st.none() | addresses,
    source=st.none() | addresses,
    metric=st.integers(0, 2**32 - 1),
    is_broadcast=st.booleans(),
    segment_size=st.none() | st.integers(1, 65_495),
)
rules = st.builds(
    Rule,
    priority=st.integers(0, 2**32 - 1),
    table=st.integers(1, 2**32 - 1),
    mark=st.none() | st.integers(1, 2**32 - 1),
    source=st.none() | addresses,
    udp_ports=st.none() | st.tuples(st.integers(1, 65_534), st.integers(1, 65_534)),
    suppress_prefix_length=st.none() | lengths,
    arriving_by=st.none() | interfaces,
)
neighbours = st.builds(
    NeighbourEntry, interface=interfaces, address=addresses, link_address=st.binary(min_size=6, max_size=6)
)
proxies = st.builds(ProxyNeighbour, interface=interfaces, address=addresses)
own_addresses = st.builds(
    InterfaceAddress, interface=interfaces, address=st.builds(lambda a, n: IPv4Interface((a, n)), addresses, lengths)
)


def decode(target: KernelObject, body: bytes) -> KernelObject | None:
    match target:
        case Route():
            return netlink_decode.route(body, NAMES)
        case Rule():
            return netlink_decode.rule(body, NAMES)
        case NeighbourEntry():
            return netlink_decode.neighbour(body, NAMES)
        case ProxyNeighbour():
            return netlink_decode.proxy_neighbour(body, NAMES)
        case InterfaceAddress():
            return netlink_decode.address(body, NAMES)
    raise AssertionError(target)


@settings(deadline=None)
@given(routes | rules | neighbours | proxies | own_addresses)
def test_what_is_encoded_is_decoded_again(target: KernelObject) -> None:
    for action in Action:
        _, _, body = encode(Operation(action, target), INDEXES.__getitem__)
        assert len(body) % 4 == 0
        assert decode(target, body) == target


def test_message_types_and_flags() -> None:
    route = Route(prefix=IPv4Network("10.0.0.0/8"), interface="x")
    rule = Rule(priority=1, table=2)
    # RTM_NEWROUTE, RTM_DELROUTE; create or replace. Rules know no replace: create, exclusively.
    assert encode(Operation(Action.INSTALL, route), INDEXES.__getitem__)[:2] == (24, 0x500)
    assert encode(Operation(Action.REMOVE, route), INDEXES.__getitem__)[:2] == (25, 0)
    assert encode(Operation(Action.INSTALL, rule), INDEXES.__getitem__)[:2] == (32, 0x600)
    assert encode(Operation(Action.REMOVE, rule), INDEXES.__getitem__)[:2] == (33, 0)


def test_what_can_not_be_encoded() -> None:
    def missing(name: str) -> int:
        raise OSError(errno.ENODEV, name)

    route = Route(prefix=IPv4Network("10.0.0.0/8"), interface="gone")
    with pytest.raises(OSError, match="gone"):
        encode(Operation(Action.INSTALL, route), missing)
    with pytest.raises(TypeError, match="no object of rtnetlink"):
        encode(Operation(Action.INSTALL, Sysctl(path="net", value="1")), INDEXES.__getitem__)


@settings(deadline=None)
@given(routes | rules | neighbours | proxies)
def test_what_bears_another_mark_or_hangs_on_nothing_is_not_ours(target: KernelObject) -> None:
    _, _, body = encode(Operation(Action.INSTALL, target), INDEXES.__getitem__)
    mark = struct.pack("=HHB", 5, 21 if isinstance(target, Rule) else 12, ROUTE_PROTOCOL)
    others = body[:5] + b"\x04" + body[6:] if isinstance(target, Route) else body.replace(mark, mark[:4] + b"\x04")
    assert decode(target, others) is None
    if not isinstance(target, Rule):
        index = INDEXES[target.interface]  # type: ignore[union-attr] - no sysctl is drawn
        elsewhere = body.replace(struct.pack("=I", index), struct.pack("=I", 999))
        assert decode(target, elsewhere) is None


def test_messages_of_one_read() -> None:
    octets = b""
    for kind, body in ((24, b"abcde"), (25, b""), (3, bytes(4))):
        octets += struct.pack("=IHHII", 16 + len(body), kind, kind * 2, 5, 99) + body + bytes(-len(body) % 4)
    assert list(netlink_decode.messages(octets)) == [(24, 48, 99, b"abcde"), (25, 50, 99, b""), (3, 6, 99, bytes(4))]
    assert list(netlink_decode.messages(octets[:15])) == []


@settings(max_examples=2000, deadline=None)
@given(st.binary(min_size=16, max_size=120))
def test_odd_octets_of_a_future_kernel_do_not_hang(octets: bytes) -> None:
    list(netlink_decode.messages(octets))
    netlink_decode.attributes(octets, 12)
    interface_state(octets)


def _body(header: int, *attributes: tuple[int, bytes], at: dict[int, int] | None = None) -> bytes:
    octets = bytearray(header)
    for place, value in (at or {}).items():
        octets[place] = value
    for kind, value in attributes:
        octets += struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)
    return bytes(octets)


ON_X = struct.pack("=I", 3)


@pytest.mark.parametrize(
    ("decoder", "body"),
    [
        (netlink_decode.route, b"\x02\x08\0\0"),  # no whole header
        (netlink_decode.route, _body(12, (4, ON_X), (1, bytes(16)), at={5: 77})),  # a destination of 16 octets
        (netlink_decode.route, _body(12, (4, ON_X), (1, b"\x0a\0\0\0"), at={1: 33, 5: 77})),  # a prefix of 33 bits
        (netlink_decode.rule, b"\x02"),
        (netlink_decode.address, b"\x02\x20"),
        (netlink_decode.address, _body(8, (2, bytes(16)), at={4: 3})),  # a local address of 16 octets
        (netlink_decode.address, _body(8, (2, bytes(4)), at={1: 33, 4: 3})),
        (netlink_decode.neighbour, _body(12, (2, bytes(6)), (12, b"\x4d"), at={4: 3})),  # whose neighbour?
        (netlink_decode.neighbour, _body(12, (1, bytes(16)), (2, bytes(6)), (12, b"\x4d"), at={4: 3})),
        (netlink_decode.proxy_neighbour, b"\x02"),
        (netlink_decode.proxy_neighbour, _body(12, (12, b"\x4d"), at={4: 3, 10: 8})),
    ],
)
def test_what_has_no_form_of_ours_is_not_ours(decoder: netlink_decode.Decoder, body: bytes) -> None:
    assert decoder(body, NAMES) is None


def test_of_a_links_addresses_the_dummy_alone_is_ours() -> None:
    for address, is_ours in ((DUMMY_ADDRESS, True), (IPv4Interface("192.0.2.7/24"), False)):
        target = InterfaceAddress(interface="x", address=address)
        _, _, body = encode(Operation(Action.INSTALL, target), INDEXES.__getitem__)
        assert netlink_decode.dummy_address(body, NAMES) == (target if is_ours else None)


def test_a_gateway_that_is_no_ipv4_address_is_none() -> None:
    route = netlink_decode.route(_body(12, (4, ON_X), (5, bytes(16)), at={5: 77}), NAMES)
    assert route is not None
    assert route.gateway is None  # type: ignore[union-attr]


@settings(max_examples=2000, deadline=None)
@given(st.binary(max_size=60), st.sampled_from([netlink_decode.ROUTE_HEADER, netlink_decode.ADDRESS_HEADER]))
def test_no_body_raises(octets: bytes, header: int) -> None:
    for body in (octets, octets[:header] + struct.pack("=HH", 5, 12) + bytes((ROUTE_PROTOCOL,)) + octets[header:]):
        netlink_decode.route(body, NAMES)
        netlink_decode.rule(body, NAMES)
        netlink_decode.address(body, NAMES)
        netlink_decode.neighbour(body, NAMES)
        netlink_decode.proxy_neighbour(body, NAMES)
