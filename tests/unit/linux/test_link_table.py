"""One message at a time; tests/netns/test_linux_watch.py has the same stories by a real kernel."""

import struct
from ipaddress import IPv4Address, IPv4Interface

import pytest

from mobileip.dataplane.ports import DUMMY_ADDRESS
from mobileip.linux.link_table import RTM_DELLINK, RTM_NEWLINK, LinkTable
from mobileip.linux.netlink_decode import Message
from mobileip.linux.netlink_encode import (
    NLM_F_REPLACE,
    RTM_DELADDR,
    RTM_DELROUTE,
    RTM_DELRULE,
    RTM_NEWADDR,
    RTM_NEWROUTE,
)

OURS, OTHERS = 1000, 2000
X, DEVICE = 3, 7
NAMES = {X: "x", DEVICE: "mip0", 1: "lo"}


def attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def number(value: int) -> bytes:
    return struct.pack("=I", value)


def link(index: int, *, up: bool = True, changes: int = 1, kind: int = RTM_NEWLINK) -> Message:
    head = struct.pack("=BxHiII", 0, 1, index, 0x10001 if up else 0, 0)
    name = attribute(3, NAMES[index].encode() + b"\0")
    return Message(kind, 0, 0, head + name + attribute(35, number(changes)))


def address(index: int, text: str, kind: int = RTM_NEWADDR, port_id: int = 0) -> Message:
    value = IPv4Interface(text)
    head = struct.pack("=BBBBI", 2, value.network.prefixlen, 0, 0, index)
    return Message(kind, 0, port_id, head + attribute(2, value.ip.packed))


def default(
    gateway: str, *, metric: int = 0, source: str = "", kind: int = RTM_NEWROUTE, flags: int = 0, protocol: int = 3
) -> Message:
    body = struct.pack("=BBBBBBBBI", 2, 0, 0, 0, 254, protocol, 0, 1, 0) + attribute(4, number(X))
    body += attribute(5, IPv4Address(gateway).packed) + attribute(6, number(metric))
    if source:
        body += attribute(7, IPv4Address(source).packed)
    return Message(kind, flags, 0, body)


def our_rule(port_id: int, protocol: int = 77) -> Message:
    return Message(RTM_DELRULE, 0, port_id, bytes(12) + attribute(21, bytes((protocol,))))


@pytest.fixture
def table() -> LinkTable:
    made = LinkTable("mip0", OURS)
    for index in NAMES:
        made.apply(link(index))
    return made


def test_our_dummy_is_no_address_of_a_link_and_is_missed_when_others_take_it(table: LinkTable) -> None:
    dummy = str(DUMMY_ADDRESS)
    assert not table.apply(address(X, dummy))
    assert table.pictures()["x"].addresses == ()
    assert not table.apply(address(X, dummy, RTM_DELADDR, port_id=OURS))
    assert table.apply(address(X, dummy, RTM_DELADDR))


def gateway(table: LinkTable) -> str:
    return str(table.pictures()["x"].gateway)


def test_pictures_leave_out_our_device_and_loopback(table: LinkTable) -> None:
    assert set(table.pictures()) == {"x"}
    assert [table.name_of(index) for index in (1, X, DEVICE, 99)] == ["lo", "x", "mip0", None]


def test_addresses_of_all_interfaces(table: LinkTable) -> None:
    table.apply(address(X, "192.0.2.77/24"))
    table.apply(address(DEVICE, "10.1.0.10/32"))
    assert table.addresses() == [IPv4Interface("192.0.2.77/24"), IPv4Interface("10.1.0.10/32")]
    assert table.pictures()["x"].addresses == (IPv4Interface("192.0.2.77/24"),)
    assert not table.apply(address(99, "192.0.2.1/24")), "of an interface that is not known (any more)"
    table.clear()
    assert table.addresses() == []


def test_the_best_default_route_gives_the_gateway(table: LinkTable) -> None:
    table.apply(default("192.0.2.2", metric=20))
    table.apply(default("192.0.2.1", metric=10))
    table.apply(default("192.0.2.1", metric=10))  # told twice
    assert gateway(table) == "192.0.2.1"
    table.apply(default("192.0.2.9", metric=10, flags=NLM_F_REPLACE))
    assert gateway(table) == "192.0.2.9"
    table.apply(default("192.0.2.9", metric=10, kind=RTM_DELROUTE))
    assert gateway(table) == "192.0.2.2"


