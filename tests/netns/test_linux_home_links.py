"""Broadcasts on a real home link.

home agent:  x (10.1.0.1/24) ---- y (10.1.0.5/24)  host
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from ipaddress import IPv4Address

import pytest
from tests.support.capture import Wire
from tests.support.netns import Namespace, namespace, veth

from mobileip.linux.home_links import HomeLinks
from mobileip.wire.ip.ipv4 import Ipv4Packet, decode_ipv4, encode_ipv4
from mobileip.wire.ip.udp import decode_udp

pytestmark = [pytest.mark.netns, pytest.mark.no_engine]

PATIENCE = 10
LAST = b"the last one"
ANY = IPv4Address("10.9.9.9")


class Ear:
    """What the home agent hears, payload by payload."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[tuple[str, Ipv4Packet]] = asyncio.Queue()
        self.links = HomeLinks(lambda name, packet: self.told.put_nowait((name, decode_ipv4(packet))))

    async def until_the_last(self) -> list[bytes]:
        """The payloads of UDP datagrams with intact checksums, up to `LAST`."""
        payloads: list[bytes] = []
        async with asyncio.timeout(PATIENCE):
            while LAST not in payloads:
                name, packet = await self.told.get()
                assert name == "x"
                payloads.append(decode_udp(packet.payload, packet.source, packet.destination).payload)
        return payloads[:-1]


@pytest.fixture
def here() -> Iterator[Namespace]:
    with namespace() as made:
        yield made


@pytest.fixture
def host(here: Namespace) -> Iterator[Namespace]:
    with namespace() as made:
        veth(here, "x", made, "y")
        here.ip("address add 10.1.0.1/24 brd + dev x")
        made.ip("address add 10.1.0.5/24 brd + dev y")
        made.ip("route add 224.0.0.0/4 dev y")
        yield made


@pytest.fixture
async def ear(here: Namespace, host: Namespace) -> AsyncIterator[Ear]:
    made = Ear()
    with here.entered():
        yield made
        made.links.stop()


def say(host: Namespace, payload: bytes, destination: str = "10.1.0.255", port: int = 5000) -> None:
    with host.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"y")
        sender.sendto(payload, (destination, port))


def say_one_of_each(host: Namespace) -> None:
    host.run("ip", "neigh", "replace", "10.1.0.1", "lladdr", "02:00:00:00:00:01", "dev", "y")
    say(host, b"to one", "10.1.0.1")
    say(host, b"to all of the network")
    say(host, b"to everybody", "255.255.255.255")
    say(host, b"signalling", "255.255.255.255", 434)
    say(host, b"to a DHCP server", "255.255.255.255", 67)
    say(host, b"to a group", "239.1.2.3")
    say(host, LAST)


async def test_broadcasts_are_heard_with_their_checksums_and_nothing_else_is(ear: Ear, host: Namespace) -> None:
    ear.links.want({"x": False})
    say_one_of_each(host)
    assert await ear.until_the_last() == [b"to all of the network", b"to everybody"]


async def test_multicasts_are_heard_where_they_are_wanted(ear: Ear, host: Namespace) -> None:
    ear.links.want({"x": True})
    say_one_of_each(host)
    assert await ear.until_the_last() == [b"to all of the network", b"to everybody", b"to a group"]


async def test_what_we_broadcast_ourselves_is_not_heard(ear: Ear, host: Namespace) -> None:
    ear.links.want({"x": False})
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        own.sendto(b"our own", ("10.1.0.255", 5000))
    say(host, LAST)
    assert await ear.until_the_last() == []


async def test_nothing_is_heard_before_and_after(ear: Ear, here: Namespace, host: Namespace) -> None:
    say(host, b"before")
    ear.links.want({"x": False})
    ear.links.want({})
    say(host, b"between")
    ear.links.want({"x": False})
    say(host, LAST)
    assert await ear.until_the_last() == []
    sockets = here.run("cat", "/proc/net/packet").splitlines()
    ear.links.want({})
    assert len(here.run("cat", "/proc/net/packet").splitlines()) == len(sockets) - 1


async def test_odd_octets_are_handed_over_as_they_are(ear: Ear, host: Namespace) -> None:
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    ear.links = HomeLinks(lambda _, packet: heard.put_nowait(packet))
    ear.links.want({"x": False})
    odd = encode_ipv4(Ipv4Packet(source=ANY, destination=ANY, protocol=99, payload=b"odd"))
    with Wire(host, "y") as wire:
        wire.send(odd)
    async with asyncio.timeout(PATIENCE):
        assert (await heard.get())[: len(odd)] == odd
