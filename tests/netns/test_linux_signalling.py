"""Signalling by real sockets.

    node:  x (192.0.2.77/24 where a test says so) ---- y  agent (frames of any kind)
           r (198.51.100.7/24) ---- s (198.51.100.1/24)  router (kernel sockets)
           mip0 (10.1.0.10/32)

`x` is a link that is heard by packet socket, `r` is not.
"""

import asyncio
import errno
import socket
import struct
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from ipaddress import IPv4Address
from typing import Any

import pytest
from tests.support.capture import BROADCAST, Wire, is_arp
from tests.support.netns import Namespace, namespace, veth

from mobileip.agents.events import Arrival
from mobileip.agents.foreign.undelivered import code_of
from mobileip.agents.outputs import Departure
from mobileip.linux.errors import PortOccupied
from mobileip.linux.links import multicast_link_address
from mobileip.linux.signalling import Heard, Receivers, Signalling
from mobileip.linux.tun import TunnelDevice
from mobileip.linux.udp import SignallingSocket
from mobileip.linux.watch import LinkWatch
from mobileip.wire.errors import DecodeError
from mobileip.wire.ip.icmp import encode as encode_icmp
from mobileip.wire.ip.ipv4 import PROTOCOL_ICMP, PROTOCOL_UDP, Ipv4Packet, decode_ipv4, encode_ipv4
from mobileip.wire.ip.udp import decode_udp, encode_udp
from mobileip.wire.numbers import ReplyCode

pytestmark = [pytest.mark.netns, pytest.mark.no_engine]

PATIENCE = 10
HOME = IPv4Address("10.1.0.10")
FOREIGN = IPv4Address("203.0.113.9")
"""A source that the node's routes lead elsewhere, or nowhere."""
ROUTER = IPv4Address("198.51.100.1")
AGENT, CARE_OF = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.77")
EVERYONE = IPv4Address("255.255.255.255")
ALL_SYSTEMS, ALL_AGENTS = IPv4Address("224.0.0.1"), IPv4Address("224.0.0.11")


