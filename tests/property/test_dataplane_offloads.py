"""What comes at once is treated as the same packets are one by one: the same octets leave, in the same order, and the
same is counted. And what is made one is taken apart again into what it was.
"""

import struct

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.offloads import ACK, CWR, FIN, PSH, SYN, apart, octets, tcp_packet, tcp_train, together, udp_train
from tests.support.wishes import CARE_OF, CORRESPONDENT, HOME_ADDRESS, HOME_AGENT, LATER, VISITOR_LINK_ADDRESS, turned

from mobileip.dataplane.fake import FakeKernel, FakePacketPort
from mobileip.dataplane.userspace.encapsulate import encapsulator
from mobileip.dataplane.userspace.engine import UserspaceEngine
from mobileip.forwarding.model import (
    BindingRoute,
    ForwardingChange,
    LinkHop,
    ReverseExit,
    ReverseTunnel,
    TunnelExit,
    VisitorReverse,
    VisitorRoute,
)
from mobileip.forwarding.tunnel import Encapsulation, GreOptions, Tunnel, UdpPorts
from mobileip.wire.ip.checksum import word_sum
from mobileip.wire.ip.ipv4 import Ipv4Packet, decode_ipv4, encode_ipv4

NOW = 10.0
PORTS = UdpPorts(434, 434)
OTHER_CARE_OF = CARE_OF + 1
MSS = bytes((2, 4, 5, 180))

FORMS = [
    {"encapsulation": encapsulation, "udp": udp, "gre": gre}
    for encapsulation in Encapsulation
    for udp in (None, PORTS)
    for gre in (
        (GreOptions(), GreOptions(7, 8), GreOptions(with_sequence=True), GreOptions(with_checksum=True))
        if encapsulation is Encapsulation.GRE
        else (GreOptions(),)
    )
]
forms = st.sampled_from(FORMS)

sizes = (
    st.tuples(st.integers(1, 1460), st.integers(1, 50), st.integers(1, 1460))
    .map(lambda found: (found[0],) * found[1] + (min(found[0], found[2]),))
    .filter(lambda found: sum(found) < 65_000)
)
fields = st.fixed_dictionaries(
    {
        "source": st.just(CORRESPONDENT),
        "destination": st.sampled_from(
            [HOME_ADDRESS, HOME_ADDRESS, HOME_ADDRESS, HOME_ADDRESS + 1, HOME_AGENT, CARE_OF]
        ),
        "tos": st.sampled_from([0, 0, 1, 3, 0xB8]),
        "ttl": st.sampled_from([64, 64, 1, 0]),
        "fragment": st.sampled_from([0x4000, 0x4000, 0]),
        "identification": st.integers(0, 0xFFFF),
    }
)


def unfinished(whole, offset):
    pseudo = word_sum(whole[12:20] + struct.pack("!HH", whole[9], len(whole) - 20))
    return whole[: 20 + offset] + pseudo.to_bytes(2) + whole[22 + offset :]


@st.composite
def trains_of_tcp(draw):
    """A train as it is read from the device, and the segments that it stands for, made one by one."""
    found, headers = draw(sizes), draw(fields)
    sequence, last = draw(st.integers(0, 0xFFFFFFFF)), draw(st.sampled_from([ACK, ACK | PSH, ACK | FIN]))
    payload = b"".join(octets(size, number) for number, size in enumerate(found))
    whole = tcp_packet(payload, sequence, flags=last, **headers)
    read = struct.pack("=BBHHHH", 1, 1, 52, found[0], 20, 16) + unfinished(whole, 16)
    return read, tcp_train(found, sequence, last=last, **headers)


@st.composite
def trains_of_udp(draw):
    found, headers = draw(sizes.filter(lambda found: len(found) <= 64)), draw(fields)
    payload = b"".join(octets(size, number) for number, size in enumerate(found))
    (whole,) = udp_train((len(payload),), **headers)
    whole = unfinished(whole[:28] + payload, 6)
    return struct.pack("=BBHHHH", 1, 5, 28, found[0], 20, 6) + whole, udp_train(found, **headers)