@pytest.mark.parametrize(
    "loss",
    [
        link(X, up=False),
        link(X, kind=RTM_DELLINK),
        address(X, "192.0.2.77/24", RTM_DELADDR),
    ],
)
def test_routes_die_without_a_word(table: LinkTable, loss: Message) -> None:
    table.apply(address(X, "192.0.2.77/24"))
    table.apply(address(X, "198.51.100.7/24"))
    table.apply(default("198.51.100.1", source="192.0.2.77"))
    table.apply(loss)
    table.apply(link(X))
    assert gateway(table) == "None"


def test_what_is_told_of_ours(table: LinkTable) -> None:
    home, care_of = "10.1.0.10/32", "192.0.2.77/24"
    assert not table.apply(address(DEVICE, home))
    assert table.apply(address(DEVICE, home, RTM_DELADDR, OTHERS))
    assert not table.apply(address(DEVICE, home))
    assert not table.apply(address(DEVICE, home, RTM_DELADDR, OURS))
    for text in (home, "10.1.0.11/32"):
        table.apply(address(DEVICE, text))
    assert table.apply(address(DEVICE, home, RTM_DELADDR, OTHERS))

    assert table.apply(our_rule(OTHERS))
    assert not table.apply(our_rule(OURS))
    assert not table.apply(our_rule(OTHERS, protocol=4))

    assert table.apply(default("192.0.2.1", kind=RTM_DELROUTE, protocol=77))
    assert not table.apply(default("192.0.2.1", protocol=77))
    assert gateway(table) == "None"

    assert not table.apply(address(X, care_of))
    assert not table.apply(address(X, "192.0.2.78/24"))
    assert not table.apply(address(X, "192.0.2.78/24", RTM_DELADDR, OTHERS))
    assert table.apply(address(X, care_of, RTM_DELADDR, OTHERS)), "the last address takes our routes with it"

    assert not table.apply(link(X, up=False))
    assert table.apply(link(X))
    assert not table.apply(link(X, changes=5))
    assert table.apply(link(DEVICE, up=False))
    assert table.apply(link(DEVICE, kind=RTM_DELLINK))
    assert not table.apply(link(X, kind=RTM_DELLINK))
    assert table.apply(link(X)), "one that appears: wishes have waited for it"


def test_a_route_that_others_put_in_the_place_of_ours_is_told(table: LinkTable) -> None:
    """`ip route replace default dev x table 7434`: nothing tells of the route that was there."""
    header = struct.pack("=BBBBBBBBI", 2, 0, 0, 0, 252, 3, 0, 1, 0)
    ours, elsewhere = (header + attribute(15, number(number_of)) for number_of in (7434, 7435))
    assert table.apply(Message(RTM_NEWROUTE, NLM_F_REPLACE, 0, ours))
    assert not table.apply(Message(RTM_NEWROUTE, 0, 0, ours)), "it is beside ours"
    assert not table.apply(Message(RTM_NEWROUTE, NLM_F_REPLACE, 0, elsewhere))


def test_messages_of_no_interest(table: LinkTable) -> None:
    wireless = Message(RTM_NEWLINK, 0, 0, link(X).body + attribute(11, b"w"))
    assert not table.apply(wireless)
    assert not table.apply(wireless._replace(kind=RTM_DELLINK))
    assert not table.apply(Message(28, 0, 0, bytes(12)))
    without_local = Message(RTM_NEWADDR, 0, 0, struct.pack("=BBBBI", 2, 24, 0, 0, X))
    assert not table.apply(without_local)


@pytest.mark.parametrize("kind", range(16, 40))
def test_messages_that_are_cut_off_change_nothing(table: LinkTable, kind: int) -> None:
    before = table.pictures()
    for length in range(13):
        assert not table.apply(Message(kind, 0, 0, bytes(length)))
    assert table.pictures() == before
