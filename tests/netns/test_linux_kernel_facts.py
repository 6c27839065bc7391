"""What our forwarding relies on in the kernel itself; when one of these fails, the design has to change, not the code.

node:  x (no address, or one of 192.0.2.0/24) ---- y  agent
       mip0 (TUN, home address 10.1.0.10/32)
"""

import select
import socket
import time
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path

import pytest
from tests.support.capture import Wire, arp_request, is_arp, is_arp_reply_for
from tests.support.netns import Namespace, namespace, veth

from mobileip.dataplane.ports import (
    ROUTING_TABLE,
    SIGNALLING_MARK,
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
from mobileip.linux.kernel_tables import KernelTables
from mobileip.linux.sysctl import SysctlJournal
from mobileip.linux.tun import TunnelDevice

pytestmark = [pytest.mark.netns, pytest.mark.no_engine]

HOME = IPv4Address("10.1.0.10")
AGENT = IPv4Address("192.0.2.1")
CORRESPONDENT = ("203.0.113.5", 9)
EVERYWHERE = IPv4Network("0.0.0.0/0")
DEVICE = "mip0"

VIA_AGENT = Route(prefix=EVERYWHERE, interface="x", table=ROUTING_TABLE, gateway=AGENT, source=HOME)
HOME_ADDRESS: tuple[KernelObject, ...] = (
    InterfaceAddress(interface=DEVICE, address=IPv4Interface((HOME, 32))),
    Rule(priority=7430, mark=SIGNALLING_MARK, table=254),
    Rule(priority=7431, arriving_by="lo", udp_ports=(68, 67), table=254),
    Rule(priority=7432, suppress_prefix_length=0, table=254),
    Rule(priority=7434, table=ROUTING_TABLE),
    Route(prefix=EVERYWHERE, interface=DEVICE, table=ROUTING_TABLE, source=HOME, metric=9999),
)


@pytest.fixture(params=[0, 1, 2], ids=lambda value: f"rp_filter={value}")
def node(request: pytest.FixtureRequest) -> Iterator[Namespace]:
    with namespace() as made:
        for scope in ("all", "default"):
            made.sysctl(f"net/ipv4/conf/{scope}/rp_filter", str(request.param))
        with made.entered():
            yield made


@pytest.fixture
def agent(node: Namespace) -> Iterator[Namespace]:
    with namespace() as made:
        veth(node, "x", made, "y")
        yield made


@pytest.fixture
def device(node: Namespace) -> Iterator[TunnelDevice]:
    opened = TunnelDevice(DEVICE, 1480)
    yield opened
    opened.close()


@pytest.fixture
def kernel(device: TunnelDevice, tmp_path: Path) -> Iterator[KernelTables]:
    tables = KernelTables(DEVICE, SysctlJournal(tmp_path / "sysctl.journal"))
    yield tables
    tables.close()


def install(kernel: KernelTables, *targets: KernelObject) -> None:
    assert kernel.perform([Operation(Action.INSTALL, target) for target in targets]) == []


def source_towards(destination: tuple[str, int], mark: int = 0) -> str:
    """What a program that binds nothing gets as its address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as program:
        if mark:
            program.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, mark)
        program.connect(destination)
        return str(program.getsockname()[0])


def send_datagram(payload: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as program:
        program.sendto(payload, CORRESPONDENT)


def packet_out_of(device: TunnelDevice, marker: bytes) -> bytes:
    while True:
        assert select.select([device], [], [], 10)[0], "nothing came out of the device"
        packet = device.read()
        if packet is not None and marker in packet:
            return packet


@pytest.mark.usefixtures("agent")
def test_a_program_that_binds_nothing_has_the_home_address(node: Namespace, kernel: KernelTables) -> None:
    # No address and no route of the link is needed: the gateway is "on link" because we say so.
    install(kernel, *HOME_ADDRESS, VIA_AGENT)
    assert source_towards(CORRESPONDENT) == str(HOME)


@pytest.mark.usefixtures("agent")
def test_signalling_and_the_links_own_subnet_keep_the_care_of_address(node: Namespace, kernel: KernelTables) -> None:
    node.ip("address add 192.0.2.77/24 dev x")
    node.ip("route add default via 192.0.2.254 dev x")
    install(kernel, *HOME_ADDRESS, VIA_AGENT)
    assert source_towards(CORRESPONDENT) == str(HOME)
    assert source_towards(CORRESPONDENT, SIGNALLING_MARK) == "192.0.2.77"
    assert source_towards(("192.0.2.5", 9)) == "192.0.2.77"


@pytest.mark.usefixtures("agent")
def test_a_dhcp_client_renews_its_lease_by_the_main_table(node: Namespace, kernel: KernelTables) -> None:
    node.ip("address add 192.0.2.77/24 dev x")
    node.ip("route add default via 192.0.2.254 dev x")
    install(kernel, *HOME_ADDRESS, VIA_AGENT)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind(("", 68))
        client.connect((CORRESPONDENT[0], 67))
        assert client.getsockname()[0] == "192.0.2.77"
    assert source_towards((CORRESPONDENT[0], 67)) == str(HOME)


def test_a_permanent_neighbour_means_no_arp(agent: Namespace, kernel: KernelTables) -> None:
    with Wire(agent, "y") as wire:
        neighbour = NeighbourEntry(interface="x", address=AGENT, link_address=wire.link_address)
        install(kernel, neighbour, *HOME_ADDRESS, VIA_AGENT)
        send_datagram(b"over the agent")
        frames = wire.until(lambda frame: b"over the agent" in frame)
        assert frames[-1][:6] == wire.link_address
        assert IPv4Address(frames[-1][26:30]) == HOME
        assert not any(map(is_arp, frames))


def test_packets_go_into_the_device_while_there_is_no_other_way(
    node: Namespace, agent: Namespace, kernel: KernelTables, device: TunnelDevice
) -> None:
    install(kernel, *HOME_ADDRESS)
    send_datagram(b"not registered")
    packet_out_of(device, b"not registered")

    neighbour = NeighbourEntry(interface="x", address=AGENT, link_address=agent.link_address("y"))
    install(kernel, neighbour, VIA_AGENT)
    node.ip("link set x down")
    send_datagram(b"link is down")
    assert IPv4Address(packet_out_of(device, b"link is down")[12:16]) == HOME


def test_a_route_stays_when_only_the_carrier_is_lost(
    node: Namespace, agent: Namespace, kernel: KernelTables, device: TunnelDevice
) -> None:
    # So programs see no error either; but the packets are lost on the link, not counted by us: the agents must take
    # the route away at LinkChanged(carrier=False).
    neighbour = NeighbourEntry(interface="x", address=AGENT, link_address=agent.link_address("y"))
    install(kernel, neighbour, *HOME_ADDRESS, VIA_AGENT)
    agent.ip("link set y down")
    send_datagram(b"no carrier")
    assert "via 192.0.2.1" in node.ip(f"route show table {ROUTING_TABLE}")
    assert source_towards(CORRESPONDENT) == str(HOME)
    assert kernel.perform([Operation(Action.REMOVE, VIA_AGENT)]) == []
    send_datagram(b"route removed")
    assert b"no carrier" not in packet_out_of(device, b"route removed")


def test_the_last_address_takes_our_routes_and_neighbours_with_it(
    node: Namespace, agent: Namespace, kernel: KernelTables
) -> None:
    node.ip("address add 192.0.2.77/24 dev x")
    neighbour = NeighbourEntry(interface="x", address=AGENT, link_address=agent.link_address("y"))
    install(kernel, neighbour, *HOME_ADDRESS, VIA_AGENT)
    node.ip("address delete 192.0.2.77/24 dev x")
    assert "via" not in node.ip(f"route show table {ROUTING_TABLE}")
    assert node.ip("neighbour show dev x") == ""
    # And both can be made again at once, without any address.
    install(kernel, neighbour, VIA_AGENT)
    assert source_towards(CORRESPONDENT) == str(HOME)


@pytest.mark.parametrize("away", [True, False])
def test_who_answers_arp_for_the_home_address(
    away: bool, node: Namespace, agent: Namespace, kernel: KernelTables
) -> None:
    node.ip("address add 192.0.2.77/24 dev x")
    care_of, asker = IPv4Address("192.0.2.77"), IPv4Address("192.0.2.1")
    install(kernel, Sysctl(path="net/ipv4/conf/x/arp_ignore", value=str(int(away))), *HOME_ADDRESS)
    # rp_filter would drop the question of an address that is routed elsewhere: 2 is what we set.
    install(kernel, Sysctl(path="net/ipv4/conf/x/rp_filter", value="2"))
    with Wire(agent, "y") as wire:
        for target in (HOME, care_of):
            wire.send(arp_request(wire.link_address, asker, target), 0x0806)
        frames = wire.until(is_arp_reply_for(care_of))
        answered = any(map(is_arp_reply_for(HOME), frames))
        assert answered is not away


def test_a_proxy_neighbour_answers_at_once(node: Namespace, agent: Namespace, kernel: KernelTables) -> None:
    # `node` plays the home agent here, `agent` a host on the home link.
    node.ip("address add 10.1.0.1/24 dev x")
    install(
        kernel,
        Sysctl(path="net/ipv4/neigh/x/proxy_delay", value="0"),
        Sysctl(path="net/ipv4/conf/x/forwarding", value="1"),
        Sysctl(path="net/ipv4/conf/x/rp_filter", value="2"),
        Route(prefix=IPv4Network((int(HOME), 32)), interface=DEVICE, metric=77),
        ProxyNeighbour(interface="x", address=HOME),
    )
    with Wire(agent, "y") as wire:
        started = time.monotonic()
        wire.send(arp_request(wire.link_address, IPv4Address("10.1.0.2"), HOME), 0x0806)
        reply = wire.until(is_arp_reply_for(HOME))[-1]
        # With the default delay of 0.8 s the answer waits at random: 0 to 0.8 s.
        assert time.monotonic() - started < 0.4
        assert reply[22:28] == node.link_address("x")


def test_a_persistent_device_keeps_its_routes_when_its_holder_ends(node: Namespace, kernel: KernelTables) -> None:
    first = TunnelDevice("mip1", 1480)
    first.persist(True)
    node.ip("route add 10.7.0.0/16 dev mip1")
    first.close()
    assert "10.7.0.0/16 dev mip1" in node.ip("route")
    second = TunnelDevice("mip1", 1480)
    second.persist(False)
    second.close()
    assert not Path("/proc/sys/net/ipv4/conf/mip1").exists()
    assert Path("/proc/sys/net/ipv4/conf/mip0").exists()