@st.composite
def single_packets(draw):
    headers, payload = draw(fields), draw(st.binary(max_size=200))
    if draw(st.booleans()):
        found = tcp_packet(payload, flags=draw(st.sampled_from([ACK, SYN, ACK | CWR])), options=MSS, **headers)
    else:
        protocol = draw(st.sampled_from([1, 4, 17, 17, 47]))
        found = encode_ipv4(Ipv4Packet(payload=payload, protocol=protocol, **headers))
    found = found[: draw(st.sampled_from([len(found)] * 5 + [10, 19, 20, 21]))]
    return bytes(10) + found, [found]


def runs_of(packets):
    """The same several times over: most of what comes at once is alike."""
    return st.lists(st.tuples(packets, st.integers(1, 4)), max_size=6).map(
        lambda found: [packet for packet, times in found for _ in range(times)]
    )


batches = runs_of(trains_of_tcp() | trains_of_udp() | single_packets() | single_packets())


def engines(*wishes, largest=1500):
    """Two that are alike, each with its port."""
    made = []
    for _ in range(2):
        port = FakePacketPort(largest)
        news = []
        engine = UserspaceEngine("mip0", FakeKernel(), port, on_news=news.append)
        engine.apply(ForwardingChange(install=wishes))
        # What the route takes is known: the first packet that it refuses would use up a number (see below).
        engine.packet_from_device(udp_train((2000,), destination=HOME_ADDRESS, fragment=0x4000)[0], NOW)
        made.append((engine, port, news))
    return made


def assert_alike(one, other):
    (engine, port, news), (its_engine, its_port, its_news) = one, other
    assert (port.outer, port.frames, port.up, news) == (its_port.outer, its_port.frames, its_port.up, its_news)
    assert engine.counters() == its_engine.counters()
    assert engine.tunnels() == its_engine.tunnels()


@settings(max_examples=200, deadline=None)
@given(batches, st.lists(forms, min_size=1, max_size=2), st.sampled_from([1500, 1500, 65_535, 1400, 600]))
def test_what_is_read_at_once_leaves_as_it_would_one_by_one(batch, chosen, largest):
    ends = zip((CARE_OF, OTHER_CARE_OF), chosen, strict=False)
    tunnels = tuple(Tunnel(local=HOME_AGENT, remote=remote, **form) for remote, form in ends)
    wish = BindingRoute(home_address=HOME_ADDRESS, tunnels=tunnels, expires_at=LATER)
    at_once, one_by_one = engines(wish, largest=largest)
    at_once[0].reads_from_device([read for read, _ in batch], NOW)
    for _, segments in batch:
        for segment in segments:
            one_by_one[0].packet_from_device(segment, NOW)
    assert_alike(at_once, one_by_one)


@settings(max_examples=100, deadline=None)
@given(batches, forms, st.booleans())
def test_so_it_is_with_what_a_mobile_node_sends(batch, form, as_frames):
    hop = LinkHop(interface="eth1", link_address=VISITOR_LINK_ADDRESS) if as_frames else None
    tunnel = Tunnel(local=CARE_OF, remote=HOME_AGENT, **form)
    wish = ReverseTunnel(home_address=CORRESPONDENT, tunnel=tunnel, expires_at=LATER, hop=hop)
    at_once, one_by_one = engines(wish)
    at_once[0].reads_from_device([read for read, _ in batch], NOW)
    for _, segments in batch:
        for segment in segments:
            one_by_one[0].packet_from_device(segment, NOW)
    assert_alike(at_once, one_by_one)


