from ipaddress import IPv4Address, IPv4Interface, IPv4Network

import pytest

from mobileip.dataplane.identity import identity
from mobileip.dataplane.ports import InterfaceAddress, NeighbourEntry, ProxyNeighbour, Route, Rule, Sysctl

PREFIX = IPv4Network("10.1.0.0/24")
ADDRESS = IPv4Address("10.1.0.1")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            Route(prefix=PREFIX, interface="eth0", gateway=ADDRESS),
            Route(prefix=PREFIX, interface="eth1", source=ADDRESS),
        ),
        (
            NeighbourEntry(interface="eth0", address=ADDRESS, link_address=b"\2\0\0\0\0\1"),
            NeighbourEntry(interface="eth0", address=ADDRESS, link_address=b"\2\0\0\0\0\2"),
        ),
        (Sysctl(path="net/ipv4/ip_forward", value="1"), Sysctl(path="net/ipv4/ip_forward", value="0")),
    ],
)
def test_another_value_of_the_same_thing(one, other):
    assert identity(one) == identity(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Route(prefix=PREFIX, interface="eth0"), Route(prefix=PREFIX, interface="eth0", table=7434)),
        (Route(prefix=PREFIX, interface="eth0"), Route(prefix=PREFIX, interface="eth0", metric=1)),
        (Rule(priority=7430, table=254), Rule(priority=7430, table=7434)),
        (ProxyNeighbour(interface="eth0", address=ADDRESS), ProxyNeighbour(interface="eth1", address=ADDRESS)),
        (
            InterfaceAddress(interface="mip0", address=IPv4Interface("10.1.0.1/32")),
            InterfaceAddress(interface="mip0", address=IPv4Interface("10.1.0.2/32")),
        ),
        (
            NeighbourEntry(interface="eth0", address=ADDRESS, link_address=b"\2\0\0\0\0\1"),
            NeighbourEntry(interface="eth1", address=ADDRESS, link_address=b"\2\0\0\0\0\1"),
        ),
    ],
)
def test_another_thing(one, other):
    assert identity(one) != identity(other)
    assert identity(one) == identity(one)
