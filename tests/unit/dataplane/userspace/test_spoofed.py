"""Tunnel packets that others made up: at every end and in every form they change nothing and are counted by name."""

from collections.abc import Callable
from ipaddress import IPv4Address
from typing import NamedTuple

import pytest
from tests.support.packets import packet
from tests.support.wishes import (
    CARE_OF,
    CORRESPONDENT,
    FORMS,
    HOME_ADDRESS,
    HOME_AGENT,
    binding,
    reverse_exit,
    reverse_tunnel,
    tunnel_exit,
    turned,
    visitor,
    visitor_reverse,
)

from mobileip.dataplane.fake import FakeKernel, FakePacketPort
from mobileip.dataplane.userspace.encapsulate import encapsulator
from mobileip.dataplane.userspace.engine import UserspaceEngine
from mobileip.dataplane.userspace.openings import is_tunnel_packet
from mobileip.forwarding.model import ForwardingChange, Wish
from mobileip.forwarding.tunnel import Encapsulation, Tunnel

NOW = 10.0
STRANGER = CORRESPONDENT + 1
DELIVERY_FORMS = [form for form in FORMS if form[2] is None]
"""Of what a mobile node delivers to its foreign agent; no NAT is between them."""


class End(NamedTuple):
    """A node at one end of a tunnel, as what another node sends into it meets it."""

    tunnel: Tunnel
    """As the sender of the packets sees it."""
    wishes: tuple[Wish, ...]
    source: IPv4Address
    destination: IPv4Address
    """Of the inner packets that are right."""
    is_home_agent: bool


def home_agent(form):
    to_care_of = Tunnel(HOME_AGENT, CARE_OF, *form)
    wishes = (binding(HOME_ADDRESS, to_care_of), reverse_exit(tunnel=to_care_of))
    return End(turned(to_care_of), wishes, HOME_ADDRESS, CORRESPONDENT, True)


def foreign_agent(form):
    to_home_agent = turned(Tunnel(HOME_AGENT, CARE_OF, *form))
    wishes = (visitor(tunnel=to_home_agent), visitor_reverse(tunnel=to_home_agent))
    return End(turned(to_home_agent), wishes, CORRESPONDENT, HOME_ADDRESS, False)


def mobile_node(form):
    to_home_agent = turned(Tunnel(HOME_AGENT, CARE_OF, *form))
    wishes = (tunnel_exit(tunnel=to_home_agent), reverse_tunnel(tunnel=to_home_agent))
    return End(turned(to_home_agent), wishes, CORRESPONDENT, HOME_ADDRESS, False)


def delivered_to(form):
    """A foreign agent's end of what its visitor encapsulates for it."""
    from_visitor = Tunnel(HOME_ADDRESS, CARE_OF, *form)
    return End(from_visitor, (visitor_reverse(delivery=turned(from_visitor)),), HOME_ADDRESS, CORRESPONDENT, True)


ENDS = [(make, form) for make in (home_agent, foreign_agent, mobile_node) for form in FORMS]
ENDS += [(delivered_to, form) for form in DELIVERY_FORMS]


def named(value):
    return getattr(value, "__name__", str(value))


def sent(tunnel, inner):
    """One tunnel packet, numbered as the first where it has a number."""
    return encapsulator(tunnel)(inner, 5)


def changed(tunnel, **fields):
    values = {name: getattr(tunnel, name) for name in ("local", "remote", "encapsulation", "gre", "udp")}
    return Tunnel(**(values | fields))


def wrong_outer_source(end):
    return sent(changed(end.tunnel, local=STRANGER), packet(end.source, end.destination))


def foreign_inner_address(end):
    """Of a mobile node that is none of ours."""
    if end.is_home_agent:
        return sent(end.tunnel, packet(HOME_ADDRESS + 1, end.destination))
    return sent(end.tunnel, packet(end.source, HOME_ADDRESS + 1))


def reflected(end):
    """What this end sent itself, inner and outer addresses as they were."""
    return sent(turned(end.tunnel), packet(end.destination, end.source))


def reflected_by_the_other_end(end):
    """What this end sent itself, put into the tunnel back."""
    return sent(end.tunnel, packet(end.destination, end.source))


def nested_five_deep(end):
    octets = packet(end.source, end.destination)
    for _ in range(5):
        octets = sent(end.tunnel, octets)
    return octets


def nested_with_right_addresses(end):
    """Each layer but the outermost goes from and to whom the inner packet may."""
    source, destination = (HOME_ADDRESS, end.tunnel.remote) if end.is_home_agent else (HOME_AGENT, HOME_ADDRESS)
    octets = packet(end.source, end.destination)
    for _ in range(4):
        octets = sent(Tunnel(source, destination), octets)
    return sent(end.tunnel, octets)


