"""Real packets on the fast path: what they look like on the wire, and which ways they take."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from ipaddress import IPv4Address
from random import Random

import pytest
from tests.support.eventually import eventually
from tests.support.netns import Namespace
from tests.support.tunnel_ends import (
    CARE_OF,
    CORRESPONDENT,
    HOME_ADDRESS,
    HOME_AGENT,
    VISITED_LINK,
    World,
    end,
    of_foreign_agent,
    of_home_agent,
    of_mobile_node,
    of_network,
    packets,
    plain_namespace,
    visit,
    without_offloads,
    world,
)
from tests.support.wishes import turned

from mobileip.forwarding.tunnel import Encapsulation, GreOptions, Tunnel, UdpPorts
from mobileip.lab.capture import Capture, Frame, Place
from mobileip.wire.ip.checksum import is_valid
from mobileip.wire.ip.ipv4 import Ipv4Packet, decode_ipv4

pytestmark = [pytest.mark.netns, pytest.mark.no_engine]

MTU = 1500
ETHERNET = 14
DONT_FRAGMENT, TCP, SYN = 0x4000, 6, 2
OCTETS = 2 << 20
IP_MTU_DISCOVER, NEVER, ALWAYS = 10, 0, 2
TUNNELS = {
    "ipip": Tunnel(HOME_AGENT, CARE_OF),
    "gre": Tunnel(HOME_AGENT, CARE_OF, Encapsulation.GRE, GreOptions(sent_key=7, received_key=8)),
    "udp": Tunnel(HOME_AGENT, CARE_OF, udp=UdpPorts(434, 434)),
    "minimal": Tunnel(HOME_AGENT, CARE_OF, Encapsulation.MINIMAL),
}
HEADERS = {"ipip": 20, "gre": 28, "udp": 32, "minimal": 20}
"""Octets in front of an inner packet; minimal encapsulation is not for what travels as one (GSO)."""


@pytest.fixture
def there() -> Iterator[World]:
    with world() as made:
        yield made


@contextmanager
def captured(*places: tuple[Namespace, str]) -> Iterator[Capture]:
    made = (Place(node=where.name, interface=interface, namespace=where.name) for where, interface in places)
    with Capture(made) as capture:
        yield capture


def download(
    server: Namespace, source: IPv4Address, client: Namespace, destination: IPv4Address, fragmented: int = ALWAYS
) -> None:
    """TCP from one to the other, whole. `fragmented`: whether its packets have DF."""
    content = Random(OCTETS).randbytes(OCTETS)
    with client.entered():
        listener = socket.create_server((str(destination), 6001))
    with server.entered():
        sender = socket.socket()
    with listener, sender:
        for one in (listener, sender):
            one.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, fragmented)
            one.settimeout(20.0)
        sender.bind((str(source), 0))
        sender.connect((str(destination), 6001))
        receiver, _ = listener.accept()
        with receiver:
            receiver.settimeout(20.0)
            thread = threading.Thread(target=lambda: (sender.sendall(content), sender.shutdown(socket.SHUT_WR)))
            thread.start()
            digest = sha256()
            while octets := receiver.recv(1 << 20):
                digest.update(octets)
            thread.join()
    assert digest.digest() == sha256(content).digest()


def meet(there: World) -> None:
    """The neighbours on the way are known afterwards: until then a connection's first packet is for user space."""
    there.correspondent.run("ping", "-n", "-q", "-c1", "-i0.2", "-w10", str(HOME_ADDRESS))


def came(capture: Capture, where: Namespace, interface: str) -> list[Frame]:
    """IPv4 frames that others sent, at one place."""
    return [
        frame
        for frame in capture.frames
        if (frame.place.node, frame.place.interface) == (where.name, interface)
        and not frame.outgoing
        and frame.ether_type == 0x0800
    ]


def are_whole_segments(segments: list[bytes]) -> None:
    """IPv4 packets with TCP in them: lengths and checksums."""
    for octets in segments:
        packet = decode_ipv4(octets)
        assert len(packet.payload) + 20 == len(octets)
        pseudo = packet.source.packed + packet.destination.packed + struct.pack("!HH", TCP, len(packet.payload))
        assert is_valid(pseudo + packet.payload)


def are_identified(outers: list[Ipv4Packet], *, all_of_them: bool) -> None:
    """Who may be fragmented has a number of its own; with DF it means nothing (RFC 6864 §4.1). `all_of_them`: DF."""
    assert {packet.fragment for packet in outers} <= {0, DONT_FRAGMENT}
    numbered = [packet.identification for packet in outers if not packet.fragment]
    assert len(numbered) < 2 if all_of_them else len(numbered) > OCTETS // MTU
    first = min(numbered, default=0)
    # Two processors' trains may overtake each other.
    assert sorted(numbered) == list(range(first, first + len(numbered))), "consecutive"


def travelled_as_one(frames: list[Frame]) -> bool:
    return any(frame.length > 2 * MTU for frame in frames)


def is_slow(*machines: Namespace) -> bool:
    """Whether user space had something of all that passed."""
    return any(packets(where) != (0, 0) for where in machines)


