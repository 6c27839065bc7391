"""Which socket hears and sends what, on sockets that a test fills; tests/netns has real ones.

`x` is a link that is heard by packet socket, `r` is not.
"""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from ipaddress import IPv4Address
from typing import Any

import pytest

from mobileip.agents.events import Arrival, Link
from mobileip.agents.outputs import Departure
from mobileip.dataplane.ports import one_by_one
from mobileip.linux import signalling as module
from mobileip.linux.links import BROADCAST_LINK_ADDRESS, ETH_P_ARP, ETH_P_IP, Frame, gratuitous_arp
from mobileip.linux.signalling import BATCH, Heard, Receivers, Signalling
from mobileip.linux.udp import Datagram, Failure
from mobileip.wire.errors import DecodeReason
from mobileip.wire.ip.ipv4 import PROTOCOL_ICMP, PROTOCOL_UDP, Ipv4Packet, decode_ipv4, encode_ipv4
from mobileip.wire.ip.udp import decode_udp, encode_udp

OWN, BROADCAST = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.255")
PEER, HOME = IPv4Address("192.0.2.77"), IPv4Address("10.1.0.10")
EVERYONE, ALL_AGENTS = IPv4Address("255.255.255.255"), IPv4Address("224.0.0.11")
ELSEWHERE = IPv4Address("203.0.113.9")
MAC, OWN_MAC = b"\x02\0\0\0\0\x10", b"\x02\0\0\0\0\x01"
REPLY = b"\3 a reply"
ROUTER_ANSWER = bytes((2, 1, 6, 0)) + bytes(232) + b"\x63\x82\x53\x63" + b"\x03\x04" + PEER.packed + b"\xff"


class Wakeable:
    """Something that the loop watches: it is ready as soon as it was given something."""

    def __init__(self) -> None:
        self._near, self._far = socket.socketpair()
        self._near.setblocking(False)
        self.waiting: list[Any] = []
        self.sent: list[tuple[Any, ...]] = []
        self.answer = 0
        self.is_closed = False

    def give(self, *what: Any) -> None:
        self.waiting += what
        self._far.send(b"!")

    def take(self, limit: int) -> Iterator[Any]:
        assert limit == BATCH
        self._near.recv(100)
        taken, self.waiting = self.waiting[:limit], self.waiting[limit:]
        yield from taken

    def fileno(self) -> int:
        return self._near.fileno()

    def close(self) -> None:
        self.is_closed = True
        self._near.close()
        self._far.close()


class FakeUdp(Wakeable):
    port = 434
    datagrams = Wakeable.take

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[Failure] = []
        self.left_out: list[int] = []

    def leave_out(self, interfaces: Sequence[int]) -> None:
        self.left_out = list(interfaces)

    def failures(self, limit: int) -> Iterator[Failure]:
        assert limit == BATCH
        taken, self.errors = self.errors, []
        yield from taken

    def send(self, payload: bytes, destination: IPv4Address, port: int, **how: Any) -> int:
        self.sent.append((payload, destination, port, how))
        return self.answer


class FakeLink(Wakeable):
    frames = Wakeable.take

    def __init__(self, interface: str, index: int) -> None:
        super().__init__()
        self.interface = interface
        self.index = index

    def send(self, packet: bytes, link_destination: bytes, protocol: int = ETH_P_IP) -> int:
        self.sent.append((packet, link_destination, protocol))
        return self.answer

    def send_all(self, packets: Sequence[bytes], link_destination: bytes) -> tuple[int, int]:
        return one_by_one(packets, lambda packet: self.send(packet, link_destination))


class Watch:
    """What a `LinkWatch` knows."""

    def __init__(self) -> None:
        self.local_addresses = {OWN}
        self.broadcast_addresses = {BROADCAST}

    def links(self) -> dict[str, Link]:
        return {"x": Link(name="x", index=3, carrier=True, link_address=OWN_MAC)}

    def name_of(self, index: int) -> str | None:
        return {3: "x", 4: "r"}.get(index)


