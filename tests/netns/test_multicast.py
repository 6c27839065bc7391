"""Whose source multicasts of a mobile node bear, and where they go.

mobile node:  x ---- y  the network that it is in
              mip0 (10.1.0.10/32)
"""

import asyncio
import socket
import struct
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest
from tests.support.capture import Wire
from tests.support.netns import Namespace, namespace, veth

from mobileip.dataplane.fake import FakePacketPort
from mobileip.dataplane.userspace.engine import UserspaceEngine
from mobileip.forwarding.model import (
    BroadcastExit,
    ForwardingChange,
    ForwardingState,
    HomeAddress,
    MobileLink,
    MobileRoute,
)
from mobileip.forwarding.tunnel import Tunnel
from mobileip.linux.kernel_tables import KernelTables
from mobileip.linux.sysctl import SysctlJournal
from mobileip.linux.tun import TunnelDevice
from mobileip.wire.ip.ipv4 import Ipv4Packet, decode_ipv4, encode_ipv4
from mobileip.wire.ip.udp import encode_udp

pytestmark = [pytest.mark.netns, pytest.mark.no_engine]

HOME, HOME_AGENT = IPv4Address("10.1.0.10"), IPv4Address("10.1.0.1")
CARE_OF, GATEWAY = IPv4Address("192.0.2.77"), IPv4Address("192.0.2.1")
HOME_NETWORK = IPv4Network("10.1.0.0/24")
GROUP = IPv4Address("239.1.2.3")
NEIGHBOUR = IPv4Address("10.1.0.5")
IGMP = 2
PORT = 5000

AWAY = MobileRoute(home_address=HOME, interface="x", gateway=GATEWAY, gateway_link_address=b"\2\0\0\0\0\1")
AT_HOME = MobileRoute(home_address=HOME, interface="x", gateway=HOME_AGENT, on_link=HOME_NETWORK)


class Node:
    """A mobile node's machine, its tables made by our plan."""

    def __init__(self, where: Namespace, folder: Path) -> None:
        self.where = where
        self.device = TunnelDevice("mip0", 1480)
        self.kernel = KernelTables("mip0", SysctlJournal(folder / "sysctl.journal"))
        self.engine = UserspaceEngine("mip0", self.kernel, FakePacketPort())

    def wish(self, route: MobileRoute) -> None:
        link = MobileLink(interface="x", answers_arp=route.on_link is not None)
        wanted = ForwardingState.of([HomeAddress(address=HOME), link, route])
        assert self.engine.apply(ForwardingState().change_to(wanted)) == []

    def say(self) -> None:
        with self.where.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"to a group", (str(GROUP), PORT))

    def out_of_device(self) -> Ipv4Packet:
        """The next packet to our group that was routed into mip0."""
        while True:
            octets = self.device.read()
            assert octets is not None, "nothing was routed into mip0"
            if octets[16:20] == GROUP.packed and octets[9] != IGMP:
                return decode_ipv4(octets)


@pytest.fixture
def network() -> Iterator[Namespace]:
    with namespace() as made:
        yield made


@pytest.fixture
def node(network: Namespace, tmp_path: Path) -> Iterator[Node]:
    with namespace() as where:
        veth(where, "x", network, "y")
        with where.entered():
            made = Node(where, tmp_path)
            yield made
            made.kernel.close()
            made.device.close()


def is_for_group(frame: bytes) -> bool:
    return frame[12:14] == b"\x08\x00" and frame[30:34] == GROUP.packed and frame[23] != IGMP


def is_report(frame: bytes) -> bool:
    """An IGMP membership report about our group (version 3, RFC 3376)."""
    return frame[12:14] == b"\x08\x00" and frame[23] == IGMP and GROUP.packed in frame[34:]


@pytest.mark.requirement("R5944-4.4-h")
def test_away_from_home_nothing_goes_to_the_visited_network_with_the_home_address(
    node: Node, network: Namespace
) -> None:
    node.wish(AWAY)
    with Wire(network, "y") as wire:
        node.say()
        assert node.out_of_device().source == HOME
        # What is sent through the link by its name bears an address of the link.
        node.where.ip(f"address add {CARE_OF}/24 dev x")
        with node.where.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, CARE_OF.packed)
            sender.sendto(b"directly", (str(GROUP), PORT))
        (seen,) = [frame for frame in wire.until(is_for_group) if is_for_group(frame)]
        assert seen[26:30] == CARE_OF.packed


def test_at_home_a_multicast_goes_to_the_home_link_as_from_any_host(node: Node, network: Namespace) -> None:
    node.wish(AT_HOME)
    with Wire(network, "y") as wire:
        node.say()
        assert wire.until(is_for_group)[-1][26:30] == HOME.packed


def test_a_program_that_joins_on_the_visited_link_does_so_with_an_address_of_that_link(
    node: Node, network: Namespace
) -> None:
    node.wish(AWAY)
    node.where.ip(f"address add {CARE_OF}/24 dev x")
    with Wire(network, "y") as wire, node.where.entered(), listener(GROUP, CARE_OF):
        assert wire.until(is_report)[-1][26:30] == CARE_OF.packed


@pytest.mark.parametrize("destination", [GROUP, HOME_NETWORK.broadcast_address, IPv4Address("255.255.255.255")])
def test_what_comes_out_of_the_tunnel_for_all_reaches_programs(node: Node, destination: IPv4Address) -> None:
    node.wish(AWAY)
    heard = BroadcastExit(home_address=HOME, tunnel=Tunnel(HOME, HOME_AGENT), network=HOME_NETWORK, expires_at=1e9)
    assert node.engine.apply(ForwardingChange(install=(heard,))) == []
    datagram = encode_udp(NEIGHBOUR, destination, PORT, PORT, b"to all")
    with node.where.entered(), listener(GROUP) as program:
        node.device.write(
            encode_ipv4(Ipv4Packet(source=NEIGHBOUR, destination=destination, protocol=17, payload=datagram))
        )
        assert program.recv(100) == b"to all"


def test_the_tables_are_as_before_when_the_wishes_end(node: Node) -> None:
    node.wish(AWAY)
    heard = BroadcastExit(home_address=HOME, tunnel=Tunnel(HOME, HOME_AGENT), network=HOME_NETWORK, expires_at=1e9)
    node.engine.apply(ForwardingChange(install=(heard,)))
    assert "broadcast 10.1.0.255 dev mip0" in node.where.ip("route show table local")
    node.engine.apply(ForwardingChange(remove=(heard.key,)))
    assert "10.1.0.255" not in node.where.ip("route show table local")
    asyncio.run(node.engine.reconcile(ForwardingState()))
    assert node.where.ip("route show table all proto 77") == ""


def listener(group: IPv4Address, interface: IPv4Address | None = None) -> socket.socket:
    """A program's socket; without an interface it leaves that to the routing table."""
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.settimeout(10)
    opened.bind(("", PORT))
    where = interface.packed if interface else bytes(4)
    opened.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, struct.pack("4s4s", group.packed, where))
    return opened
