"""Every form of tunnel: what goes in at one end comes out at the other, and nothing that another sent does."""

from ipaddress import IPv4Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.packets import packet
from tests.support.wishes import (
    CARE_OF,
    CORRESPONDENT,
    FORMS,
    HOME_ADDRESS,
    HOME_AGENT,
    binding,
    tunnel_exit,
    turned,
    visitor,
)

from mobileip.dataplane.fake import FakeKernel, FakePacketPort
from mobileip.dataplane.userspace.arrivals import from_tunnel
from mobileip.dataplane.userspace.encapsulate import encapsulator
from mobileip.dataplane.userspace.engine import UserspaceEngine
from mobileip.dataplane.userspace.openings import Opened, opened, quoted_inner
from mobileip.dataplane.userspace.outcome import Answer, Delivery, Drop, Outer
from mobileip.dataplane.userspace.path import from_device
from mobileip.dataplane.userspace.tables import PacketTables
from mobileip.dataplane.userspace.tunnel_errors import from_inside
from mobileip.forwarding.drop_reason import DropReason
from mobileip.forwarding.model import ForwardingChange, ForwardingState
from mobileip.forwarding.tunnel import Encapsulation, GreOptions, Tunnel, UdpPorts
from mobileip.wire.ip import icmp, minimal
from mobileip.wire.ip.ipv4 import MORE_FRAGMENTS, decode_ipv4

NOW = 10.0
PROTOCOLS = {Encapsulation.IPIP: 4, Encapsulation.MINIMAL: 55, Encapsulation.GRE: 47}

every_form = pytest.mark.parametrize("form", FORMS, ids=str)


def tables_of(*wishes):
    return PacketTables.of(ForwardingState.of(wishes))


def entered(form, octets):
    """`octets` behind the outer headers that our entry of such a tunnel makes."""
    outcome = from_device(tables_of(binding(HOME_ADDRESS, Tunnel(HOME_AGENT, CARE_OF, *form))), octets, NOW)
    assert isinstance(outcome, Outer)
    return outcome.packet


def left(form, outer):
    """What our exit of such a tunnel makes of an outer packet."""
    return from_tunnel(tables_of(tunnel_exit(tunnel=turned(Tunnel(HOME_AGENT, CARE_OF, *form)))), outer, NOW)


@pytest.mark.requirement("R2004-3-d", "R2784-3-a", "R3519-3.3-b", "R3519-4.3-a")
@every_form
@settings(max_examples=100)
@given(data=st.data())
def test_what_goes_in_comes_out(form, data):
    octets = packet(
        size=data.draw(st.integers(0, 1400)),
        ttl=data.draw(st.integers(1, 255)),
        tos=data.draw(st.integers(0, 63)) << 2,
        dont_fragment=data.draw(st.booleans()),
        options=bytes(4 * data.draw(st.sampled_from([0, 0, 1, 10]))),
        fragment=data.draw(st.sampled_from([0, 0, MORE_FRAGMENTS, 17])),
    )
    arrived = left(form, entered(form, octets))
    assert isinstance(arrived, Delivery)
    assert arrived.packet == octets


@pytest.mark.requirement("R2004-3-b", "R2004-3-c")
@given(
    source=st.sampled_from([CORRESPONDENT, HOME_AGENT]),
    ttl=st.integers(0, 255),
    tos=st.integers(0, 255),
    size=st.integers(0, 1400),
    dont_fragment=st.booleans(),
    options=st.sampled_from([b"", bytes(4)]),
)
def test_minimal_encapsulation_is_that_of_the_wire(source, options, **fields):
    octets = packet(source, options=options, **fields)
    expected = minimal.encapsulate(octets, HOME_AGENT.packed, CARE_OF.packed)
    assert encapsulator(Tunnel(HOME_AGENT, CARE_OF, Encapsulation.MINIMAL))(octets, 5) == expected
    assert len(expected) - len(octets) == (8 if source == HOME_AGENT else 12)


