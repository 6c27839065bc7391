from ipaddress import IPv4Address, IPv4Network

import pytest

from mobileip.agents.events import Link
from mobileip.sim.chance import generator
from mobileip.sim.clock import Schedule
from mobileip.sim.network import CORE, Network, Passage, Port, Segment
from mobileip.sim.packet import DATA, REQUEST, Packet
from mobileip.sim.wires import Wire

ADDRESS = IPv4Address("192.0.2.1")
HOME_ADDRESS = IPv4Address("10.0.0.16")
ALL_SYSTEMS, ALL_ROUTERS = bytes.fromhex("01005e000001"), bytes.fromhex("01005e000002")
BROADCAST = b"\xff" * 6


class Ear:
    """A machine that only listens."""

    def __init__(self, name: str, number: int = 0) -> None:
        self.name = name
        self.heard: list[tuple[Port | None, Packet]] = []
        self.routed: list[Packet] = []
        self.answers: set[IPv4Address] = set()
        self.port = Port(self, Link(name="eth0", index=1, carrier=True, link_address=bytes((2, 0, 0, 0, 0, number))))

    def hear(self, port: Port | None, packet: Packet) -> None:
        self.heard.append((port, packet))

    def hear_routed(self, packet: Packet) -> None:
        self.routed.append(packet)

    def intercepts(self, address: IPv4Address) -> bool:
        return address in self.answers


class Scene:
    def __init__(self, access: Wire | None = None, core: Wire | None = None) -> None:
        self.schedule = Schedule()
        self.network = Network(self.schedule, core or Wire(delay=0.01), generator(1, "wires"))
        self.segment = Segment("link", access or Wire(), IPv4Network("198.51.100.0/24"), IPv4Address("198.51.100.1"))
        self.agent, self.one, self.other = (Ear(name, n) for n, name in enumerate(("agent", "one", "other")))
        self.network.plug(self.agent.port, self.segment, is_agent=True)
        self.network.plug(self.one.port, self.segment)
        self.network.plug(self.other.port, self.segment)

    def heard(self) -> list[int]:
        self.schedule.run(self.schedule.now + 1.0)
        return [len(ear.heard) for ear in (self.agent, self.one, self.other)]


def packet(destination: IPv4Address = ADDRESS, octets: int = 40) -> Packet:
    return Packet(kind=DATA, payload=bytes(octets), source=IPv4Address("198.51.100.9"), destination=destination)


class TestFrames:
    def test_reach_the_station_with_that_address(self) -> None:
        scene = Scene()
        assert scene.network.frame(scene.one.port, scene.other.port.link_address, packet())
        assert scene.heard() == [0, 0, 1]
        port, heard = scene.other.heard[0]
        assert port is scene.other.port
        assert heard.link_source == scene.one.port.link_address

    @pytest.mark.parametrize("access", [Wire(), Wire(jitter=0.001)], ids=["plain", "each by itself"])
    @pytest.mark.parametrize(
        ("destination", "heard"), [(ALL_SYSTEMS, [1, 0, 1]), (BROADCAST, [1, 0, 1]), (ALL_ROUTERS, [1, 0, 0])]
    )
    def test_reach_the_members_of_a_group_but_not_the_sender(
        self, access: Wire, destination: bytes, heard: list[int]
    ) -> None:
        scene = Scene(access)
        scene.network.frame(scene.one.port, destination, packet())
        assert scene.heard() == heard

    def test_are_lost_when_their_receiver_has_gone(self) -> None:
        scene = Scene()
        scene.network.frame(scene.one.port, scene.other.port.link_address, packet())
        scene.network.unplug(scene.other.port)
        assert scene.heard() == [0, 0, 0]
        assert scene.network.undelivered == 1

    def test_are_lost_when_it_has_gone_and_come_back(self) -> None:
        scene = Scene()
        scene.network.frame(scene.one.port, scene.other.port.link_address, packet())
        scene.network.plug(scene.other.port, scene.segment)
        assert scene.heard() == [0, 0, 0]

    def test_to_nobody_are_counted(self) -> None:
        scene = Scene()
        assert scene.network.frame(scene.one.port, b"\x02\x09\x09\x09\x09\x09", packet())
        assert scene.network.undelivered == 1

    def test_do_not_leave_a_port_that_is_not_plugged_in(self) -> None:
        scene = Scene()
        scene.network.unplug(scene.one.port)
        assert not scene.network.frame(scene.one.port, ALL_SYSTEMS, packet())

    def test_are_heard_by_listeners_whomever_they_are_for(self) -> None:
        scene, spy = Scene(), Ear("spy", 9)
        scene.segment.listeners.append(spy.port)
        scene.network.frame(scene.one.port, scene.other.port.link_address, packet())
        assert len(spy.heard) == 1

    def test_that_are_too_big_vanish(self) -> None:
        scene = Scene(Wire(mtu=100))
        assert scene.network.frame(scene.one.port, scene.other.port.link_address, packet(octets=101))
        assert scene.heard() == [0, 0, 0]
        assert scene.segment.traffic.too_big == 1

    def test_to_the_routers_link_layer_address_go_on_over_the_core(self) -> None:
        scene, owner = Scene(), Ear("owner")
        scene.network.hosts[int(ADDRESS)] = owner
        scene.network.frame(scene.one.port, scene.segment.gateway_link_address, packet())
        scene.schedule.run(1.0)
        assert len(owner.heard) == 1


