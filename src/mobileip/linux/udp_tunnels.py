"""Tunnel packets in UDP (RFC 3519) by raw sockets: one for each address of ours that is the end of such a tunnel.

A raw socket for all addresses would get a copy of every UDP packet that this machine receives, those out of tunnels
included, before its filter could refuse it: 6 % of a mobile node's small packets.
"""

import asyncio
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from ipaddress import IPv4Address

from mobileip.linux.classic_bpf import attach, tunnelled_data
from mobileip.linux.raw_tunnel import prepare
from mobileip.wire.numbers import MOBILE_IP_UDP_PORT

IP_FREEBIND = 15
"""An address may come later than the wish for it."""


class UdpTunnels:
    """`on_readable` gets a socket that packets wait in; they are read by `RawTunnelSocket.read`."""

    def __init__(self, on_readable: Callable[[socket.socket], object]) -> None:
        self._on_readable = on_readable
        self._open: dict[IPv4Address, socket.socket] = {}

    def hear(self, addresses: frozenset[IPv4Address]) -> None:
        """From now on at exactly these."""
        for address in self._open.keys() - addresses:
            self._close(address)
        loop = asyncio.get_running_loop()
        for address in sorted(addresses - self._open.keys()):
            with suppress(OSError):  # what can't be opened hears nothing; the signalling told why raw sockets can't
                source = self._open[address] = _opened(address)
                loop.add_reader(source, self._on_readable, source)

    @property
    def sources(self) -> Sequence[socket.socket]:
        """Those that are open."""
        return tuple(self._open.values())

    def stop(self) -> None:
        for address in list(self._open):
            self._close(address)

    def _close(self, address: IPv4Address) -> None:
        source = self._open.pop(address)
        asyncio.get_running_loop().remove_reader(source)
        source.close()


def _opened(address: IPv4Address) -> socket.socket:
    source = socket.socket(socket.AF_INET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.IPPROTO_UDP)
    try:
        # Before it is bound: nothing else is to be in its queue.
        attach(source, tunnelled_data(MOBILE_IP_UDP_PORT))
        source.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
        source.bind((str(address), 0))
        prepare(source)
    except BaseException:
        source.close()
        raise
    return source
