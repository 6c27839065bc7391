"""The path under packets of every kind: it never raises, never loops, and its two directions undo each other."""

from ipaddress import IPv4Address

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.support.packets import packet, tunnelled
from tests.support.wishes import (
    CARE_OF,
    CORRESPONDENT,
    HOME_ADDRESS,
    HOME_AGENT,
    TO_CARE_OF,
    binding,
    changes,
    states,
    tunnel_exit,
)

from mobileip.dataplane.fake import FakeKernel, FakePacketPort
from mobileip.dataplane.userspace.arrivals import from_tunnel
from mobileip.dataplane.userspace.engine import UserspaceEngine
from mobileip.dataplane.userspace.outcome import Delivery, Outer
from mobileip.dataplane.userspace.path import from_device
from mobileip.dataplane.userspace.tables import PacketTables
from mobileip.forwarding.model import ForwardingChange, ForwardingState
from mobileip.forwarding.tunnel import Tunnel
from mobileip.wire.ip.ipv4 import PROTOCOL_IPIP, Ipv4Packet, encode_ipv4

NOW = 10.0
SECOND_AGENT = IPv4Address("203.0.113.9")

addresses = st.sampled_from(
    [HOME_ADDRESS, HOME_ADDRESS + 1, HOME_AGENT, CARE_OF, SECOND_AGENT, CORRESPONDENT, IPv4Address("255.255.255.255")]
) | st.integers(0, 0xFFFFFFFF).map(IPv4Address)


def _packet(payload, options_words, **fields):
    return encode_ipv4(Ipv4Packet(payload=payload, options=bytes(4 * options_words), **fields))


def packets(payload):
    return st.builds(
        _packet,
        payload,
        st.sampled_from([0, 0, 0, 1, 10]),
        source=addresses,
        destination=addresses,
        protocol=st.sampled_from([1, 4, 6, 17]) | st.integers(0, 255),
        ttl=st.sampled_from([0, 1, 2, 64, 255]),
        tos=st.integers(0, 255),
        identification=st.integers(0, 0xFFFF),
        fragment=st.sampled_from([0, 0, 0x4000, 0x2000, 0x2001, 7]) | st.integers(0, 0xFFFF),
    )


plain = packets(st.binary(max_size=64))
nested = packets(plain | st.binary(max_size=64))


@st.composite
def broken(draw):
    """A packet with some octets changed or lost."""
    octets = bytearray(draw(nested))
    for _ in range(draw(st.integers(0, 3))):
        octets[draw(st.integers(0, len(octets) - 1))] = draw(st.integers(0, 255))
    return bytes(octets[: draw(st.integers(0, len(octets)))])


anything = nested | broken() | st.binary(max_size=80)


@settings(max_examples=1000, deadline=None)
@given(states, st.lists(st.tuples(st.sampled_from("dti"), anything), max_size=6), st.integers(90, 1500))
def test_no_octets_raise_anything(state, arrivals, largest_outer):
    port = FakePacketPort(largest_outer)
    engine = UserspaceEngine("mip0", FakeKernel(), port)
    engine.apply(ForwardingState().change_to(state))
    for number, (kind, octets) in enumerate(arrivals):
        if kind == "d":
            engine.packet_from_device(octets, NOW + number)
        elif kind == "t":
            engine.packet_from_tunnel(octets, NOW + number)
        else:
            engine.icmp_packet(octets, NOW + number)


@given(states, nested)
def test_every_packet_has_one_fate(state, octets):
    """Sent, delivered, or dropped by name: as many as arrived, copies and fragments apart."""
    port = FakePacketPort(0xFFFF)
    engine = UserspaceEngine("mip0", FakeKernel(), port)
    single = [w for w in state.wishes.values() if len(getattr(w, "tunnels", ())) < 2]
    engine.apply(ForwardingChange(install=tuple(single)))
    engine.packet_from_device(octets, NOW)
    engine.packet_from_tunnel(octets, NOW)
    counters = engine.counters()
    fates = sum(v for k, v in counters.items() if k.startswith("dropped_") or k.endswith("ed_packets"))
    assert fates + counters["straight_packets"] == 2


