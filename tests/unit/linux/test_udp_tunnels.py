"""Raw sockets for tunnels in UDP: one for each address, none for the rest."""

import asyncio
import errno
import socket
from ipaddress import IPv4Address

import pytest
from tests.support.fake_socket import FakeSocket, maker

from mobileip.linux import udp_tunnels
from mobileip.linux.classic_bpf import SO_ATTACH_FILTER
from mobileip.linux.udp_tunnels import IP_FREEBIND, UdpTunnels

ONE, OTHER = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")


class Loop:
    """Notes who is watched."""

    def __init__(self) -> None:
        self.watched: dict[object, tuple[object, ...]] = {}

    def add_reader(self, source: object, *call: object) -> None:
        self.watched[source] = call

    def remove_reader(self, source: object) -> None:
        del self.watched[source]


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Loop:
    made = Loop()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: made)
    return made


def heard(source: object) -> None:
    raise AssertionError(source)


def test_each_address_is_heard_as_long_as_it_is_wanted(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = FakeSocket(number=1), FakeSocket(number=2)
    monkeypatch.setattr(udp_tunnels.socket, "socket", maker(first, second))
    tunnels = UdpTunnels(heard)
    tunnels.hear(frozenset((ONE,)))
    assert first.arguments[1:] == (socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.IPPROTO_UDP)
    assert first.options[socket.IPPROTO_IP, IP_FREEBIND] == 1
    assert (socket.SOL_SOCKET, SO_ATTACH_FILTER) in first.options
    assert first.bound == ("192.0.2.1", 0)
    tunnels.hear(frozenset((ONE, OTHER)))
    assert loop.watched == {first: (heard, first), second: (heard, second)}
    assert list(tunnels.sources) == [first, second]
    tunnels.hear(frozenset((OTHER,)))
    assert (first.is_closed, list(loop.watched)) == (True, [second])
    tunnels.stop()
    assert (second.is_closed, loop.watched, list(tunnels.sources)) == (True, {}, [])


def test_an_address_that_can_not_be_heard_is_left_out(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeSocket(refusals={"bind": OSError(errno.EADDRNOTAVAIL, "")})
    monkeypatch.setattr(udp_tunnels.socket, "socket", maker(fake))
    tunnels = UdpTunnels(heard)
    tunnels.hear(frozenset((ONE,)))
    assert (fake.is_closed, loop.watched) == (True, {})
    tunnels.stop()