class TestWhatIsBroken:
    """Without any carrier event."""

    def test_a_dead_port_sends_nothing_and_looks_as_if_it_did(self) -> None:
        scene, owner = Scene(), Ear("owner")
        scene.network.hosts[int(ADDRESS)] = owner
        scene.one.port.is_dead = True
        assert scene.network.frame(scene.one.port, scene.other.port.link_address, packet())
        assert scene.network.route("one", scene.one.port, packet())
        assert scene.heard() == [0, 0, 0]
        assert owner.heard == []
        assert (scene.one.port.sent, scene.segment.traffic.lost) == (2, 2)

    @pytest.mark.parametrize("destination", [BROADCAST, None])
    def test_a_dead_port_hears_nothing(self, destination: bytes | None) -> None:
        scene = Scene()
        scene.other.port.is_dead = True
        scene.network.frame(scene.one.port, destination or scene.other.port.link_address, packet())
        assert scene.heard()[2] == 0
        assert scene.other.port.received == 0

    def test_plugging_in_mends_a_port(self) -> None:
        scene = Scene()
        scene.other.port.is_dead = True
        scene.network.plug(scene.other.port, scene.segment)
        scene.network.frame(scene.one.port, scene.other.port.link_address, packet())
        assert scene.heard() == [0, 0, 1]

    def test_a_port_counts_what_passes_as_a_kernel_does(self) -> None:
        scene = Scene()
        scene.network.frame(scene.one.port, scene.other.port.link_address, packet())
        scene.network.frame(scene.one.port, BROADCAST, packet())
        scene.network.route("one", scene.one.port, packet())
        scene.heard()
        assert (scene.one.port.sent, scene.other.port.received, scene.agent.port.received) == (3, 2, 1)

    def test_a_network_that_is_cut_off_hears_and_tells_the_core_nothing(self) -> None:
        scene, owner, agent = Scene(), Ear("owner"), Ear("link")
        network = scene.network
        network.hosts[int(ADDRESS)] = owner
        network.hosts[int(HOME_ADDRESS)] = agent
        network.leases[7] = scene.one.port
        network.cut_off.add("link")
        network.route("one", scene.one.port, packet())  # a station, by its router
        network.route("link", None, packet())  # the network's agent
        network.route("far", None, packet(HOME_ADDRESS))
        network.route("far", None, packet(IPv4Address(7)))
        assert scene.heard() == [0, 0, 0]
        assert (owner.heard, agent.heard, network.undelivered) == ([], [], 4)
        network.cut_off.clear()
        network.route("one", scene.one.port, packet())
        network.route("far", None, packet(IPv4Address(7)))
        assert scene.heard() == [0, 1, 0]
        assert len(owner.heard) == 1


