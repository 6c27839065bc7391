from ipaddress import IPv4Address

import pytest
from tests.support.simulated import Stage

from mobileip.agents.events import LinkChanged
from mobileip.agents.notices import AgentLost, Discarded, Registered, RegistrationLost, VisitorAdded
from mobileip.dataplane.ports import InterfaceAddress, Route
from mobileip.sim.packet import OTHER, REQUEST, Packet
from mobileip.sim.world import MOBILE_LINK


def test_true_agents_register_a_true_node() -> None:
    stage = Stage()
    stage.go("foreign1")
    assert stage.state == "registered"
    assert stage.bound_to == IPv4Address("172.16.0.1")
    assert [notice.home_address for notice in stage.watch.told(VisitorAdded, "foreign1")] == [stage.node.home_address]
    assert [kind for name, kind in stage.watch.messages if name == "mobile0"] == [
        "solicitation",
        "request",
        "echo",
    ]


def test_what_the_node_wishes_is_in_its_kernel() -> None:
    stage = Stage()
    stage.go("foreign1")
    kinds = {type(o) for o in stage.node.host.kernel.objects.values()}
    assert {InterfaceAddress, Route} < kinds


def test_a_node_is_woken_at_its_deadlines() -> None:
    stage = Stage(mobile={"lifetime": 30})
    stage.go("foreign1", seconds=100.0)
    granted = stage.watch.told(Registered)
    assert 4 <= len(granted) <= 6
    assert stage.state == "registered"


def test_without_anybody_to_renew_with_a_registration_ends() -> None:
    stage = Stage(mobile={"lifetime": 30})
    stage.go("foreign1")
    stage.world.homes[0].host.sleep()
    stage.run(40.0)
    assert [notice.cause for notice in stage.watch.told(RegistrationLost)] == ["expired"]


def test_a_reboot_leaves_nothing_in_memory() -> None:
    stage = Stage()
    stage.go("foreign1")
    before = stage.node.host.node
    stage.node.host.reboot()
    assert stage.node.host.node is not before
    assert stage.node.host.boots == 2
    assert stage.node.host.clock.instant(stage.world.schedule.now).boot == 0.0
    stage.run(2.0)
    assert stage.state == "registered"


def test_a_foreign_agents_reboot_is_noticed_by_its_visitors() -> None:
    stage = Stage()
    stage.go("foreign1", seconds=5.0)
    stage.world.foreign[0].reboot()
    stage.run(3.0)
    assert "rebooted" in [notice.cause for notice in stage.watch.told(AgentLost)]
    agent = stage.world.foreign[0].node.foreign
    assert agent is not None
    assert len(agent.snapshot().visitors) == 1


def test_who_sleeps_hears_nothing_and_finds_out_afterwards() -> None:
    stage = Stage()
    stage.go("foreign1")
    stage.node.host.sleep()
    stage.go("foreign2", seconds=20.0)
    assert stage.bound_to == IPv4Address("172.16.0.1")
    stage.node.host.wake_up()
    stage.run(3.0)
    assert stage.bound_to == IPv4Address("172.16.0.2")


def test_octets_that_are_no_message_are_told() -> None:
    stage = Stage()
    host = stage.world.homes[0].host
    host.hear(None, Packet(kind=OTHER, payload=b"\x99", source=IPv4Address(1), destination=IPv4Address(2)))
    assert len(stage.watch.errors) == 1


def test_an_attackers_message_goes_by_the_watch() -> None:
    stage = Stage()
    host = stage.world.homes[0].host
    packet = Packet(kind=OTHER, payload=b"\x99", source=IPv4Address(1), destination=IPv4Address(2), attack="flood")
    host.hear(None, packet)
    assert stage.watch.attacks == [("home", "flood")]
    assert len(stage.watch.errors) == 1


def test_a_witness_is_told_of_honest_messages_alone() -> None:
    stage, seen = Stage(), []
    host = stage.world.homes[0].host
    host.witness = lambda _host, packet: seen.append(packet.attack)
    for attack in (None, "forge"):
        host.hear(
            None, Packet(kind=OTHER, payload=b"\x99", source=IPv4Address(1), destination=IPv4Address(2), attack=attack)
        )
    assert seen == [None]


def test_the_interface_of_what_comes_over_the_core_is_the_core_one() -> None:
    """A packet may be heard on several interfaces: the arrival is that of each."""
    stage = Stage()
    seen = []
    stage.world.homes[0].host.give = seen.append  # type: ignore[method-assign]
    packet = Packet(
        kind=REQUEST,
        payload=b"\x01" + bytes(23),
        source=IPv4Address(1),
        destination=IPv4Address(2),
        link_source=b"\x02\0\0\0\0\x01",
    )
    host = stage.world.homes[0].host
    host.hear(None, packet)
    host.hear(host.ports["eth1"], packet)
    assert [(event.arrival.interface, event.arrival.link_source) for event in seen] == [
        ("eth0", None),
        ("eth1", b"\x02\0\0\0\0\x01"),
    ]


def test_data_for_somebody_else_is_not_received() -> None:
    stage = Stage()
    stage.go("foreign1")
    stage.world.foreign[0].hear(
        None, Packet(kind="data", payload=bytes(40), source=IPv4Address(1), destination=IPv4Address(2))
    )
    assert stage.watch.packets == []


def test_messages_that_are_for_no_role_are_discarded_by_name() -> None:
    stage = Stage()
    stage.go("foreign1")
    request = Packet(
        kind=REQUEST, payload=b"\x01" + bytes(23), source=IPv4Address(1), destination=stage.node.home_address
    )
    stage.node.host.hear(stage.node.host.ports[MOBILE_LINK], request)
    assert [notice.reason for notice in stage.watch.told(Discarded)] == ["not_for_us"]


def test_what_is_due_is_settled_at_once() -> None:
    stage = Stage()
    stage.go("foreign1")
    host = stage.node.host
    due = host.node.next_deadline()
    assert due is not None
    stage.world.schedule.now = host.clock.virtual(due.at) + 0.001
    host.settle()
    later = host.node.next_deadline()
    assert later is not None
    assert later.at > due.at


def test_a_message_without_a_source_gets_one_from_its_route() -> None:
    stage = Stage()
    stage.tap()
    stage.go("foreign1")
    relayed = [p.packet for p in stage.passages if p.sender == "home" and p.packet.kind == "reply"]
    assert {packet.source for packet in relayed} == {stage.node.home_agent.address}


@pytest.mark.parametrize("name", ["eth0", "eth1"])
def test_links_change_for_the_node_too(name: str) -> None:
    stage, seen = Stage(), []
    host = stage.world.foreign[0]
    host.give = seen.append  # type: ignore[method-assign]
    host.change_link(name, carrier=False)
    assert [(type(event), event.link.name, event.link.carrier) for event in seen] == [(LinkChanged, name, False)]
    assert not host.ports[name].link.carrier