FORMS = [
    pytest.param(form, fragmented, id=f"{form}-{name}")
    for form in TUNNELS
    for fragmented, name in ((ALWAYS, "DF"), (NEVER, "noDF"))
    if (form, fragmented) != ("minimal", NEVER)
]


@pytest.mark.parametrize(("form", "fragmented"), FORMS)
def test_segments_are_right_where_links_do_not_segment(there: World, form: str, fragmented: int) -> None:
    """A mobile node with a co-located care-of address downloads and uploads: what comes as one packet to the home agent
    leaves it as many, towards the tunnel and out of it."""
    without_offloads(there.home_agent, "h0", "h1")
    tunnel = TUNNELS[form]
    with end(there.home_agent) as agent, end(there.far) as node:
        agent.wish(of_network(), *of_home_agent(tunnel))
        node.wish(*of_mobile_node(turned(tunnel)))
        meet(there)
        places = ((there.home_agent, "h0"), (there.home_agent, "h1"), (there.router, "r0"), (there.correspondent, "c0"))
        with captured(*places) as capture:
            download(there.correspondent, CORRESPONDENT, there.far, HOME_ADDRESS, fragmented)
            download(there.far, HOME_ADDRESS, there.correspondent, CORRESPONDENT, fragmented)
        assert not is_slow(there.home_agent, there.far)
    assert travelled_as_one(came(capture, there.home_agent, "h0"))
    assert travelled_as_one(came(capture, there.home_agent, "h1"))
    outers = came(capture, there.router, "r0")
    assert max(frame.length for frame in outers) == ETHERNET + MTU
    assert [int.from_bytes(frame.payload[2:4]) for frame in outers] == [len(frame.payload) for frame in outers]
    # In UDP DF is set whatever the packet says (RFC 3519 §4.8).
    are_identified([decode_ipv4(f.payload) for f in outers], all_of_them=fragmented == ALWAYS or form == "udp")
    if form == "udp":
        assert {int.from_bytes(f.payload[24:26]) + 20 - len(f.payload) for f in outers} == {0}
    if form != "minimal":
        are_whole_segments([frame.payload[HEADERS[form] :] for frame in outers])
    are_whole_segments([frame.payload for frame in came(capture, there.correspondent, "c0")])


@pytest.mark.parametrize("form", ["ipip", "gre", "udp"])
def test_a_visitor_gets_segments_where_its_link_does_not_segment(there: World, form: str) -> None:
    tunnel = TUNNELS[form]
    with plain_namespace() as visitor:
        address = visit(there.far, visitor)
        without_offloads(there.far, VISITED_LINK)
        with end(there.home_agent) as agent, end(there.far, served=VISITED_LINK) as foreign:
            agent.wish(of_network(), *of_home_agent(tunnel))
            foreign.wish(*of_foreign_agent(turned(tunnel), address))
            meet(there)
            with captured((there.far, "e0"), (visitor, "m0")) as capture:
                download(there.correspondent, CORRESPONDENT, visitor, HOME_ADDRESS)
                download(visitor, HOME_ADDRESS, there.correspondent, CORRESPONDENT)
            assert not is_slow(there.home_agent, there.far)
        assert travelled_as_one(came(capture, there.far, "e0"))
        segments = came(capture, visitor, "m0")
        assert {frame.source for frame in segments} == {there.far.link_address(VISITED_LINK)}
        assert max(frame.length for frame in segments) <= ETHERNET + MTU
        are_whole_segments([frame.payload for frame in segments])


def segment_sizes(tcp_packets: list[bytes]) -> set[int]:
    """The maximum segment sizes that connections begin with; it is the first option that Linux writes."""
    headers = [decode_ipv4(octets).payload for octets in tcp_packets]
    return {int.from_bytes(header[22:24]) for header in headers if header[13] & SYN and header[20:22] == b"\2\4"}


def test_connections_begin_with_segments_that_fit_a_path_whichever_end_begins(there: World) -> None:
    """A router with a smaller MTU has told; what the path takes counts for both directions."""
    there.router.ip("link set r1 mtu 1400")
    tunnel = TUNNELS["ipip"]
    with end(there.home_agent) as agent, end(there.far) as node:
        agent.wish(of_network(), *of_home_agent(tunnel))
        node.wish(*of_mobile_node(turned(tunnel)))
        meet(there)
        ping = ("ping", "-n", "-c1", "-w1", "-M", "do", "-s", "1440", str(HOME_ADDRESS))
        there.correspondent.run("sh", "-c", f"{' '.join(ping)} || true")
        eventually(lambda: agent.do(lambda machine: machine.engine.path_mtu(tunnel, 0.0)) == 1400)
        meet(there)  # news for the sender of the next packet, if there are, are user space's
        passed = packets(there.home_agent)
        with captured((there.router, "r0"), (there.correspondent, "c0")) as capture:
            download(there.correspondent, CORRESPONDENT, there.far, HOME_ADDRESS)
            download(there.far, HOME_ADDRESS, there.correspondent, CORRESPONDENT)
        assert packets(there.home_agent) == passed, "by the fast path"
    inner = [frame.payload[HEADERS["ipip"] :] for frame in came(capture, there.router, "r0")]
    outside = [frame.payload for frame in came(capture, there.correspondent, "c0")]
    assert segment_sizes(inner) == segment_sizes(outside) == {1400 - 20 - 40}