@pytest.mark.requirement("R3519-3.3-a")
@every_form
def test_the_outer_headers_say_what_was_agreed(form):
    encapsulation, gre, udp = form
    outer = decode_ipv4(entered(form, packet(tos=0xB8)))
    assert (outer.source, outer.destination, outer.tos) == (HOME_AGENT, CARE_OF, 0xB8)
    overhead = len(outer.payload) + 20 - len(packet())
    assert overhead <= Tunnel(HOME_AGENT, CARE_OF, *form).overhead
    assert overhead == Tunnel(HOME_AGENT, CARE_OF, *form).overhead - 8 * (encapsulation is Encapsulation.MINIMAL)
    if udp is None:
        assert outer.protocol == PROTOCOLS[encapsulation]
    else:
        assert outer.protocol == 17
        ports_and_length = (udp.local << 16 | udp.remote).to_bytes(4) + len(outer.payload).to_bytes(2)
        assert outer.payload[:6] == ports_and_length
        assert outer.payload[8:12] == bytes((4, PROTOCOLS[encapsulation], 0, 0))
    if gre.with_sequence:
        start = 0 if udp is None else 12
        assert outer.payload[start : start + 2] == b"\xb0\x00", "checksum, key and number"


@every_form
def test_no_other_form_is_taken_out(form):
    outer = entered(form, packet())
    for other in FORMS:
        # By the numbers of a GRE tunnel the other end is not told whether to send some itself.
        alike = other[0] is form[0] and other[2] == form[2] and other[1].sent_key == form[1].sent_key
        outcome = left(other, outer)
        is_lawful = alike or (
            form[0] is Encapsulation.IPIP and other[0] is Encapsulation.MINIMAL and form[2] == other[2]
        )
        assert isinstance(outcome, Delivery) is is_lawful, (other, outcome)


@pytest.mark.requirement("R2004-3-a")
def test_a_fragment_goes_by_ip_in_ip_where_minimal_encapsulation_was_agreed():
    form = (Encapsulation.MINIMAL, GreOptions(), None)
    outer = entered(form, packet(fragment=MORE_FRAGMENTS))
    assert outer[9] == 4
    arrived = left(form, outer)
    assert isinstance(arrived, Delivery)
    assert arrived.packet == packet(fragment=MORE_FRAGMENTS)


@pytest.mark.requirement("R3519-3.3-c", "R3519-3.3-d", "R3024-4.3.2-d")
def test_another_encapsulation_between_the_same_ends_is_dropped_by_name():
    ipip, minimal, gre = ((encapsulation, GreOptions(), UdpPorts(434, 434)) for encapsulation in Encapsulation)
    for agreed, came in ((ipip, minimal), (ipip, gre), (gre, ipip), (minimal, gre)):
        outcome = left(agreed, entered(came, packet()))
        assert isinstance(outcome, Drop)
        assert outcome.reason is DropReason.WRONG_ENCAPSULATION


@pytest.mark.requirement("R2890-2.2-a", "R2890-2.2-b", "R2890-2.2-c")
def test_numbered_packets_that_are_late_are_dropped():
    form = (Encapsulation.GRE, GreOptions(with_sequence=True), None)
    encapsulate = encapsulator(Tunnel(HOME_AGENT, CARE_OF, *form))
    first, second, third = (encapsulate(packet(size=size), 1) for size in (1, 2, 3))
    assert first[24:28] == bytes(4), "the first number is 0"
    exit_ = tables_of(tunnel_exit(tunnel=turned(Tunnel(HOME_AGENT, CARE_OF, *form))))
    outcomes = [from_tunnel(exit_, outer, NOW) for outer in (first, third, second, third)]
    assert [isinstance(outcome, Delivery) for outcome in outcomes] == [True, True, False, False]
    assert outcomes[2].reason is DropReason.OUT_OF_ORDER


@pytest.mark.parametrize(("last", "begins"), [(999, False), (1000, False), (1001, True), (0x7FFFFFFF, True)])
def test_another_end_that_begins_to_count_anew_is_believed_when_no_packet_could_be_so_late(last, begins):
    tunnel = Tunnel(HOME_AGENT, CARE_OF, Encapsulation.GRE, GreOptions(with_sequence=True))
    tables = tables_of(tunnel_exit(tunnel=turned(tunnel)))
    tables.ends.of(turned(tunnel)).sequence_heard = last
    outcomes = [from_tunnel(tables, octets, NOW) for octets in map(encapsulator(tunnel), [packet()] * 2, (1, 2))]
    assert [isinstance(outcome, Delivery) for outcome in outcomes] == [begins] * 2


