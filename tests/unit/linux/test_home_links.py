"""What is heard on a home link, on sockets that a test fills; tests/netns has real ones."""

import asyncio
from collections.abc import AsyncIterator
from ipaddress import IPv4Address

import pytest
from tests.support.link_sockets import FakeLinks

from mobileip.linux import home_links as module
from mobileip.linux.classic_bpf import home_broadcasts
from mobileip.linux.home_links import HomeLinks, completed
from mobileip.linux.links import Frame
from mobileip.wire.ip.ipv4 import MORE_FRAGMENTS, PROTOCOL_UDP, Ipv4Packet, decode_ipv4, encode_ipv4
from mobileip.wire.ip.udp import decode_udp, encode_udp

SENDER, EVERYONE = IPv4Address("192.0.2.7"), IPv4Address("255.255.255.255")


class Host:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sockets = FakeLinks()
        self.told: list[tuple[str, bytes]] = []
        monkeypatch.setattr(module, "LinkSocket", self.sockets)
        self.links = HomeLinks(lambda interface, packet: self.told.append((interface, packet)))


@pytest.fixture
async def host(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Host]:
    made = Host(monkeypatch)
    yield made
    made.links.stop()
    assert made.sockets.open == {}


def udp_packet(payload: bytes = b"hello", *, fragment: int = 0, protocol: int = PROTOCOL_UDP) -> bytes:
    datagram = encode_udp(SENDER, EVERYONE, 4000, 5000, payload)
    return encode_ipv4(
        Ipv4Packet(source=SENDER, destination=EVERYONE, protocol=protocol, payload=datagram, fragment=fragment)
    )


def left_to_the_card(packet: bytes) -> bytes:
    """As the kernel hands it over when no card has filled in the checksum: the sum over the pseudo header is there."""
    words = SENDER.packed + EVERYONE.packed + bytes((0, PROTOCOL_UDP)) + packet[24:26]
    return packet[:26] + (int.from_bytes(words) % 0xFFFF).to_bytes(2) + packet[28:]


async def test_multicasts_are_heard_where_they_are_wanted(host: Host) -> None:
    host.links.want({"x": False, "y": True})
    assert [(link.interface, link.arguments) for link in host.sockets.made] == [
        ("x", (home_broadcasts(434, (67, 68), groups=False), ())),
        ("y", (home_broadcasts(434, (67, 68), groups=True), None)),
    ]


async def test_what_was_heard_is_told_whole(host: Host) -> None:
    host.links.want({"x": False})
    host.sockets.made[0].give(
        Frame(udp_packet(), bytes(6), True), Frame(left_to_the_card(udp_packet()), bytes(6), False)
    )
    async with asyncio.timeout(10):
        while not host.told:
            await asyncio.sleep(0)
    assert host.told == [("x", udp_packet()), ("x", udp_packet())]


@pytest.mark.parametrize("payload", [b"", b"odd", b"even", bytes(1400)])
def test_a_checksum_that_was_left_to_the_card_is_completed(payload: bytes) -> None:
    made = completed(left_to_the_card(udp_packet(payload)) + b"trailer")
    assert made == udp_packet(payload)
    assert decode_udp(decode_ipv4(made).payload, SENDER, EVERYONE).payload == payload


def test_a_sum_of_zero_is_written_as_its_other_form() -> None:
    sum_of_all = udp_packet(bytes(2))[26:28]
    packet = udp_packet(sum_of_all)
    assert packet[26:28] == b"\xff\xff"
    assert completed(left_to_the_card(packet)) == packet


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\x45",
        udp_packet(protocol=6),
        udp_packet(fragment=MORE_FRAGMENTS),
        udp_packet(fragment=1),
        udp_packet()[:2] + (27).to_bytes(2) + udp_packet()[4:],
    ],
)
def test_what_has_no_such_checksum_is_left_alone(packet: bytes) -> None:
    assert completed(packet) == packet
