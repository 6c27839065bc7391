"""The wishes of both ends fit together: what goes in at one comes out at the other, on the userspace engine."""

import pytest
from bench.dataplane import endpoint, wishes
from bench.dataplane.topology import CORRESPONDENT, FOREIGN_AGENT, HOME_ADDRESS, MOBILE_NODE
from bench.dataplane.wishes import End, Form
from tests.support.wishes import LATER

from mobileip.dataplane.fake import FakeKernel, FakePacketPort
from mobileip.dataplane.userspace.engine import UserspaceEngine
from mobileip.forwarding.model import BindingRoute, ForwardingChange
from mobileip.wire.ip.ipv4 import Ipv4Packet, decode_ipv4, encode_ipv4

VISITOR = bytes.fromhex("020000000007")
THERE = encode_ipv4(Ipv4Packet(source=CORRESPONDENT, destination=HOME_ADDRESS, protocol=17, payload=bytes(64)))
BACK = encode_ipv4(Ipv4Packet(source=HOME_ADDRESS, destination=CORRESPONDENT, protocol=17, payload=bytes(64)))


def end(order: endpoint.Order) -> tuple[UserspaceEngine, FakePacketPort]:
    port = FakePacketPort()
    engine = UserspaceEngine("mip0", FakeKernel(), port)
    assert engine.apply(ForwardingChange(install=tuple(endpoint.wishes_of(order, LATER)))) == []
    return engine, port


@pytest.mark.parametrize("form", Form)
def test_packets_pass_between_a_home_agent_and_a_mobile_node(form: Form) -> None:
    home, from_home = end(endpoint.Order(End.HOME_AGENT, form, care_of=str(MOBILE_NODE)))
    node, from_node = end(endpoint.Order(End.MOBILE_NODE, form))
    home.packet_from_device(THERE, 1.0)
    node.packet_from_tunnel(from_home.outer[0], 1.0)
    assert decode_ipv4(from_node.up[0]).payload == bytes(64)
    node.packet_from_device(BACK, 1.0)
    home.packet_from_tunnel(from_node.outer[0], 1.0)
    assert decode_ipv4(from_home.up[0]).destination == CORRESPONDENT


@pytest.mark.parametrize("form", Form)
def test_packets_pass_between_a_home_agent_and_a_visitor(form: Form) -> None:
    home, from_home = end(endpoint.Order(End.HOME_AGENT, form, care_of=str(FOREIGN_AGENT)))
    agent, from_agent = end(endpoint.Order(End.FOREIGN_AGENT, form, visitor=VISITOR.hex()))
    home.packet_from_device(THERE, 1.0)
    agent.packet_from_tunnel(from_home.outer[0], 1.0)
    assert from_agent.frames[0][1] == VISITOR
    agent.packet_from_device(BACK, 1.0)
    home.packet_from_tunnel(from_agent.outer[0], 1.0)
    assert decode_ipv4(from_home.up[0]).destination == CORRESPONDENT


def test_silent_mobile_nodes_have_addresses_of_their_own() -> None:
    found = list(wishes.of_others(Form.IPIP, MOBILE_NODE, 1000, LATER))
    bound = {wish.home_address for wish in found if isinstance(wish, BindingRoute)}
    assert len(bound) == 1000
    assert HOME_ADDRESS not in bound
    assert all(address in wishes.HOME_NETWORK for address in bound)
