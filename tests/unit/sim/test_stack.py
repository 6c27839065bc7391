"""Which way a machine's own packets take, seen through whole simulated machines."""

from ipaddress import IPv4Address

import pytest
from tests.support.simulated import Stage

from mobileip.sim.packet import DATA, ECHO, TUNNEL, Packet
from mobileip.sim.world import CORRESPONDENT, MOBILE_LINK
from mobileip.wire.ip.icmp import ECHO_REPLY, echo
from mobileip.wire.ip.ipv4 import PROTOCOL_ICMP, Ipv4Packet, encode_ipv4


class Ear:
    name = "correspondent"

    def __init__(self) -> None:
        self.heard: list[Packet] = []

    def hear(self, _port: object, packet: Packet) -> None:
        self.heard.append(packet)


def listening(stage: Stage) -> Ear:
    ear = stage.world.network.hosts[int(CORRESPONDENT)] = Ear()
    stage.tap()
    return ear


def packet(stage: Stage, destination: IPv4Address = CORRESPONDENT, protocol: int = 17, payload: bytes = b"") -> bytes:
    return encode_ipv4(
        Ipv4Packet(
            source=stage.node.home_address, destination=destination, protocol=protocol, payload=payload or bytes(60)
        )
    )


def ways(stage: Stage, kind: str = DATA) -> list[tuple[str, str, str]]:
    """Which links the packets of a kind went over, in their order."""
    passages = [p for p in stage.passages if p.packet.kind in (kind, TUNNEL)]
    return [(p.sender, p.receiver, p.packet.kind) for p in passages]


def test_from_home_by_its_router() -> None:
    stage = Stage()
    ear = listening(stage)
    stage.go("home")
    stage.passages.clear()
    stage.node.host.send(packet(stage))
    stage.run(1.0)
    assert [heard.payload for heard in ear.heard] == [packet(stage)]


def test_without_a_registration_it_is_dropped_by_name() -> None:
    stage = Stage()
    ear = listening(stage)
    stage.run(1.0)
    stage.node.host.send(packet(stage))
    stage.run(1.0)
    assert ear.heard == []
    assert stage.node.host.engine.counters()["dropped_not_registered"] == 1


def test_who_sleeps_sends_nothing() -> None:
    stage = Stage()
    ear = listening(stage)
    stage.go("foreign1")
    stage.node.host.sleep()
    stage.node.host.send(packet(stage))
    stage.run(1.0)
    assert ear.heard == []


@pytest.mark.parametrize("reverse_tunnel", [False, True])
def test_through_a_foreign_agent_straight_or_by_its_reverse_tunnel(reverse_tunnel: bool) -> None:
    stage = Stage(mobile={"reverse_tunnel": reverse_tunnel})
    ear = listening(stage)
    stage.go("foreign1")
    stage.passages.clear()
    stage.node.host.send(packet(stage))
    stage.run(0.5)
    straight = [("mobile0", "foreign1", DATA), ("foreign1", "correspondent", DATA)]
    tunnelled = [straight[0], ("foreign1", "home", TUNNEL), ("home", "correspondent", DATA)]
    assert ways(stage) == (tunnelled if reverse_tunnel else straight)
    assert [heard.payload[12:20] for heard in ear.heard] == [packet(stage)[12:20]]


@pytest.mark.parametrize("reverse_tunnel", [False, True])
def test_from_a_co_located_address_straight_or_by_the_nodes_own_tunnel(reverse_tunnel: bool) -> None:
    stage = Stage(mobile={"reverse_tunnel": reverse_tunnel}, plain={"networks": 1})
    ear = listening(stage)
    stage.go("plain1")
    stage.passages.clear()
    stage.node.host.send(packet(stage))
    stage.run(0.5)
    assert (("home", "correspondent", DATA) in ways(stage)) is reverse_tunnel
    assert len(ear.heard) == 1


def test_to_a_neighbour_on_a_links_own_subnet() -> None:
    stage = Stage(plain={"networks": 1})
    stage.tap()
    stage.go("plain1")
    stage.passages.clear()
    (own,) = stage.node.host.ports[MOBILE_LINK].link.addresses
    stage.node.host.send(packet(stage, own.network[9]))
    stage.run(0.5)
    assert ways(stage) == [("mobile0", "router", DATA), ("mobile0", "router", DATA)]


@pytest.mark.parametrize("place", ["foreign1", "plain1", "home"])
def test_a_home_agent_answers_echo_requests_wherever_the_node_is(place: str) -> None:
    stage = Stage(plain={"networks": 1})
    stage.tap()
    stage.go(place)
    stage.watch.answers.clear()
    request = packet(stage, stage.node.home_agent.address, PROTOCOL_ICMP, echo(True, 7, 9, b"data"))
    stage.node.host.send(request)
    stage.run(0.5)
    ((_, name, answer, _),) = stage.watch.answers
    assert (name, answer[12:20]) == ("mobile0", request[16:20] + request[12:16])
    assert answer[20:] == echo(False, 7, 9, b"data")
    assert answer[20] == ECHO_REPLY


def test_a_foreign_agent_forwards_nothing_that_came_from_the_core() -> None:
    stage = Stage()
    ear = listening(stage)
    stray = packet(stage)
    stage.world.foreign[0].hear(
        None, Packet(kind=ECHO, payload=stray, source=IPv4Address(1), destination=CORRESPONDENT)
    )
    stage.run(0.5)
    assert ear.heard == []