class Node:
    """Watch and signalling of one daemon; everything that they tell goes into one queue as (what, ...)."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[tuple[Any, ...]] = asyncio.Queue()
        self.watch = LinkWatch(
            "mip0",
            0,
            on_link=lambda link: self.signalling.link_changed(link.name, link.index),
            on_link_removed=self._removed,
            on_ours_changed=lambda: None,
        )
        receivers = Receivers(
            on_messages=self._messages,
            on_discovery=lambda heard: self.told.put_nowait(("discovery", heard)),
            on_router=lambda *what: self.told.put_nowait(("router", *what)),
            on_undecodable=self._undecodable,
            on_delivery_failed=lambda *what: self.told.put_nowait(("failed", *what)),
        )
        self.signalling = Signalling(("x",), self.watch, receivers, visiting_links=("x",))

    async def __aenter__(self) -> "Node":
        self.signalling.start()
        await self.watch.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.watch.stop()
        self.signalling.stop()

    def _removed(self, name: str) -> None:
        self.signalling.link_removed(name)
        self.told.put_nowait(("removed", name))

    def _messages(self, batch: Sequence[Heard]) -> None:
        for heard in batch:
            self.told.put_nowait(("message", heard))

    def _undecodable(self, error: DecodeError, arrival: Arrival, octets: bytes) -> None:
        self.told.put_nowait(("undecodable", error.reason.value, arrival.source, octets))

    async def hears(self) -> tuple[Any, ...]:
        return await asyncio.wait_for(self.told.get(), PATIENCE)

    async def message(self) -> Heard:
        what, heard = await self.hears()
        assert what == "message"
        assert isinstance(heard, Heard)
        return heard


@pytest.fixture(params=[0, 1, 2], ids=lambda value: f"rp_filter={value}")
def here(request: pytest.FixtureRequest) -> Iterator[Namespace]:
    with namespace() as made:
        for scope in ("all", "default"):
            made.sysctl(f"net/ipv4/conf/{scope}/rp_filter", str(request.param))
        with made.entered():
            yield made


@pytest.fixture
def agent(here: Namespace) -> Iterator[Namespace]:
    with namespace() as made:
        veth(here, "x", made, "y")
        yield made


@pytest.fixture
def router(here: Namespace) -> Iterator[Namespace]:
    with namespace() as made:
        veth(here, "r", made, "s")
        here.ip("address add 198.51.100.7/24 dev r")
        made.ip("address add 198.51.100.1/24 dev s")
        yield made


@pytest.fixture
async def node(here: Namespace, agent: Namespace, router: Namespace) -> AsyncIterator[Node]:
    device = TunnelDevice("mip0", 1480)
    here.ip(f"address add {HOME}/32 dev mip0")
    async with Node() as made:
        yield made
    device.close()


@pytest.fixture
def wire(agent: Namespace) -> Iterator[Wire]:
    with Wire(agent, "y") as opened:
        yield opened


def datagram(
    payload: bytes, destination: IPv4Address, *, ports: tuple[int, int] = (434, 434), source: IPv4Address = FOREIGN
) -> bytes:
    content = encode_udp(source, destination, *ports, payload)
    return packet(content, destination, PROTOCOL_UDP, source=source)


def packet(
    content: bytes,
    destination: IPv4Address,
    protocol: int,
    *,
    source: IPv4Address = FOREIGN,
    ttl: int = 255,
    fragment: int = 0,
) -> bytes:
    return encode_ipv4(
        Ipv4Packet(
            source=source,
            destination=destination,
            protocol=protocol,
            payload=content,
            ttl=ttl,
            fragment=fragment,
        )
    )


async def test_messages_to_us_are_heard_whatever_their_source_and_our_addresses(
    node: Node, wire: Wire, here: Namespace
) -> None:
    to_us = here.link_address("x")
    for destination, link_destination in (
        (EVERYONE, BROADCAST),
        (ALL_AGENTS, multicast_link_address(ALL_AGENTS)),
        (HOME, to_us),  # an address of another interface of ours
    ):
        wire.send(datagram(b"request", destination), destination=link_destination)
        assert await node.message() == Heard(
            b"request",
            Arrival(
                interface="x",
                source=FOREIGN,
                destination=destination,
                source_port=434,
                destination_port=434,
                ttl=255,
                link_source=wire.link_address,
            ),
        )


async def test_a_subnet_broadcast_and_a_new_address_of_the_link_are_ours(
    node: Node, wire: Wire, here: Namespace
) -> None:
    here.ip("address add 192.0.2.77/24 dev x")
    while CARE_OF not in node.watch.local_addresses:
        await asyncio.sleep(0)
    for destination in (CARE_OF, IPv4Address("192.0.2.255")):
        wire.send(datagram(b"request", destination))
        assert (await node.message()).arrival.destination == destination
    # The UDP socket has heard them too: they are not told twice.
    wire.send(datagram(b"last", CARE_OF, source=AGENT))
    assert (await node.message()).octets == b"last"


async def test_what_a_links_own_socket_hears_wakes_nobody_else(
    node: Node, wire: Wire, here: Namespace, router: Namespace
) -> None:
    udp = node.signalling._udp  # what it gets is the question
    asyncio.get_running_loop().remove_reader(udp.fileno())
    here.ip("address add 192.0.2.77/24 dev x")
    while CARE_OF not in node.watch.local_addresses:
        await asyncio.sleep(0)
    for number in range(2):
        wire.send(datagram(bytes((number,)), CARE_OF, source=AGENT))
        assert (await node.message()).octets == bytes((number,))
    with router.entered():
        peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with peer:
        peer.sendto(b"by another link", ("198.51.100.7", 434))
    while not (found := list(udp.datagrams(10))):
        await asyncio.sleep(0)
    assert [datagram.payload for datagram in found] == [b"by another link"]


async def test_what_is_not_for_us_is_not_heard(node: Node, wire: Wire, here: Namespace) -> None:
    to_us = here.link_address("x")
    wire.send(datagram(b"to another host", EVERYONE), destination=b"\x02\0\0\0\0\x55")
    wire.send(datagram(b"to be forwarded", IPv4Address("198.51.100.99")), destination=to_us)
    wire.send(datagram(b"another port", HOME, ports=(434, 435)), destination=to_us)
    wire.send(packet(encode_icmp(8, 0, 0, b"echo"), HOME, PROTOCOL_ICMP), destination=to_us)
    wire.send(datagram(b"for us", HOME), destination=to_us)
    assert (await node.message()).octets == b"for us"
    assert node.told.empty()


async def test_a_reply_to_a_home_address_that_it_assigns_is_heard(node: Node, wire: Wire, here: Namespace) -> None:
    assigned, to_us = IPv4Address("10.1.0.200"), here.link_address("x")
    reply = datagram(b"\3 a reply", assigned)
    wire.send(reply, destination=b"\x02\0\0\0\0\x55")
    wire.send(reply, destination=BROADCAST)
    wire.send(reply, destination=to_us)
    heard = await node.message()
    assert (heard.octets, heard.arrival.destination) == (b"\3 a reply", assigned)
    assert heard.arrival.link_source == wire.link_address
    wire.send(datagram(b"for us", HOME), destination=to_us)
    assert (await node.message()).octets == b"for us", "once, and by nobody else's frame"


async def test_octets_that_are_no_message_are_told_by_name(node: Node, wire: Wire) -> None:
    good = datagram(b"request", EVERYONE)
    damaged = good[:-1] + b"!"
    without_checksum = good[:26] + b"\0\0" + good[28:]
    first_fragment = packet(good[20:], EVERYONE, PROTOCOL_UDP, fragment=0x2000)
    later_fragment = packet(good[20:], EVERYONE, PROTOCOL_UDP, fragment=0x0008)
    for octets in (damaged, first_fragment, later_fragment, without_checksum):
        wire.send(octets)
    assert await node.hears() == ("undecodable", "bad_checksum", FOREIGN, damaged)
    assert await node.hears() == ("undecodable", "fragment", FOREIGN, first_fragment)
    assert (await node.message()).octets == b"request"


async def test_router_discovery_is_heard_with_its_ttl(node: Node, wire: Wire) -> None:
    for kind, destination in ((9, ALL_SYSTEMS), (10, EVERYONE)):
        icmp = encode_icmp(kind, 0, 0, b"")
        wire.send(packet(icmp, destination, PROTOCOL_ICMP, ttl=1), destination=BROADCAST)
        what, heard = await node.hears()
        assert what == "discovery"
        assert heard.octets == icmp
        assert heard.arrival.ttl == 1
        assert (heard.arrival.interface, heard.arrival.link_source) == ("x", wire.link_address)


async def test_a_datagram_whose_checksum_the_kernel_left_to_the_hardware(node: Node, agent: Namespace) -> None:
    # A veth's sender leaves the checksum unfinished; PACKET_AUXDATA tells.
    agent.ip("address add 192.0.2.1/24 dev y")
    with agent.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sender.bind(("192.0.2.1", 434))
        sender.sendto(b"advertised to all", ("192.0.2.255", 434))
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"y")
        sender.sendto(b"to everyone", ("255.255.255.255", 434))
    heard = await node.message()
    assert heard.octets == b"to everyone"
    assert heard.arrival.source == AGENT


def dhcp_answer(router: IPv4Address) -> bytes:
    return (
        bytes((2, 1, 6, 0)) + bytes(232) + b"\x63\x82\x53\x63" + b"\x35\x01\x05" + b"\x03\x04" + router.packed + b"\xff"
    )


async def test_a_router_that_answers_dhcp_has_told_its_link_layer_address(
    node: Node, wire: Wire, here: Namespace
) -> None:
    leased = IPv4Address("192.0.2.50")  # not ours yet
    to_us = here.link_address("x")
    server_elsewhere = datagram(dhcp_answer(IPv4Address("192.0.2.2")), leased, ports=(67, 68), source=AGENT)
    wire.send(server_elsewhere, destination=to_us)
    wire.send(datagram(dhcp_answer(AGENT)[:200], leased, ports=(67, 68), source=AGENT), destination=to_us)
    wire.send(datagram(dhcp_answer(AGENT), leased, ports=(67, 68), source=AGENT), destination=to_us)
    assert await node.hears() == ("router", "x", AGENT, wire.link_address)
    assert node.told.empty()


async def test_a_message_as_a_frame_needs_no_address_no_route_and_no_arp(node: Node, wire: Wire) -> None:
    departure = Departure(
        destination=AGENT, source=HOME, source_port=1434, interface="x", link_destination=wire.link_address, ttl=255
    )
    assert node.signalling.send(b"a request", departure) == 0
    frames = wire.until(lambda frame: b"a request" in frame)
    assert not any(map(is_arp, frames))
    assert frames[-1][:6] == wire.link_address
    sent = decode_ipv4(frames[-1][14:])
    assert (sent.source, sent.destination, sent.ttl) == (HOME, AGENT, 255)
    content = decode_udp(sent.payload, sent.source, sent.destination)
    assert (content.source_port, content.destination_port, content.payload) == (1434, 434, b"a request")


async def test_discovery_and_announcements_as_frames(node: Node, wire: Wire, here: Namespace) -> None:
    icmp = encode_icmp(10, 0, 0, b"")
    departure = Departure(
        destination=IPv4Address("224.0.0.2"), interface="x", link_destination=b"\x01\0\x5e\0\0\x02", ttl=1
    )
    assert node.signalling.send_icmp(icmp, departure) == 0
    sent = decode_ipv4(wire.until(lambda frame: frame[:6] == b"\x01\0\x5e\0\0\x02")[-1][14:])
    assert (sent.source, sent.protocol, sent.ttl, sent.payload) == (IPv4Address(0), PROTOCOL_ICMP, 1, icmp)

    for given, expected in ((None, here.link_address("x")), (b"\x02\0\0\0\0\x44", b"\x02\0\0\0\0\x44")):
        assert node.signalling.announce("x", HOME, given) == 0
        frame = wire.until(lambda frame: is_arp(frame, 1))[-1]
        # RFC 5944 §4.6: a gratuitous ARP request, sender and target both the address, to everybody.
        assert frame[:6] == BROADCAST
        assert frame[14:] == (
            struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + expected + HOME.packed + bytes(6) + HOME.packed
        )

    inner = packet(b"for a visitor", HOME, 253)
    assert node.signalling.send_frame("x", wire.link_address, inner) == 0
    assert wire.until(lambda frame: b"for a visitor" in frame)[-1][14:] == inner


async def test_what_can_not_leave_says_why(node: Node) -> None:
    anywhere = Departure(destination=EVERYONE, interface="gone", link_destination=BROADCAST)
    assert node.signalling.send(b"", anywhere) == errno.ENODEV
    assert node.signalling.send_icmp(b"", anywhere) == errno.ENODEV
    assert node.signalling.announce("gone", HOME, None) == errno.ENODEV
    assert node.signalling.send_frame("gone", BROADCAST, b"") == errno.ENODEV
    assert node.signalling.send(b"", Departure(destination=AGENT, interface="gone")) == errno.ENODEV
    assert node.signalling.send(b"", Departure(destination=FOREIGN)) == errno.ENETUNREACH


async def test_over_a_routed_path_by_udp(node: Node, router: Namespace) -> None:
    with router.entered():
        peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with peer:
        peer.settimeout(PATIENCE)
        peer.bind(("198.51.100.1", 434))
        peer.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 33)
        peer.sendto(b"a request", ("198.51.100.7", 434))
        heard = await node.message()
        assert heard == Heard(
            b"a request",
            Arrival(
                interface="r",
                source=IPv4Address("198.51.100.1"),
                destination=IPv4Address("198.51.100.7"),
                source_port=434,
                destination_port=434,
                ttl=33,
            ),
        )
        peer.setsockopt(socket.IPPROTO_IP, 12, 1)  # IP_RECVTTL
        # Answered from the address that was asked, though the route would give another.
        reply = Departure(destination=IPv4Address("198.51.100.1"), source=HOME, ttl=77)
        assert node.signalling.send(b"a reply", reply) == 0
        payload, ancillary, _, source = peer.recvmsg(100, 100)
        assert (payload, source) == (b"a reply", (str(HOME), 434))
        assert struct.unpack("=i", ancillary[0][2]) == (77,)


async def test_icmp_errors_do_not_stop_the_socket(node: Node, router: Namespace) -> None:
    for _ in range(3):
        assert node.signalling.send(b"nobody listens", Departure(destination=ROUTER, destination_port=9)) == 0
    with router.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.sendto(b"still there?", ("198.51.100.7", 434))
    while (told := await node.hears())[0] == "failed":
        assert told == ("failed", ROUTER, 3, 3, b"nobody listens")
    assert (told[0], told[1].octets) == ("message", b"still there?")


async def test_a_closed_port_is_told_with_what_was_sent(node: Node, router: Namespace) -> None:
    assert node.signalling.send(b"a request", Departure(destination=ROUTER)) == 0
    what, destination, icmp_type, icmp_code, octets = await node.hears()
    assert (what, destination, octets) == ("failed", ROUTER, b"a request")
    assert code_of(icmp_type, icmp_code) == ReplyCode.FA_HOME_AGENT_PORT_UNREACHABLE


@pytest.mark.parametrize(
    ("route", "code"),
    [
        (None, ReplyCode.FA_HOME_NETWORK_UNREACHABLE),
        ("unreachable", ReplyCode.FA_HOME_AGENT_HOST_UNREACHABLE),
        ("prohibit", ReplyCode.FA_HOME_AGENT_UNREACHABLE),
    ],
)
async def test_what_a_router_says_of_a_route(
    node: Node, here: Namespace, router: Namespace, route: str | None, code: ReplyCode
) -> None:
    here.ip(f"route add {FOREIGN} via {ROUTER}")
    router.sysctl("net/ipv4/ip_forward", "1")
    if route is not None:
        router.ip(f"route add {route} {FOREIGN}")
    assert node.signalling.send(b"a request", Departure(destination=FOREIGN)) == 0
    what, destination, icmp_type, icmp_code, octets = await node.hears()
    assert (what, destination, octets) == ("failed", FOREIGN, b"a request")
    assert code_of(icmp_type, icmp_code) == code


async def test_where_no_route_leads_is_told_like_that(node: Node) -> None:
    assert node.signalling.send(b"a request", Departure(destination=FOREIGN)) == errno.ENETUNREACH
    what, destination, icmp_type, icmp_code, octets = await node.hears()
    assert (what, destination, octets) == ("failed", FOREIGN, b"a request")
    assert code_of(icmp_type, icmp_code) == ReplyCode.FA_HOME_NETWORK_UNREACHABLE


async def test_a_home_agent_and_a_foreign_agent_in_one_daemon_meet_on_loopback(node: Node) -> None:
    own = IPv4Address("198.51.100.7")
    assert node.signalling.send(b"relayed", Departure(destination=own, source=own)) == 0
    heard = await node.message()
    assert (heard.arrival.interface, heard.arrival.source, heard.octets) == ("lo", own, b"relayed")


async def test_a_burst_comes_whole_and_in_order(node: Node, wire: Wire) -> None:
    for number in range(500):
        wire.send(datagram(b"%d" % number, EVERYONE))
    assert [int((await node.message()).octets) for _ in range(500)] == list(range(500))


async def test_a_link_that_vanishes_and_comes_again(node: Node, here: Namespace, agent: Namespace, wire: Wire) -> None:
    here.ip("link delete x")
    assert await node.hears() == ("removed", "x")
    assert node.signalling.announce("x", HOME, None) == errno.ENODEV
    veth(here, "x", agent, "y")
    await _until(lambda: "x" in node.watch.links())
    with Wire(agent, "y") as anew:
        anew.send(datagram(b"again", EVERYONE))
        assert (await node.message()).octets == b"again"


async def test_a_link_that_was_down_is_heard_again(node: Node, here: Namespace, agent: Namespace, wire: Wire) -> None:
    here.ip("link set x down")
    await _until(lambda: not node.watch.links()["x"].carrier)
    here.ip("link set x up")
    await _until(lambda: node.watch.links()["x"].carrier)
    wire.send(datagram(b"again", EVERYONE))
    assert (await node.message()).octets == b"again"


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0)


async def test_an_occupied_port_is_one_clear_line(node: Node) -> None:
    with pytest.raises(PortOccupied, match="UDP port 434 is in use") as caught:
        SignallingSocket()
    assert caught.value.hint == "is another Mobile IP daemon running here?"
