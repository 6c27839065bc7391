"""What comes at once leaves at once, in its order, whatever becomes of a part of it."""

import errno

import pytest
from tests.support.offloads import apart, octets, tcp_packet, tcp_train, udp_packet, udp_train
from tests.support.packets import tunnelled
from tests.support.wishes import (
    CARE_OF,
    CORRESPONDENT,
    HOME_ADDRESS,
    HOME_AGENT,
    binding,
    reverse_exit,
    tunnel_exit,
    visitor,
)

from mobileip.dataplane.fake import FakeKernel, FakePacketPort
from mobileip.dataplane.ports import one_by_one
from mobileip.dataplane.userspace.coalesce import coalesced
from mobileip.dataplane.userspace.engine import UserspaceEngine
from mobileip.dataplane.userspace.keepalives import IDENTIFIER
from mobileip.forwarding.model import ForwardingChange
from mobileip.forwarding.tunnel import Tunnel, UdpPorts
from mobileip.wire.ip import icmp
from mobileip.wire.ip.ipv4 import Ipv4Packet, decode_ipv4, encode_ipv4

NOW = 10.0
OTHER_ADDRESS, OTHER_CARE_OF = HOME_ADDRESS + 1, CARE_OF + 1


class NotingPort(FakePacketPort):
    """Notes what is asked for at once; refuses packets that contain one of `refused`, with the errno given there."""

    def __init__(self):
        super().__init__(9000)
        self.calls = []
        self.refused = {}

    def send_outers(self, packets):
        self.calls.append(("outers", len(packets)))
        return one_by_one(packets, self.send_outer)

    def send_frames(self, interface, link_address, packets):
        self.calls.append((interface, len(packets)))
        return one_by_one(packets, lambda packet: self.send_frame(interface, link_address, packet))

    def send_ups(self, packets, *, onwards):
        self.calls.append(("onwards" if onwards else "up", len(packets)))
        return one_by_one(packets, self.send_up)

    def send_outer(self, packet):
        return self._refusal(packet) or super().send_outer(packet)

    def send_up(self, packet):
        return self._refusal(packet) or super().send_up(packet)

    def _refusal(self, packet):
        return next((number for part, number in self.refused.items() if part in packet), 0)


class Bench:
    def __init__(self, *wishes):
        self.port = NotingPort()
        self.news = []
        self.engine = UserspaceEngine("mip0", FakeKernel(), self.port, on_news=self.news.append)
        self.engine.apply(ForwardingChange(install=wishes))

    def reads(self, *packets):
        self.engine.reads_from_device([bytes(10) + packet for packet in packets], NOW)

    def receives(self, *packets):
        self.engine.packets_from_tunnel([(packet, "eth0") for packet in packets], NOW)

    def inners(self):
        return [decode_ipv4(outer).payload for outer in self.port.outer]

    def counter(self, name):
        return self.engine.counters().get(name, 0)


def to(destination, *payloads):
    return [udp_packet(payload, destination=destination) for payload in payloads]


def test_a_train_of_segments_leaves_in_one_call():
    bench = Bench(binding())
    train = tcp_train((1448,) * 40, destination=HOME_ADDRESS)
    ((up, _),) = coalesced(train, with_udp=True, verified=True)
    bench.engine.reads_from_device([up], NOW)
    assert bench.inners() == train
    assert bench.port.calls == [("outers", 40)]
    assert bench.counter("encapsulated_packets") == 40
    assert bench.counter("encapsulated_octets") == sum(map(len, train))
    assert len({decode_ipv4(outer).identification for outer in bench.port.outer}) == 40


def test_packets_for_several_nodes_leave_in_one_call_and_are_counted_for_each():
    bench = Bench(binding(), binding(OTHER_ADDRESS, Tunnel(HOME_AGENT, OTHER_CARE_OF)))
    packets = to(HOME_ADDRESS, b"1", b"2") + to(OTHER_ADDRESS, b"3") + to(HOME_ADDRESS, b"4")
    bench.reads(*packets)
    assert bench.inners() == packets
    assert bench.port.calls == [("outers", 4)]
    assert [(use.tunnel.remote, use.packets) for use in bench.engine.tunnels()] == [(CARE_OF, 3), (OTHER_CARE_OF, 1)]


def test_what_becomes_of_one_packet_does_not_change_the_order_of_the_rest():
    bench = Bench(binding())
    big = udp_packet(octets(9000), destination=HOME_ADDRESS)
    small = to(HOME_ADDRESS, b"one", b"two")
    bench.reads(small[0], udp_packet(b"no", destination=OTHER_ADDRESS), big, small[1])
    assert [decode_ipv4(inner).payload[8:] for inner in (bench.inners()[0], bench.inners()[-1])] == [b"one", b"two"]
    assert len(bench.inners()) == 4, "the big one in two pieces"
    assert bench.counter("dropped_no_binding") == 1


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_packet_that_can_not_leave_keeps_none_of_the_others(number):
    bench = Bench(binding())
    packets = to(HOME_ADDRESS, b"first", b"second", b"third")
    bench.port.refused = {(b"first", b"second", b"third")[number]: errno.ENOBUFS}
    bench.reads(*packets)
    del packets[number]
    assert bench.inners() == packets
    assert bench.counter("encapsulated_packets") == 2
    assert bench.counter("dropped_send_failed") == 1


