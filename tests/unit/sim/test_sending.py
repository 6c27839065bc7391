from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from random import Random

from mobileip.agents.events import Link
from mobileip.agents.outputs import AnnounceAddress, Departure, SendDiscovery, SendMessage
from mobileip.sim.clock import Schedule
from mobileip.sim.network import Network, Port, Segment
from mobileip.sim.packet import ADVERTISEMENT, ANNOUNCEMENT, REQUEST, SOLICITATION, Packet
from mobileip.sim.sending import Sender
from mobileip.sim.wires import Wire
from mobileip.wire.agent_discovery import AgentAdvertisement, AgentSolicitation

HERE, THERE = b"\x02\0\0\0\0\x01", b"\x02\0\0\0\0\x02"
ADDRESS, FAR = IPv4Address("10.0.0.5"), IPv4Address("172.16.0.1")


class Listener:
    name = "there"

    def __init__(self) -> None:
        self.heard: list[tuple[Port | None, Packet]] = []

    def hear(self, port: Port | None, packet: Packet) -> None:
        self.heard.append((port, packet))


class Scene:
    def __init__(self, *, has_core: bool = False) -> None:
        self.network = Network(Schedule(), Wire(), Random(1))
        segment = Segment("here", Wire(), IPv4Network("10.0.0.0/24"), IPv4Address("10.0.0.1"))
        self.neighbour, self.far = Listener(), Listener()
        link = Link(name="eth0", index=2, carrier=True, link_address=HERE, addresses=(IPv4Interface("10.0.0.5/24"),))
        self.port = Port(self.neighbour, link)
        other = Port(self.neighbour, Link(name="eth0", index=2, carrier=True, link_address=THERE))
        self.network.plug(self.port, segment)
        self.network.plug(other, segment, is_agent=True)
        self.network.hosts[int(FAR)] = self.far
        self.sent: list[Packet] = []
        self.sender = Sender("me", self.network, {"eth0": self.port}, self.sent.append, has_core=has_core)

    def run(self) -> None:
        self.network.schedule.run(1.0)


def departure(**fields: object) -> Departure:
    return Departure(destination=FAR, **fields)  # type: ignore[arg-type]


def test_a_message_leaves_as_a_frame_where_its_receiver_is_named() -> None:
    scene = Scene()
    scene.sender.message(SendMessage(octets=b"\x01", departure=departure(interface="eth0", link_destination=THERE)))
    scene.run()
    ((_, packet),) = scene.neighbour.heard
    assert (packet.kind, packet.payload, packet.link_source) == (REQUEST, b"\x01", HERE)
    assert scene.sent == [packet]


def test_else_it_is_routed_with_the_address_of_its_link() -> None:
    scene = Scene()
    scene.sender.message(SendMessage(octets=b"\x01", departure=departure()))
    scene.run()
    ((port, packet),) = scene.far.heard
    assert (port, packet.source) == (None, ADDRESS)


def test_a_machine_of_the_core_needs_no_link() -> None:
    scene = Scene(has_core=True)
    scene.network.unplug(scene.port)
    scene.sender.message(SendMessage(octets=b"\x01", departure=departure(source=FAR)))
    scene.run()
    assert len(scene.far.heard) == 1


def test_router_discovery_by_its_kind() -> None:
    scene = Scene()
    way = departure(interface="eth0", link_destination=THERE, ttl=1)
    scene.sender.discovery(SendDiscovery(message=AgentSolicitation(), departure=way))
    scene.sender.discovery(SendDiscovery(message=AgentAdvertisement(lifetime=3), departure=way))
    scene.run()
    assert [(p.kind, p.ttl, p.source) for _, p in scene.neighbour.heard] == [
        (SOLICITATION, 1, IPv4Address(0)),
        (ADVERTISEMENT, 1, IPv4Address(0)),
    ]


def test_gratuitous_arp_goes_to_everybody() -> None:
    scene = Scene()
    scene.sender.announcement(AnnounceAddress(interface="eth0", address=ADDRESS))
    scene.run()
    ((_, packet),) = scene.neighbour.heard
    assert (packet.kind, packet.source, packet.link_destination) == (ANNOUNCEMENT, ADDRESS, b"\xff" * 6)