def test_a_renewal_goes_on_counting():
    form = (Encapsulation.GRE, GreOptions(with_sequence=True), None)
    tunnel = Tunnel(HOME_AGENT, CARE_OF, *form)
    tables = tables_of(binding(HOME_ADDRESS, tunnel))
    first = from_device(tables, packet(), NOW)
    tables.put({binding().key: binding(HOME_ADDRESS, tunnel, expires_at=5e8)})
    second = from_device(tables, packet(), NOW)
    assert [int.from_bytes(outcome.packet[24:28]) for outcome in (first, second)] == [0, 1]


@pytest.mark.requirement("R2890-1-b")
def test_what_is_late_is_counted():
    tunnel = Tunnel(HOME_AGENT, CARE_OF, Encapsulation.GRE, GreOptions(with_sequence=True))
    first, second = (encapsulator(tunnel)(packet(), 1), encapsulator(tunnel)(packet(), 2))
    engine = UserspaceEngine("mip0", FakeKernel(), FakePacketPort())
    engine.apply(ForwardingChange(install=(tunnel_exit(tunnel=turned(tunnel)),)))
    engine.packet_from_tunnel(first, NOW)
    engine.packet_from_tunnel(second, NOW)
    assert engine.counters()["dropped_out_of_order"] == 1


@every_form
@pytest.mark.requirement("R2003-3.2-c", "R2003-3.2-d", "R2004-4-a")
@pytest.mark.parametrize(("source", "destination"), [(CARE_OF, HOME_ADDRESS), (CORRESPONDENT, CARE_OF)])
def test_what_has_been_in_a_tunnel_does_not_go_into_it_again(form, source, destination):
    tables = tables_of(binding(destination, Tunnel(HOME_AGENT, CARE_OF, *form)))
    outcome = from_device(tables, packet(source, destination), NOW)
    assert isinstance(outcome, Drop)
    assert outcome.reason is DropReason.TUNNEL_LOOP


@every_form
@pytest.mark.requirement("R2004-5-a", "R2003-4.1-f", "R2003-5.1-a", "R2003-5.1-b")
def test_a_router_that_a_tunnel_packet_was_too_big_for_is_heard(form):
    tunnel = Tunnel(HOME_AGENT, CARE_OF, *form)
    tables = tables_of(binding(HOME_ADDRESS, tunnel))
    octets = packet(size=1200, dont_fragment=True)
    outer = from_device(tables, octets, NOW).packet
    router = IPv4Address("203.0.113.77")
    told = from_inside(
        tables, packet(router, HOME_AGENT, protocol=1, payload=icmp.fragmentation_needed(1000, outer[:128])), NOW
    )
    assert (told.kind, told.code, told.mtu) == (3, 4, 1000 - tunnel.overhead)
    assert told.original[12:20] == octets[12:20]
    again = from_device(tables, octets, NOW)
    assert isinstance(again, Answer)
    assert again.mtu == 1000 - tunnel.overhead


@pytest.mark.requirement("R3519-4.8-a", "R3519-4.8-b")
@pytest.mark.parametrize("form", [form for form in FORMS if form[2] is not None], ids=str)
def test_in_udp_a_packet_is_fragmented_before_and_never_after(form):
    tables = tables_of(binding(HOME_ADDRESS, Tunnel(HOME_AGENT, CARE_OF, *form)))
    path = tables.ends.of(Tunnel(HOME_AGENT, CARE_OF, *form)).path
    tables.binding(HOME_ADDRESS.packed)
    path.mtu, path.mtu_until = 600, NOW + 1
    outers = [decode_ipv4(one.packet) for one in from_device(tables, packet(size=1200), NOW).outcomes]
    assert len(outers) > 2
    assert all(not outer.is_fragment and len(outer.payload) + 20 <= 600 for outer in outers)
    pieces = [left(form, one.packet).packet for one in from_device(tables, packet(size=1200), NOW).outcomes]
    assert all(decode_ipv4(piece).is_fragment for piece in pieces)
    if form[0] is not Encapsulation.MINIMAL:
        whole = decode_ipv4(entered(form, packet()))
        assert whole.dont_fragment, "no router fragments it either"


