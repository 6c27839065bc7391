"""TTL, type of service and marks of congestion on their way through a tunnel of every form (RFC 2003 §3.1, RFC 2004 §3,
RFC 6040 §4)."""

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
from tools.fuzz.encapsulation_forms import header_repaired

from mobileip.dataplane.userspace.arrivals import from_tunnel
from mobileip.dataplane.userspace.encapsulate import encapsulator
from mobileip.dataplane.userspace.outcome import Delivery, Drop, Outer
from mobileip.dataplane.userspace.path import from_device
from mobileip.dataplane.userspace.tables import PacketTables
from mobileip.forwarding.drop_reason import DropReason
from mobileip.forwarding.model import ForwardingState
from mobileip.forwarding.tunnel import Encapsulation, Tunnel
from mobileip.wire.ip.ipv4 import decode_ipv4

NOW = 10.0
NOT_CAPABLE, CAPABLE_1, CAPABLE_0, EXPERIENCED = range(4)
MARKS = range(4)

LEAVES = {
    # inner: what leaves for each mark of the outer header, in the order of `MARKS` (RFC 6040 figure 4)
    NOT_CAPABLE: (NOT_CAPABLE, NOT_CAPABLE, NOT_CAPABLE, None),
    CAPABLE_1: (CAPABLE_1, CAPABLE_1, CAPABLE_1, EXPERIENCED),
    CAPABLE_0: (CAPABLE_0, CAPABLE_1, CAPABLE_0, EXPERIENCED),
    EXPERIENCED: (EXPERIENCED, EXPERIENCED, EXPERIENCED, EXPERIENCED),
}

every_form = pytest.mark.parametrize("form", FORMS, ids=str)


def tables_of(*wishes):
    return PacketTables.of(ForwardingState.of(wishes))


def entries(form):
    """Of a home agent, of a mobile node and of its foreign agent; with what goes in there."""
    tunnel = Tunnel(HOME_AGENT, CARE_OF, *form)
    inward, outward = (CORRESPONDENT, HOME_ADDRESS), (HOME_ADDRESS, CORRESPONDENT)
    yield tables_of(binding(HOME_ADDRESS, tunnel)), inward
    yield tables_of(reverse_tunnel(tunnel=turned(tunnel))), outward
    yield tables_of(visitor_reverse(tunnel=turned(tunnel))), outward


def exits(form):
    """Of a mobile node, of a foreign agent and of a home agent; the tunnel, and what comes out there."""
    tunnel = Tunnel(HOME_AGENT, CARE_OF, *form)
    inward, outward = (CORRESPONDENT, HOME_ADDRESS), (HOME_ADDRESS, CORRESPONDENT)
    yield tables_of(tunnel_exit(tunnel=turned(tunnel))), tunnel, inward, 0
    yield tables_of(visitor(tunnel=turned(tunnel))), tunnel, inward, 1
    yield tables_of(reverse_exit(tunnel=tunnel)), turned(tunnel), outward, 0


@every_form
@pytest.mark.parametrize("tos", [0, 0xB8, 0xB9, 0xBA, 0xBB, 0xFF])
def test_the_type_of_service_is_seen_outside(form, tos):
    for tables, ends in entries(form):
        outcome = from_device(tables, packet(*ends, tos=tos), NOW)
        assert isinstance(outcome, Outer)
        assert decode_ipv4(outcome.packet).tos == tos


@every_form
@pytest.mark.parametrize("ttl", [1, 2, 64, 255])
def test_the_outer_ttl_is_our_own_but_for_minimal_encapsulation(form, ttl):
    for tables, ends in entries(form):
        outcome = from_device(tables, packet(*ends, ttl=ttl), NOW)
        assert isinstance(outcome, Outer)
        assert decode_ipv4(outcome.packet).ttl == (ttl if form[0] is Encapsulation.MINIMAL else 64)
        assert outcome.inner == packet(*ends, ttl=ttl), "who forwarded it has counted the hop"


@every_form
def test_nothing_without_ttl_goes_in(form):
    for tables, ends in entries(form):
        outcome = from_device(tables, packet(*ends, ttl=0), NOW)
        assert isinstance(outcome, Drop)
        assert outcome.reason is DropReason.TTL_EXPIRED


@every_form
def test_only_a_foreign_agent_counts_a_hop_at_the_exit(form):
    for tables, tunnel, ends, hops in exits(form):
        outcome = from_tunnel(tables, encapsulator(tunnel)(packet(*ends, ttl=9), 1), NOW)
        assert isinstance(outcome, Delivery)
        assert outcome.packet == packet(*ends, ttl=9 - hops)


@every_form
def test_hops_inside_are_seen_with_minimal_encapsulation_alone(form):
    for tables, tunnel, ends, hops in exits(form):
        outer = encapsulator(tunnel)(packet(*ends, ttl=9), 1)
        outer = header_repaired(outer[:8] + bytes((outer[8] - 3,)) + outer[9:])
        outcome = from_tunnel(tables, outer, NOW)
        inside = 3 if form[0] is Encapsulation.MINIMAL else 0
        assert outcome.packet == packet(*ends, ttl=9 - hops - inside)


@every_form
@pytest.mark.parametrize("outer_mark", MARKS)
@pytest.mark.parametrize("mark", MARKS)
def test_a_mark_set_inside_the_tunnel_leaves_as_rfc_6040_says(form, outer_mark, mark):
    expected = outer_mark if form[0] is Encapsulation.MINIMAL else LEAVES[mark][outer_mark]
    for tables, tunnel, ends, hops in exits(form):
        outer = encapsulator(tunnel)(packet(*ends, tos=0xB8 | mark), 1)
        # The class of service inside is the sender's, whatever the tunnel made of it.
        service = 0xB8 if form[0] is Encapsulation.MINIMAL else 0x20
        outer = header_repaired(outer[:1] + bytes((service | outer_mark,)) + outer[2:])
        outcome = from_tunnel(tables, outer, NOW)
        if expected is None:
            assert isinstance(outcome, Drop)
            assert outcome.reason is DropReason.CONGESTION
        else:
            assert outcome.packet == packet(*ends, tos=0xB8 | expected, ttl=63 - hops)


def test_a_mark_crosses_a_foreign_agent_that_encapsulates_anew():
    delivery = Tunnel(CARE_OF, HOME_ADDRESS)
    tables = tables_of(visitor_reverse(delivery=delivery))
    outer = encapsulator(turned(delivery))(packet(HOME_ADDRESS, CORRESPONDENT, tos=0xB8 | CAPABLE_0), 1)
    outer = header_repaired(outer[:1] + bytes((0xB8 | EXPERIENCED,)) + outer[2:])
    outcome = from_tunnel(tables, outer, NOW)
    assert isinstance(outcome, Outer)
    assert (outcome.packet[1], outcome.inner[1]) == (0xB8 | EXPERIENCED,) * 2