class Node:
    """Signalling of one daemon; everything that it tells is in `told`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.udp = FakeUdp()
        self.indexes = {"x": 3, "r": 4}
        self.opened: list[FakeLink] = []
        self.told: list[tuple[Any, ...]] = []
        monkeypatch.setattr(module, "SignallingSocket", lambda: self.udp)
        monkeypatch.setattr(module, "LinkSocket", self._open)
        monkeypatch.setattr(module.socket, "if_nametoindex", self._index)
        receivers = Receivers(
            on_messages=lambda batch: self.told.append(("messages", *batch)),
            on_discovery=lambda heard: self.told.append(("discovery", heard)),
            on_router=lambda *what: self.told.append(("router", *what)),
            on_undecodable=lambda error, arrival, octets: self.told.append(
                ("undecodable", error.reason, arrival, octets)
            ),
            on_delivery_failed=lambda *what: self.told.append(("failed", *what)),
        )
        self.signalling = Signalling(("x",), Watch(), receivers, visiting_links=("x",))  # type: ignore[arg-type] - a fake

    @property
    def link(self) -> FakeLink:
        return self.opened[-1]

    async def hears(self) -> tuple[Any, ...]:
        """The next thing that it tells."""
        async with asyncio.timeout(10):
            while not self.told:
                await asyncio.sleep(0)
        return self.told.pop(0)

    def _index(self, name: str) -> int:
        if name not in self.indexes:
            raise OSError("no interface with this name")
        return self.indexes[name]

    def _open(self, name: str) -> FakeLink:
        self.opened.append(FakeLink(name, self._index(name)))
        return self.link


@pytest.fixture
async def node(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Node]:
    made = Node(monkeypatch)
    made.signalling.start()
    made.signalling.link_changed("x", 3)
    yield made
    made.signalling.stop()
    assert made.udp.is_closed
    assert all(link.is_closed for link in made.opened)


def frame(
    payload: bytes,
    destination: IPv4Address = OWN,
    *,
    protocol: int = PROTOCOL_UDP,
    ports: tuple[int, int] = (40434, 434),
    fragment: int = 0,
    checksum_ready: bool = True,
    to_us: bool = True,
) -> Frame:
    if protocol == PROTOCOL_UDP:
        payload = encode_udp(PEER, destination, *ports, payload)
    packet = Ipv4Packet(
        source=PEER, destination=destination, protocol=protocol, payload=payload, ttl=33, fragment=fragment
    )
    return Frame(encode_ipv4(packet), MAC, checksum_ready, to_us)


def datagram(payload: bytes, interface: int, source: IPv4Address = PEER) -> Datagram:
    return Datagram(payload, source, 40434, OWN, interface, 33)


def arrival(**fields: Any) -> Arrival:
    defaults = {"interface": "x", "source": PEER, "destination": OWN, "ttl": 33, "link_source": MAC}
    return Arrival(**(defaults | {"source_port": 40434, "destination_port": 434} | fields))


# -- what is heard by packet sockets


async def test_messages_of_a_link_come_in_one_batch_with_the_senders_link_layer_address(node: Node) -> None:
    node.link.give(frame(b"one"), frame(b"two", EVERYONE))
    assert await node.hears() == (
        "messages",
        Heard(b"one", arrival()),
        Heard(b"two", arrival(destination=EVERYONE)),
    )


@pytest.mark.requirement("R5944-2.3-c")
@pytest.mark.parametrize("destination", [OWN, BROADCAST, EVERYONE, ALL_AGENTS])
async def test_what_is_for_us(node: Node, destination: IPv4Address) -> None:
    node.link.give(frame(b"request", destination))
    assert await node.hears() == ("messages", Heard(b"request", arrival(destination=destination)))


async def test_what_is_for_others_or_for_no_port_of_ours_is_not_told(node: Node) -> None:
    node.link.give(frame(b"theirs", ELSEWHERE), frame(b"no message", ports=(434, 9)))
    node.link.give(frame(b"icmp", ELSEWHERE, protocol=PROTOCOL_ICMP), frame(b"ours"))
    assert await node.hears() == ("messages", Heard(b"ours", arrival()))


async def test_a_reply_that_assigns_the_home_address_goes_to_what_is_not_ours_yet(node: Node) -> None:
    node.link.give(frame(REPLY, HOME, to_us=False), frame(REPLY, HOME, ports=(434, 9)), frame(b"\1 no reply", HOME))
    node.link.give(frame(REPLY, HOME, protocol=PROTOCOL_ICMP), frame(REPLY, HOME))
    assert await node.hears() == ("messages", Heard(REPLY, arrival(destination=HOME)))
    # Where an agent listens too, others' Replies are to be forwarded.
    node.signalling.visiting_links = frozenset()
    node.link.give(frame(REPLY, HOME), frame(b"ours"))
    assert await node.hears() == ("messages", Heard(b"ours", arrival()))


async def test_router_discovery_is_told_at_once(node: Node) -> None:
    node.link.give(frame(b"an advertisement", EVERYONE, protocol=PROTOCOL_ICMP))
    told = arrival(destination=EVERYONE, source_port=0, destination_port=0)
    assert await node.hears() == ("discovery", Heard(b"an advertisement", told))


async def test_a_router_that_answers_dhcp_tells_its_link_layer_address(node: Node) -> None:
    # To an address that the node does not have yet; an answer that names another router tells nothing.
    node.link.give(frame(ROUTER_ANSWER.replace(PEER.packed, OWN.packed), ELSEWHERE, ports=(67, 68)))
    node.link.give(frame(ROUTER_ANSWER, ELSEWHERE, ports=(67, 68)))
    assert await node.hears() == ("router", "x", PEER, MAC)


async def test_octets_that_are_no_packet_are_told_and_do_not_stop_the_rest(node: Node) -> None:
    broken = frame(b"cut")._replace(packet=b"\x45\x00")
    fragment = frame(b"part", fragment=0x2000)
    node.link.give(broken, fragment, frame(b"whole"))
    what, reason, where, octets = await node.hears()
    assert (what, reason, octets) == ("undecodable", DecodeReason.TRUNCATED, b"\x45\x00")
    assert (where.source, where.link_source) == (IPv4Address(0), MAC)
    what, reason, where, octets = await node.hears()
    assert (what, reason, octets) == ("undecodable", DecodeReason.FRAGMENT, fragment.packet)
    assert (where.source, where.destination) == (PEER, OWN)
    assert await node.hears() == ("messages", Heard(b"whole", arrival()))


async def test_a_checksum_that_nobody_has_filled_in_is_not_judged(node: Node) -> None:
    sound = frame(b"request")
    wrong = sound.packet[:26] + b"\x12\x34" + sound.packet[28:]
    node.link.give(Frame(wrong, MAC, True), Frame(wrong, MAC, False))
    what, reason, _, _ = await node.hears()
    assert (what, reason) == ("undecodable", DecodeReason.BAD_CHECKSUM)
    assert await node.hears() == ("messages", Heard(b"request", arrival()))


# -- what is heard by UDP


async def test_datagrams_of_other_links_are_heard_by_udp(node: Node) -> None:
    node.udp.give(datagram(b"routed", 4), datagram(b"of a link just gone", 99))
    told = arrival(interface="r", link_source=None)
    assert await node.hears() == (
        "messages",
        Heard(b"routed", told),
        Heard(b"of a link just gone", arrival(interface="", link_source=None)),
    )


async def test_what_a_packet_socket_hears_is_not_heard_twice(node: Node) -> None:
    node.udp.give(datagram(b"again", 3))
    node.udp.give(datagram(b"from ourselves", 3, source=OWN))
    told = arrival(interface="lo", source=OWN, link_source=None)
    assert await node.hears() == ("messages", Heard(b"from ourselves", told))


async def test_a_batch_without_anything_new_tells_nothing(node: Node) -> None:
    node.udp.give(datagram(b"again", 3))
    async with asyncio.timeout(10):
        while node.udp.waiting:
            await asyncio.sleep(0)
    assert node.told == []


# -- links that come and go


async def test_a_link_is_opened_once_and_anew_when_it_was_made_again(node: Node) -> None:
    node.signalling.link_changed("x", 3)
    node.signalling.link_changed("r", 4)  # none of ours
    assert [link.index for link in node.opened] == [3]
    assert node.udp.left_out == [3]
    node.indexes["x"] = 8
    node.signalling.link_changed("x", 8)
    assert [link.index for link in node.opened] == [3, 8]
    assert node.opened[0].is_closed
    assert node.udp.left_out == [8]
    node.link.give(frame(b"again"))
    assert (await node.hears())[1].octets == b"again"


async def test_a_link_that_is_gone_again_is_no_error(node: Node) -> None:
    node.signalling.link_removed("x")
    assert node.udp.left_out == []
    node.signalling.link_removed("x")
    del node.indexes["x"]
    node.signalling.link_changed("x", 9)
    assert len(node.opened) == 1
    assert node.signalling.send_frame("x", MAC, b"") == errno.ENODEV


# -- what leaves


async def test_a_message_as_a_frame(node: Node) -> None:
    where = Departure(destination=PEER, source=OWN, destination_port=40434, interface="x", link_destination=MAC, ttl=9)
    assert [node.signalling.send(b"reply", where) for _ in range(2)] == [0, 0]
    packets = [decode_ipv4(packet) for packet, _, _ in node.link.sent]
    assert {link_address for _, link_address, _ in node.link.sent} == {MAC}
    assert [(p.source, p.destination, p.ttl) for p in packets] == [(OWN, PEER, 9)] * 2
    assert packets[0].identification != packets[1].identification
    udp = decode_udp(packets[0].payload, OWN, PEER)
    assert (udp.source_port, udp.destination_port, udp.payload) == (434, 40434, b"reply")


async def test_a_frame_of_a_node_without_address(node: Node) -> None:
    where = Departure(destination=ALL_AGENTS, interface="x", link_destination=MAC, ttl=1)
    assert node.signalling.send(b"request", where) == 0
    assert node.signalling.send_icmp(b"a solicitation", where) == 0
    first, second = (decode_ipv4(packet) for packet, _, _ in node.link.sent)
    assert (first.source, second.source) == (IPv4Address(0), IPv4Address(0))
    assert (second.protocol, second.payload) == (PROTOCOL_ICMP, b"a solicitation")


async def test_a_message_by_a_route(node: Node) -> None:
    where = Departure(destination=PEER, source=HOME, destination_port=40434, interface="r", ttl=9)
    assert node.signalling.send(b"reply", where) == 0
    assert node.signalling.send(b"request", Departure(destination=PEER)) == 0
    assert node.udp.sent == [
        (b"reply", PEER, 40434, {"source": HOME, "interface": 4, "ttl": 9}),
        (b"request", PEER, 434, {"source": None, "interface": 0, "ttl": 64}),
    ]


async def test_an_announcement_of_ours_and_one_for_a_node_that_has_come_home(node: Node) -> None:
    assert node.signalling.announce("x", HOME, None) == 0
    assert node.signalling.announce("x", HOME, MAC) == 0
    assert node.link.sent == [
        (gratuitous_arp(HOME, OWN_MAC), BROADCAST_LINK_ADDRESS, ETH_P_ARP),
        (gratuitous_arp(HOME, MAC), BROADCAST_LINK_ADDRESS, ETH_P_ARP),
    ]


async def test_a_packet_for_a_visitor(node: Node) -> None:
    node.link.answer = errno.ENOBUFS
    assert node.signalling.send_frame("x", MAC, b"packet") == errno.ENOBUFS
    assert node.link.sent == [(b"packet", MAC, ETH_P_IP)]
    node.link.answer = 0
    assert node.signalling.send_frames("x", MAC, [b"one", b"two"]) == (2, 0)
    assert node.link.sent[1:] == [(b"one", MAC, ETH_P_IP), (b"two", MAC, ETH_P_IP)]
    assert node.signalling.send_frames("gone", MAC, [b"one"]) == (0, errno.ENODEV)


async def test_what_can_not_leave_says_why(node: Node) -> None:
    gone = Departure(destination=PEER, interface="gone", link_destination=MAC)
    assert node.signalling.send(b"", gone) == errno.ENODEV
    assert node.signalling.send_icmp(b"", gone) == errno.ENODEV
    assert node.signalling.send_icmp(b"", Departure(destination=PEER)) == errno.ENODEV
    assert node.signalling.send_icmp(b"", Departure(destination=PEER, interface="x")) == errno.ENODEV
    assert node.signalling.send(b"", Departure(destination=PEER, interface="gone")) == errno.ENODEV
    assert node.signalling.announce("gone", HOME, None) == errno.ENODEV
    assert node.signalling.announce("gone", HOME, MAC) == errno.ENODEV
    assert node.signalling.send_frame("gone", MAC, b"") == errno.ENODEV
    node.udp.answer = errno.ENETUNREACH
    assert node.signalling.send(b"", Departure(destination=ELSEWHERE)) == errno.ENETUNREACH


async def test_icmp_errors_are_told_after_what_came_in(node: Node) -> None:
    node.udp.errors = [Failure(PEER, 3, 3, b"request")]
    node.udp.give(Datagram(b"reply", PEER, 434, OWN, 4, 64))
    what, _ = await node.hears()
    assert what == "messages"
    assert await node.hears() == ("failed", PEER, 3, 3, b"request")


@pytest.mark.parametrize(("number", "code"), [(errno.ENETUNREACH, 0), (errno.EHOSTUNREACH, 1)])
async def test_what_our_own_routes_say_counts_like_an_icmp_error(node: Node, number: int, code: int) -> None:
    node.udp.answer = number
    assert node.signalling.send(b"request", Departure(destination=PEER)) == number
    assert not node.told
    assert await node.hears() == ("failed", PEER, 3, code, b"request")


async def test_other_errors_are_only_returned(node: Node) -> None:
    node.udp.answer = errno.EPERM
    assert node.signalling.send(b"request", Departure(destination=PEER)) == errno.EPERM
    await asyncio.sleep(0)
    assert not node.told
