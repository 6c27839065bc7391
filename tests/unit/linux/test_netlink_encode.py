"""The octets of each kind of object, taken apart by hand; tests/netns has the kernel and `ip` judge them."""

import errno
import struct
import sys
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

import pytest

from mobileip.dataplane.ports import (
    DUMMY_ADDRESS,
    LOOPBACK_ADDRESS,
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
from mobileip.linux.netlink_encode import encode

INDEXES = {"x": 3, "mip0": 7}
HOME = IPv4Address("10.1.0.10")
AGENT = IPv4Address("192.0.2.1")
MAC = b"\x02\x00\x00\x00\x00\x99"

CREATE_OR_REPLACE, CREATE_ONLY = 0x500, 0x600


def u32(value: int) -> bytes:
    return value.to_bytes(4, sys.byteorder)


def body(target: KernelObject, action: Action = Action.INSTALL) -> bytes:
    return encode(Operation(action, target), INDEXES.__getitem__)[2]


def attributes(octets: bytes, start: int) -> dict[int, bytes]:
    """Type -> value; fails where an attribute is not padded to four octets or ends beyond the body."""
    found = {}
    while start < len(octets):
        length, kind = struct.unpack_from("=HH", octets, start)
        assert 4 <= length <= len(octets) - start
        found[kind] = octets[start + 4 : start + length]
        start += (length + 3) & ~3
    assert start == len(octets)
    return found


@pytest.mark.parametrize(
    ("target", "new", "flags"),
    [
        (Route(prefix=IPv4Network("10.0.0.0/8"), interface="x"), 24, CREATE_OR_REPLACE),
        (InterfaceAddress(interface="mip0", address=IPv4Interface("10.1.0.10/32")), 20, CREATE_OR_REPLACE),
        (NeighbourEntry(interface="x", address=AGENT, link_address=MAC), 28, CREATE_OR_REPLACE),
        (ProxyNeighbour(interface="x", address=HOME), 28, CREATE_OR_REPLACE),
        (Rule(priority=7430, table=254), 32, CREATE_ONLY),
    ],
)
def test_kind_and_flags_say_what_is_to_happen(target: KernelObject, new: int, flags: int) -> None:
    installed = encode(Operation(Action.INSTALL, target), INDEXES.__getitem__)
    removed = encode(Operation(Action.REMOVE, target), INDEXES.__getitem__)
    assert installed[:2] == (new, flags)
    assert removed[:2] == (new + 1, 0)
    assert installed[2] == removed[2]


def test_a_route_of_the_link() -> None:
    octets = body(Route(prefix=IPv4Network("10.1.0.0/24"), interface="mip0", metric=77))
    # AF_INET, 24 bits; table 254, protocol 77, scope link, unicast; no flags.
    assert octets[:12] == bytes((2, 24, 0, 0, 254, 77, 253, 1)) + u32(0)
    assert attributes(octets, 12) == {1: bytes((10, 1, 0, 0)), 4: u32(7), 6: u32(77), 15: u32(254)}


@pytest.mark.requirement("R5944-1.7-d")
def test_a_route_by_a_gateway_that_is_always_on_link() -> None:
    route = Route(prefix=IPv4Network("0.0.0.0/0"), interface="x", table=7434, gateway=AGENT, source=HOME)
    octets = body(route)
    # A table above 255 stands in an attribute; scope universe; RTNH_F_ONLINK.
    assert octets[:12] == bytes((2, 0, 0, 0, 0, 77, 0, 1)) + u32(4)
    assert attributes(octets, 12) == {1: bytes(4), 4: u32(3), 5: AGENT.packed, 7: HOME.packed, 15: u32(7434)}


def test_a_broadcast_address_of_our_own() -> None:
    route = Route(prefix=IPv4Network("10.1.0.255/32"), interface="mip0", table=255, metric=77, is_broadcast=True)
    # RTN_BROADCAST in the local table.
    assert body(route)[:12] == bytes((2, 32, 0, 0, 255, 77, 253, 3)) + u32(0)


def test_a_rule_for_a_source() -> None:
    octets = body(Rule(priority=7433, source=HOME, table=7434))
    assert octets[:12] == bytes((2, 0, 32, 0, 0, 0, 0, 1)) + u32(0)
    assert attributes(octets, 12) == {2: HOME.packed, 6: u32(7433), 15: u32(7434), 21: b"\x4d"}


def test_a_rule_for_a_mark() -> None:
    octets = body(Rule(priority=7430, mark=0x4D49, table=254))
    assert octets[:12] == bytes((2, 0, 0, 0, 254, 0, 0, 1)) + u32(0)
    assert attributes(octets, 12) == {
        6: u32(7430),
        10: u32(0x4D49),
        15: u32(254),
        16: u32(0xFFFFFFFF),
        21: b"\x4d",
    }


def test_a_rule_for_udp_ports_and_one_for_what_is_not_the_default_route() -> None:
    dhcp = attributes(body(Rule(priority=7431, udp_ports=(68, 67), table=254)), 12)
    assert dhcp[22] == b"\x11"
    assert (dhcp[23], dhcp[24]) == (struct.pack("=HH", 68, 68), struct.pack("=HH", 67, 67))
    suppressing = attributes(body(Rule(priority=7432, suppress_prefix_length=0, table=254)), 12)
    assert suppressing[14] == u32(0)


def test_neighbours_are_permanent_and_ours() -> None:
    entry = body(NeighbourEntry(interface="x", address=AGENT, link_address=MAC))
    # struct ndmsg: family, padding, index, NUD_PERMANENT, flags, type.
    assert entry[:12] == bytes((2, 0, 0, 0)) + u32(3) + struct.pack("=HBB", 0x80, 0, 0)
    assert attributes(entry, 12) == {1: AGENT.packed, 2: MAC, 12: b"\x4d"}


def test_a_proxy_entry_has_no_link_layer_address() -> None:
    proxy = body(ProxyNeighbour(interface="x", address=HOME))
    assert proxy[:12] == bytes((2, 0, 0, 0)) + u32(3) + struct.pack("=HBB", 0x80, 8, 0)
    assert attributes(proxy, 12) == {1: HOME.packed, 12: b"\x4d"}


def test_an_address_of_our_device() -> None:
    octets = body(InterfaceAddress(interface="mip0", address=IPv4Interface("10.1.0.10/24")))
    assert octets[:8] == bytes((2, 24, 0, 0)) + u32(7)
    assert attributes(octets, 8) == {1: HOME.packed, 2: HOME.packed, 11: b"\x4d"}


def test_the_dummy_address_is_the_source_of_nothing_that_leaves_a_link() -> None:
    octets = body(InterfaceAddress(interface="mip0", address=DUMMY_ADDRESS))
    assert octets[:8] == bytes((2, 32, 0, 253)) + u32(7), "scope link"


def test_a_loopback_address_is_the_source_of_nothing_that_leaves_the_machine() -> None:
    octets = body(InterfaceAddress(interface="mip0", address=LOOPBACK_ADDRESS))
    assert octets[:8] == bytes((2, 32, 0, 254)) + u32(7), "scope host"


def test_an_interface_that_is_gone_is_told() -> None:
    def missing(name: str) -> int:
        raise OSError(errno.ENODEV, name)

    with pytest.raises(OSError, match="mip0"):
        encode(Operation(Action.INSTALL, Route(prefix=IPv4Network("10.0.0.0/8"), interface="mip0")), missing)


def test_a_sysctl_is_no_business_of_netlink() -> None:
    with pytest.raises(TypeError, match="no object of rtnetlink"):
        encode(Operation(Action.INSTALL, Sysctl(path="net/ipv4/ip_forward", value="1")), INDEXES.__getitem__)
