import errno
from ipaddress import IPv4Address

from tests.support.simulated import Stage

from mobileip.forwarding.tunnel import Tunnel
from mobileip.sim.packet import DATA, ICMP_ERROR, TUNNEL, ip_packet
from mobileip.sim.packet_port import SimulatedPacketPort
from mobileip.sim.world import CORRESPONDENT, LINK, MOBILE_LINK
from mobileip.wire.ip.ipv4 import Ipv4Packet, encode_ipv4


def packet(destination: IPv4Address = CORRESPONDENT, *, size: int = 100, protocol: int = 17) -> bytes:
    source = IPv4Address("198.51.100.7")
    return encode_ipv4(
        Ipv4Packet(source=source, destination=destination, protocol=protocol, payload=b"\x03" + bytes(size - 1))
    )


def port_of(stage: Stage, name: str) -> SimulatedPacketPort:
    return next(host for host in stage.world.hosts if host.name == name).packet_port


def test_packets_are_known_by_their_protocol() -> None:
    assert [ip_packet(packet(protocol=number)).kind for number in (4, 1, 17)] == [TUNNEL, ICMP_ERROR, DATA]


def test_what_is_larger_than_the_core_takes_is_refused() -> None:
    stage = Stage(core={"mtu": 500})
    port = port_of(stage, "home")
    assert port.path_mtu(Tunnel(CORRESPONDENT, IPv4Address("192.0.2.1"))) == 500
    assert port.send_outer(packet(size=600)) == errno.EMSGSIZE
    assert port.send_outer(packet(size=400)) == 0


def test_a_mobile_node_without_network_can_send_nothing() -> None:
    stage = Stage()
    assert port_of(stage, "mobile0").send_outer(packet()) == errno.ENETUNREACH


def test_frames_go_to_ports_that_there_are() -> None:
    stage = Stage()
    stage.go("foreign1")
    port = port_of(stage, "foreign1")
    to = stage.node.host.ports[MOBILE_LINK].link_address
    port.via = IPv4Address("172.16.0.1")
    octets = packet(stage.node.home_address)
    assert port.send_frame("eth9", to, octets) == errno.ENODEV
    assert port.send_frame(LINK, to, octets) == 0
    stage.run(1.0)
    assert [(name, got, via) for _, name, got, via in stage.watch.packets] == [
        ("mobile0", octets, IPv4Address("172.16.0.1"))
    ]


def test_what_goes_up_is_the_machines_own() -> None:
    port = port_of(Stage(), "mobile0")
    seen: list[tuple[bytes, IPv4Address | None]] = []
    port.on_own = lambda octets, via: seen.append((octets, via))
    assert port.send_up(b"own") == 0
    assert seen == [(b"own", None)]
    port.on_own = None
    assert port.send_up(b"nobody's") == 0
