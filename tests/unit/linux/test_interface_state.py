import struct
from ipaddress import IPv4Address

import pytest

from mobileip.linux.interface_state import DefaultRoute, InterfaceState, default_routes, interface_state

UP, LOWER_UP, RUNNING = 0x1, 0x10000, 0x40
GATEWAY = IPv4Address("192.0.2.1")


def attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def number(value: int) -> bytes:
    return struct.pack("=I", value)


def link(flags: int, *attributes: bytes, family: int = 0) -> bytes:
    head = struct.pack("=BxHiII", family, 1, 3, flags, 0)
    return head + attribute(3, b"wlan0\0") + b"".join(attributes)


def test_all_that_is_known_of_an_interface() -> None:
    body = link(UP | LOWER_UP, attribute(1, b"\x02\0\0\0\0\x01"), attribute(35, number(5)))
    assert interface_state(body) == InterfaceState(3, "wlan0", True, True, b"\x02\0\0\0\0\x01", 5)
    assert interface_state(link(0)) == InterfaceState(3, "wlan0", False, False, None, 0)


@pytest.mark.parametrize(
    ("flags", "operstate", "carrier"),
    [
        (UP | LOWER_UP, 6, True),
        (UP | LOWER_UP, 0, True),  # unknown: a TUN, an old driver
        (UP | LOWER_UP, 2, True),  # the kernel's link watcher is late
        (UP | LOWER_UP, 5, False),  # dormant: a Wi-Fi that has not authenticated us
        (UP, 2, False),
        (UP | RUNNING, 6, False),
        (LOWER_UP, 6, False),
    ],
)
def test_carrier(flags: int, operstate: int, carrier: bool) -> None:
    state = interface_state(link(flags, attribute(16, bytes((operstate,)))))
    assert state is not None
    assert state.carrier is carrier


def test_messages_about_something_else() -> None:
    assert interface_state(link(UP, family=7)) is None  # a port of a bridge
    assert interface_state(link(UP, attribute(11, b"wireless"))) is None  # it bears neither address nor counters
    assert interface_state(struct.pack("=BxHiII", 0, 1, 3, UP, 0)) is None


def route(
    *attributes: bytes, length: int = 0, tos: int = 0, table: int = 254, protocol: int = 3, kind: int = 1
) -> bytes:
    head = struct.pack("=BBBBBBBBI", 2, length, 0, tos, table, protocol, 0, kind, 0)
    return head + b"".join(attributes)


def test_a_default_route() -> None:
    body = route(attribute(4, number(3)), attribute(5, GATEWAY.packed))
    assert default_routes(body) == [DefaultRoute(0, 3, GATEWAY)]
    body += attribute(6, number(20)) + attribute(7, b"\xc0\0\2\x4d")
    assert default_routes(body) == [DefaultRoute(20, 3, GATEWAY, IPv4Address("192.0.2.77"))]


def test_every_next_hop_of_a_multipath_route() -> None:
    hops = b""
    for index, gateway in ((3, GATEWAY.packed), (4, b"\xc0\0\2\2")):
        content = attribute(5, gateway)
        hops += struct.pack("=HBBi", 8 + len(content), 0, 0, index) + content
    hops += struct.pack("=HBBi", 8, 0, 0, 5)  # one without a gateway
    found = default_routes(route(attribute(9, hops), attribute(6, number(7))))
    assert found == [DefaultRoute(7, 3, GATEWAY), DefaultRoute(7, 4, IPv4Address("192.0.2.2"))]
    assert default_routes(route(attribute(9, bytes(8)))) == []


@pytest.mark.parametrize("other", [{"length": 24}, {"tos": 16}, {"table": 100}, {"protocol": 77}, {"kind": 7}], ids=str)
def test_other_routes(other: dict[str, int]) -> None:
    assert default_routes(route(attribute(4, number(3)), attribute(5, GATEWAY.packed), **other)) == []


def test_a_route_without_gateway_has_none() -> None:
    assert default_routes(route(attribute(4, number(3)))) == []
    other_table = route(attribute(4, number(3)), attribute(5, GATEWAY.packed), attribute(15, number(7434)), table=0)
    assert default_routes(other_table) == []


def test_the_best_route_sorts_first() -> None:
    worse = DefaultRoute(100, 2, GATEWAY)
    assert min([worse, DefaultRoute(20, 3, GATEWAY)]).metric == 20


@pytest.mark.parametrize("body", [b"", b"\0", bytes(15), bytes(16)])
def test_an_interface_without_a_name_is_none(body: bytes) -> None:
    assert interface_state(body) is None


def test_a_route_of_another_form_is_none() -> None:
    assert default_routes(route()[:7]) == []
    assert default_routes(route(attribute(4, number(3)), attribute(5, bytes(16)))) == []
    strange_source = route(attribute(4, number(3)), attribute(5, GATEWAY.packed), attribute(7, bytes(16)))
    assert default_routes(strange_source) == [DefaultRoute(0, 3, GATEWAY)]