def to_the_tunnels_own_end(end):
    if end.is_home_agent:
        return sent(end.tunnel, packet(end.source, end.tunnel.remote, payload=b"\1\xb2\1\xb2\0\x0c\0\0\4\4\0\0"))
    return sent(end.tunnel, packet(end.source, end.tunnel.remote))


def to_the_tunnels_other_end(end):
    return sent(end.tunnel, packet(end.source, end.tunnel.local))


UNRELATED = {"no_such_tunnel", "wrong_inner_address", "no_visitor"}
"""The first where no tunnel has these outer addresses; which of the others, tells whether the end is a foreign agent's.
"""
ATTACKS: dict[Callable[[End], bytes], set[str]] = {
    wrong_outer_source: {"no_such_tunnel"},
    foreign_inner_address: {"wrong_inner_address", "no_visitor", "no_such_tunnel"},
    reflected: {"no_such_tunnel"},
    reflected_by_the_other_end: UNRELATED,
    nested_five_deep: UNRELATED | {"to_tunnel_end"},
    nested_with_right_addresses: UNRELATED | {"to_tunnel_end"},
    to_the_tunnels_own_end: UNRELATED | {"to_tunnel_end"},
    to_the_tunnels_other_end: UNRELATED | {"to_tunnel_end"},
}


class Node:
    """A machine that has one end of a tunnel."""

    def __init__(self, end):
        self.news = []
        self.port = FakePacketPort()
        self.engine = UserspaceEngine("mip0", FakeKernel(), self.port, on_news=self.news.append)
        self.engine.apply(ForwardingChange(install=end.wishes))

    def hears(self, octets):
        """What is handed over, with what the machine would make of that: a tunnel packet to itself comes back."""
        self.engine.packet_from_tunnel(octets, NOW, "eth1")
        while self.port.up and is_tunnel_packet(self.port.up[-1]) and self.port.up[-1][16:20] == HOME_ADDRESS.packed:
            self.engine.packet_from_tunnel(self.port.up.pop(), NOW)
        return self.handed_over()

    def handed_over(self):
        out = [*self.port.up, *self.port.outer, *(octets for _, _, octets in self.port.frames)]
        for octets in (self.port.up, self.port.outer, self.port.frames):
            octets.clear()
        return out

    @property
    def drops(self):
        counters = self.engine.counters()
        return {name.removeprefix("dropped_"): counters[name] for name in counters if name.startswith("dropped_")}


@pytest.mark.requirement("R3519-4.3-a", "R2003-6.2-a", "R3024-4.3.2-b", "R5944-4.2.2-b")
@pytest.mark.parametrize("attack", ATTACKS, ids=named)
@pytest.mark.parametrize(("make", "form"), ENDS, ids=named)
def test_spoofed_packets_change_nothing_and_are_counted(make, form, attack):
    end = make(form)
    node = Node(end)
    wanted = node.engine.wanted
    octets = attack(end)
    if attack is nested_with_right_addresses and make is foreign_agent:
        # So come broadcasts (RFC 5944 §4.3): what is for the visitor is the visitor's to judge, see `mobile_node`.
        assert len(node.hears(octets)) == 1
        return
    assert node.hears(octets) == []
    ((name, count),) = node.drops.items()
    assert name in ATTACKS[attack]
    assert count == 1
    assert node.news == []
    assert node.engine.wanted == wanted
    if attack is nested_with_right_addresses and make is mobile_node:
        return  # its outermost layer is right in everything
    # What is right still comes out: no number of the tunnel's was used up.
    assert len(node.hears(sent(end.tunnel, packet(end.source, end.destination)))) == 1
    assert sum(node.drops.values()) == 1


@pytest.mark.parametrize(("make", "form"), [each for each in ENDS if each[1][0] is Encapsulation.GRE], ids=named)
def test_another_key_is_another_tunnel(make, form):
    end = make(form)
    node = Node(end)
    for key in (None, 7, 8, 0, 99):
        if key != end.tunnel.gre.sent_key:
            other = changed(end.tunnel, gre=type(end.tunnel.gre)(sent_key=key))
            assert node.hears(sent(other, packet(end.source, end.destination))) == []
    assert set(node.drops) <= UNRELATED
    assert sum(node.drops.values()) == 4


@pytest.mark.parametrize(("make", "form"), [each for each in ENDS if each[1][2] is not None], ids=named)
def test_another_port_is_another_tunnel(make, form):
    end = make(form)
    node = Node(end)
    for ports in ((end.tunnel.udp.local + 1, end.tunnel.udp.remote), (end.tunnel.udp.local, 435)):
        other = changed(end.tunnel, udp=type(end.tunnel.udp)(*ports))
        assert node.hears(sent(other, packet(end.source, end.destination))) == []
    assert set(node.drops) <= UNRELATED
    assert sum(node.drops.values()) == 2