def test_a_packet_that_is_too_big_for_its_route_goes_in_pieces_at_its_place():
    bench = Bench(binding())
    bench.port.largest_outer = 1000
    packets = to(HOME_ADDRESS, b"first", octets(1200), b"third")
    bench.reads(*packets)
    inners = bench.inners()
    assert [inners[0], inners[-1]] == [packets[0], packets[2]]
    assert [decode_ipv4(inner).is_fragment for inner in inners] == [False, True, True, False]


def test_what_comes_out_of_a_tunnel_goes_up_in_one_call():
    bench = Bench(tunnel_exit())
    train = tcp_train((1000,) * 30, destination=HOME_ADDRESS)
    bench.receives(*map(tunnelled, train))
    assert bench.port.up == train
    assert bench.port.calls == [("up", 30)]
    assert bench.counter("decapsulated_packets") == 30


def test_what_is_to_be_forwarded_is_said_to_be():
    bench = Bench(reverse_exit(CORRESPONDENT))
    sent = udp_train((50,) * 3, destination=HOME_ADDRESS)
    bench.receives(*(tunnelled(packet, CARE_OF, HOME_AGENT) for packet in sent))
    assert bench.port.up == sent
    assert bench.port.calls == [("onwards", 3)]


def test_what_is_for_a_visitor_goes_in_one_call_with_one_hop_less():
    bench = Bench(visitor())
    train = udp_train((50,) * 3, destination=HOME_ADDRESS)
    bench.receives(*map(tunnelled, train))
    assert bench.port.calls == [("eth1", 3)]
    assert [decode_ipv4(frame).ttl for _, _, frame in bench.port.frames] == [63] * 3


def test_what_our_stack_does_not_take_is_counted_and_the_rest_goes():
    bench = Bench(tunnel_exit())
    bench.port.refused = {b"second": errno.EIO}
    packets = to(HOME_ADDRESS, b"first", b"second", b"third")
    bench.receives(*map(tunnelled, packets))
    assert bench.port.up == [packets[0], packets[2]]
    assert bench.counter("decapsulated_packets") == 2
    assert bench.counter("dropped_send_failed") == 1


def test_packets_of_a_stranger_among_others_are_dropped_by_name():
    bench = Bench(tunnel_exit())
    packets = [tunnelled(packet) for packet in to(HOME_ADDRESS, b"1", b"2", b"3")]
    strange = tunnelled(to(HOME_ADDRESS, b"?")[0], OTHER_CARE_OF)
    bench.receives(packets[0], strange, *packets[1:])
    assert len(bench.port.up) == 3
    assert bench.counter("dropped_no_such_tunnel") == 1


def test_a_keepalives_answer_among_data_of_the_same_addresses_is_told():
    udp = UdpPorts(434, 434)
    there = Tunnel(CARE_OF, HOME_AGENT, udp=udp)
    bench = Bench(tunnel_exit(tunnel=there))
    encapsulate = Tunnel(HOME_AGENT, CARE_OF, udp=udp)
    home = UserspaceEngine("mip0", FakeKernel(), port := FakePacketPort())
    home.apply(ForwardingChange(install=(binding(HOME_ADDRESS, encapsulate),)))
    data = udp_train((9, 9), source=HOME_AGENT, destination=HOME_ADDRESS)
    reply = icmp.echo(False, IDENTIFIER, 5, b"")
    answer = encode_ipv4(Ipv4Packet(source=HOME_AGENT, destination=HOME_ADDRESS, protocol=1, payload=reply))
    for packet in (data[0], answer, data[1]):
        home.packet_from_device(packet, NOW)
    bench.receives(*port.outer)
    assert len(bench.news) == 1
    assert bench.port.up[::2] == data


def test_the_first_segment_of_a_connection_is_made_to_fit_among_others():
    bench = Bench(binding())
    bench.port.told_mtu = 1500
    opening = tcp_packet(b"", flags=2, options=bytes((2, 4, 5, 180)), destination=HOME_ADDRESS)
    train = tcp_train((10, 10), destination=HOME_ADDRESS)
    bench.reads(train[0], opening, train[1])
    assert bench.inners()[::2] == train
    assert int.from_bytes(bench.inners()[1][42:44]) == 1440


def test_nothing_that_came_is_nothing_that_leaves():
    bench = Bench(binding())
    bench.reads()
    bench.receives()
    assert bench.port.calls == []
    bench.engine.reads_from_device([b"short"], NOW)
    assert bench.counter("dropped_truncated") == 1


def test_what_leaves_at_once_comes_apart_at_the_other_end():
    bench, there = Bench(binding()), Bench(tunnel_exit())
    train = tcp_train((1400,) * 9, destination=HOME_ADDRESS)
    bench.reads(*train)
    there.receives(*bench.port.outer)
    assert apart(coalesced(there.port.up, with_udp=True, verified=False)) == train