@settings(max_examples=60, deadline=None)
@given(sizes, forms, st.sampled_from([0, 0x4000]))
def test_a_route_that_proves_to_be_narrow_loses_nothing_that_it_would_not_lose_one_by_one(found, form, fragment):
    """The numbers of the outer headers differ: all packets of a train have theirs when the first one is refused."""
    tunnel = Tunnel(local=HOME_AGENT, remote=CARE_OF, **form)
    wish = BindingRoute(home_address=HOME_ADDRESS, tunnels=(tunnel,), expires_at=LATER)
    train = udp_train(found[:64], destination=HOME_ADDRESS, fragment=fragment)
    ports = [FakePacketPort(600) for _ in range(2)]
    at_once, one_by_one = (UserspaceEngine("mip0", FakeKernel(), port) for port in ports)
    for engine in (at_once, one_by_one):
        engine.apply(ForwardingChange(install=(wish,)))
    at_once.reads_from_device([bytes(10) + segment for segment in train], NOW)
    for segment in train:
        one_by_one.packet_from_device(segment, NOW)
    assert [len(outer) for outer in ports[0].outer] == [len(outer) for outer in ports[1].outer]
    assert at_once.counters() == one_by_one.counters()
    far, its_port = engines(TunnelExit(home_address=HOME_ADDRESS, tunnel=turned(tunnel), expires_at=LATER))[0][:2]
    far.packets_from_tunnel([(outer, None) for outer in ports[0].outer if decode_ipv4(outer).protocol != 1], NOW)
    assert "dropped_out_of_order" not in far.counters()
    assert len(its_port.up) == at_once.counters()["encapsulated_packets"]


@st.composite
def arrivals(draw):
    """Tunnel packets and their interfaces; some are damaged or belong to nobody."""
    form = draw(forms)
    tunnel = Tunnel(local=HOME_AGENT, remote=CARE_OF, **form)
    encapsulate, number = encapsulator(tunnel), 0
    found = []
    for _, segments in draw(batches):
        interface = draw(st.sampled_from(["eth0", "eth0", "eth1", None]))
        for segment in segments:
            if len(segment) < 20 or len(segment) > 1500:
                continue
            outer = encapsulate(segment, number)
            number = (number + 1) & 0xFFFF
            found.append((outer, interface))
    for at in draw(st.lists(st.integers(0, max(0, len(found) - 1)), max_size=4)) if found else ():
        outer, interface = found[at]
        place, bits = draw(st.integers(0, min(len(outer), 70) - 1)), draw(st.integers(1, 255))
        found[at] = outer[:place] + bytes((outer[place] ^ bits,)) + outer[place + 1 :], interface
    return form, found


@settings(max_examples=300, deadline=None)
@given(arrivals(), st.sampled_from(["own", "visitor", "reverse", "onwards"]))
def test_what_is_received_at_once_goes_on_as_it_would_one_by_one(received, kind):
    form, packets = received
    there = turned(Tunnel(local=HOME_AGENT, remote=CARE_OF, **form))
    onwards = Tunnel(local=CARE_OF, remote=OTHER_CARE_OF)
    wish = {
        "own": TunnelExit(home_address=HOME_ADDRESS, tunnel=there, expires_at=LATER),
        "visitor": VisitorRoute(
            home_address=HOME_ADDRESS,
            tunnel=there,
            interface="eth1",
            link_address=VISITOR_LINK_ADDRESS,
            expires_at=LATER,
        ),
        "reverse": ReverseExit(home_address=CORRESPONDENT, tunnel=there, expires_at=LATER),
        "onwards": VisitorReverse(
            home_address=CORRESPONDENT,
            tunnel=onwards,
            interface="eth0",
            link_address=VISITOR_LINK_ADDRESS,
            delivery=there,
            expires_at=LATER,
        ),
    }[kind]
    at_once, one_by_one = engines(wish)
    at_once[0].packets_from_tunnel(packets, NOW)
    for outer, interface in packets:
        one_by_one[0].packet_from_tunnel(outer, NOW, interface)
    assert_alike(at_once, one_by_one)


@settings(max_examples=200, deadline=None)
@given(batches, st.booleans(), st.booleans())
def test_what_is_made_one_comes_apart_again(batch, verified, with_udp):
    packets = [segment for _, segments in batch for segment in segments if len(segment) >= 20]
    ups = together(packets, with_udp=with_udp, verified=verified)
    assert apart(ups) == packets
    assert sum(number for _, number in ups) == len(packets)