class TestRouting:
    def test_leads_over_the_core_to_a_fixed_address(self) -> None:
        scene, owner = Scene(), Ear("owner")
        scene.network.hosts[int(ADDRESS)] = owner
        scene.network.route("sender", None, packet())
        scene.schedule.run(0.009)
        assert owner.heard == []
        scene.schedule.run(0.011)
        assert [port for port, _ in owner.heard] == [None]

    def test_leads_from_a_segment_through_its_router(self) -> None:
        scene, owner = Scene(), Ear("owner")
        scene.network.hosts[int(ADDRESS)] = owner
        assert scene.network.route("one", scene.one.port, packet())
        scene.schedule.run(0.0115)
        assert owner.heard == []
        scene.schedule.run(0.0125)
        assert len(owner.heard) == 1

    def test_stays_on_the_segment_where_the_owner_is(self) -> None:
        scene = Scene()
        scene.segment.owners[int(ADDRESS)] = scene.agent.port
        scene.network.route("one", scene.one.port, packet())
        assert scene.heard() == [1, 0, 0]
        assert scene.network.core_traffic.packets == 0

    def test_leads_to_a_lease_on_its_segment(self) -> None:
        scene = Scene()
        scene.network.leases[int(ADDRESS)] = scene.other.port
        scene.network.route("sender", None, packet())
        assert scene.heard() == [0, 0, 1]

    def test_finds_nobody_where_nobody_has_the_address(self) -> None:
        scene = Scene()
        scene.network.route("sender", None, packet())
        scene.network.route("sender", None, packet(IPv4Address("192.0.2.2")))
        assert scene.heard() == [0, 0, 0]
        assert scene.network.undelivered == 2

    def test_from_a_port_that_is_not_plugged_in_fails(self) -> None:
        scene = Scene()
        scene.network.unplug(scene.one.port)
        assert not scene.network.route("one", scene.one.port, packet())

    @pytest.mark.parametrize("via", ["segment", "core"])
    def test_does_not_carry_what_is_too_big(self, via: str) -> None:
        narrow = Wire(mtu=100)
        scene, owner = Scene(*((narrow, None) if via == "segment" else (None, narrow))), Ear("owner")
        scene.network.hosts[int(ADDRESS)] = owner
        scene.network.route("one", scene.one.port, packet(octets=101))
        scene.schedule.run(1.0)
        assert owner.heard == []


class TestHomeAddresses:
    @pytest.fixture
    def scene(self) -> Scene:
        scene = Scene()
        scene.network.homes[int(HOME_ADDRESS)] = (scene.agent, scene.segment)
        scene.network.at_home[int(HOME_ADDRESS)] = (scene.other.port,)
        return scene

    def test_of_a_node_at_home_lead_to_it(self, scene: Scene) -> None:
        scene.network.route("sender", None, packet(HOME_ADDRESS))
        assert scene.heard() == [0, 0, 1]

    def test_lead_to_the_home_agent_that_answers_arp(self, scene: Scene) -> None:
        scene.agent.answers.add(HOME_ADDRESS)
        scene.network.route("sender", None, packet(HOME_ADDRESS))
        assert scene.heard() == [0, 0, 0]
        assert len(scene.agent.routed) == 1

    def test_lead_nowhere_when_neither_answers(self, scene: Scene) -> None:
        scene.network.unplug(scene.other.port)
        scene.network.route("sender", None, packet(HOME_ADDRESS))
        assert scene.heard() == [0, 0, 0]
        assert scene.network.undelivered == 1

    def test_of_a_virtual_network_lead_to_the_home_agent_always(self, scene: Scene) -> None:
        scene.network.homes[int(HOME_ADDRESS)] = (scene.agent, None)
        scene.network.route("sender", None, packet(HOME_ADDRESS))
        scene.heard()
        assert len(scene.agent.routed) == 1


class TestWhatIsNoted:
    def test_signalling_and_data_are_counted_apart(self) -> None:
        scene = Scene()
        scene.network.frame(scene.one.port, scene.other.port.link_address, packet())
        request = Packet(kind=REQUEST, payload=bytes(30), source=ADDRESS, destination=ADDRESS)
        scene.network.frame(scene.one.port, scene.other.port.link_address, request)
        traffic = scene.segment.traffic
        assert (traffic.messages, traffic.signalling_octets) == (1, 58)
        assert (traffic.packets, traffic.octets) == (1, 40)

    def test_a_tap_sees_every_step(self) -> None:
        scene, seen, owner = Scene(), [], Ear("owner")
        scene.network.tap = seen.append
        scene.network.hosts[int(ADDRESS)] = owner
        carried = packet()
        scene.network.route("one", scene.one.port, carried)
        scene.schedule.run(1.0)
        assert seen == [
            Passage("one", "router", "link", carried, 0.0, 0.002),
            Passage("one", "owner", CORE, carried, 0.002, 0.012),
        ]

    def test_a_tap_sees_a_loss(self) -> None:
        scene, seen = Scene(Wire(loss=1.0)), []
        scene.network.tap = seen.append
        scene.network.frame(scene.one.port, ALL_SYSTEMS, packet())
        assert [(p.receiver, p.arrived_at) for p in seen] == [("agent", None), ("other", None)]
        assert scene.segment.traffic.lost == 2

    def test_a_tap_is_told_who_serves_a_home_address(self) -> None:
        scene, seen = Scene(), []
        scene.network.tap = seen.append
        scene.network.homes[int(HOME_ADDRESS)] = (scene.agent, None)
        scene.network.route("sender", None, packet(HOME_ADDRESS))
        scene.network.route("sender", None, packet(IPv4Address("192.0.2.99")))
        assert [p.receiver for p in seen] == ["agent", "router"]