@pytest.mark.requirement("R2784-3.1-b")
def test_a_visitor_gets_what_came_by_gre_with_one_hop_less():
    tunnel = Tunnel(HOME_AGENT, CARE_OF, Encapsulation.GRE)
    outcome = from_tunnel(tables_of(visitor(tunnel=turned(tunnel))), encapsulator(tunnel)(packet(ttl=9), 1), NOW)
    assert decode_ipv4(outcome.packet).ttl == 8


@pytest.mark.requirement("R2784-3.1-c")
def test_what_is_for_the_encapsulator_itself_is_discarded():
    tunnel = Tunnel(HOME_AGENT, CARE_OF, Encapsulation.GRE)
    tables = tables_of(tunnel_exit(HOME_AGENT, turned(tunnel)))
    outcome = from_tunnel(tables, encapsulator(tunnel)(packet(CORRESPONDENT, HOME_AGENT), 1), NOW)
    assert isinstance(outcome, Drop)
    assert outcome.reason is DropReason.TO_TUNNEL_END


@pytest.mark.requirement("R2784-2.4-a", "R3024-A.2-a")
def test_gre_with_anything_but_ipv4_is_dropped():
    outer = bytearray(entered((Encapsulation.GRE, GreOptions(), None), packet()))
    outer[22:24] = b"\x86\xdd"
    assert opened(bytes(outer)).reason is DropReason.NO_SUCH_TUNNEL


@every_form
def test_what_is_cut_or_changed_has_a_name(form):
    outer = entered(form, packet(size=40))
    for length in range(len(outer)):
        assert isinstance(opened(outer[:length]), Drop)
    for at in range(20, len(outer) - 60):
        changed = outer[:at] + bytes((outer[at] ^ 0xFF,)) + outer[at + 1 :]
        outcome = left(form, changed)
        assert isinstance(outcome, Drop | Delivery)


def test_what_is_too_short_for_its_lengths():
    form = (Encapsulation.IPIP, GreOptions(), UdpPorts(434, 434))
    outer = bytearray(entered(form, packet()))
    outer[24:26] = (0xFFFF).to_bytes(2)
    assert opened(bytes(outer)).reason is DropReason.NO_SUCH_TUNNEL
    outer[24:26] = (8).to_bytes(2)
    assert opened(bytes(outer)).reason is DropReason.NO_SUCH_TUNNEL


def test_minimal_encapsulation_in_udp_has_the_length_that_udp_tells():
    outer = bytearray(entered((Encapsulation.MINIMAL, GreOptions(), UdpPorts(434, 434)), packet()))
    outer[24:26] = (int.from_bytes(outer[24:26]) - 1).to_bytes(2)
    assert opened(bytes(outer)).reason is DropReason.BAD_LENGTH


def test_signalling_and_other_udp_is_no_tunnel():
    for kind, following in ((1, 4), (4, 17)):
        message = b"\x01\xb2\x01\xb2\0\x20\0\0" + bytes((kind, following)) + bytes(22)
        outcome = opened(packet(HOME_AGENT, CARE_OF, payload=message))
        assert outcome.reason is DropReason.NO_SUCH_TUNNEL


def test_padding_behind_the_inner_packet_is_left_out():
    outer = packet(HOME_AGENT, CARE_OF, protocol=4, payload=packet() + b"padding!")
    found = opened(outer)
    assert isinstance(found, Opened)
    assert found.octets[found.start : found.end] == packet()


@every_form
def test_an_icmp_error_quotes_enough_of_the_inner_packet(form):
    inner = packet(dont_fragment=True)
    quoted = quoted_inner(entered(form, inner)[:96])
    assert quoted[2:4] == inner[2:4]
    assert quoted[12:20] == inner[12:20]
    assert quoted[20:28] == inner[20:28]


def test_an_icmp_error_that_quotes_too_little():
    for form in FORMS:
        quoted = quoted_inner(entered(form, packet())[:28])
        assert len(quoted) < 28
    assert quoted_inner(packet(CORRESPONDENT, CARE_OF, protocol=6)) == b""