@settings(max_examples=300, deadline=None)
@given(states, nested, st.sampled_from([HOME_AGENT, CARE_OF, SECOND_AGENT]))
def test_a_packet_that_comes_back_again_and_again_ends(state, octets, us):
    """The worst network: everything that leaves is routed back into the device, or out of a tunnel of ours."""
    port = FakePacketPort(1500)
    engine = UserspaceEngine("mip0", FakeKernel(), port)
    engine.apply(ForwardingState().change_to(state))
    engine.packet_from_device(octets, NOW)
    for _ in range(80):
        leaving, port.outer = port.outer, []
        for outer in leaving[:50]:
            if outer[16:20] == us.packed and outer[9] == PROTOCOL_IPIP:
                engine.packet_from_tunnel(outer, NOW)
            elif outer[9] == PROTOCOL_IPIP:
                engine.packet_from_device(outer, NOW)
    assert port.outer == []


@given(plain, st.integers(1, 0xFFFF))
def test_what_goes_in_comes_out(octets, identification):
    assume(octets[8] > 0 and octets[12:16] != CARE_OF.packed)
    octets = octets[:16] + HOME_ADDRESS.packed + octets[20:]
    octets = _with_checksum(octets)
    entry = PacketTables.of(ForwardingState.of([binding()]))
    exit_ = PacketTables.of(ForwardingState.of([tunnel_exit()]))
    outcome = from_device(entry, octets, NOW)
    if octets[12:16] == HOME_AGENT.packed and octets[9] == PROTOCOL_IPIP:
        assert not isinstance(outcome, Outer)
        return
    assert isinstance(outcome, Outer)
    arrived = from_tunnel(exit_, outcome.packet, NOW)
    assert isinstance(arrived, Delivery)
    assert arrived.packet == octets


def _with_checksum(octets):
    end = (octets[0] & 15) * 4
    total = int.from_bytes(octets[:10] + b"\0\0" + octets[12:end]) % 0xFFFF
    return octets[:10] + (0xFFFF - total).to_bytes(2) + octets[12:]


@given(states, st.lists(changes, max_size=5), st.lists(nested, max_size=5))
def test_tables_after_changes_are_tables_of_the_whole(start, steps, probes):
    tables, state = PacketTables.of(start), start
    for step in steps:
        tables.apply(step)
        state = state.apply(step)
        for probe in probes:  # compiles bindings, which later changes must undo
            from_device(tables, probe, NOW)
    whole = PacketTables.of(state)
    assert tables.wishes == whole.wishes
    for probe in probes:
        assert _shape(from_device(tables, probe, NOW)) == _shape(from_device(whole, probe, NOW))
        assert _shape(from_tunnel(tables, probe, NOW)) == _shape(from_tunnel(whole, probe, NOW))


def _shape(outcome):
    """An outcome without what differs between two tables: counters and Identifications."""
    match outcome:
        case Outer(leg=leg, inner=inner):
            # A broadcast may be encapsulated twice, and its inner header has an Identification of ours as well.
            return leg.end.tunnel, inner[:4] + inner[6:10] + inner[12:]
        case Delivery(packet=octets, exit=leaving):
            return octets, leaving.interface, leaving.link_address
        case _ if hasattr(outcome, "outcomes"):
            return [_shape(single) for single in outcome.outcomes]
    return outcome


def test_two_home_agents_that_send_to_each_other_end():
    """A binding to an address that another home agent tunnels back: each turn is 20 octets longer, the MTU ends it."""
    there = PacketTables.of(ForwardingState.of([binding(HOME_ADDRESS, TO_CARE_OF)]))
    back = PacketTables.of(ForwardingState.of([binding(CARE_OF, Tunnel(SECOND_AGENT, HOME_ADDRESS))]))
    octets, turns = packet(dont_fragment=True), 0
    while isinstance(outcome := from_device(there if turns % 2 == 0 else back, octets, NOW), Outer):
        octets, turns = outcome.packet, turns + 1
        if len(octets) > 1480:
            break
    assert turns <= 70
    assert len(tunnelled(octets)) > len(packet())
