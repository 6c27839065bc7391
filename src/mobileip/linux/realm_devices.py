"""One more TUN device for each address space in which visitors have home addresses that others have too."""

import asyncio
import socket
from collections.abc import Callable
from functools import partial

from mobileip.dataplane.ports import MOST_REALMS, realm_device
from mobileip.linux.errors import MachineError
from mobileip.linux.tun import TunnelDevice, device_names, remove_leftover
from mobileip.linux.turn import PACKETS_PER_WAKE_UP, until_nothing_waits


class RealmDevices:
    """`on_packet` gets a packet that was routed into one of them, and the realm's number.

    They outlive this process, like the device of realm 0, unless they are closed because nothing needs them any more.
    """

    def __init__(self, device: str, mtu: int, on_packet: Callable[[bytes, int], None]) -> None:
        self._device = device
        self._mtu = mtu
        self._on_packet = on_packet
        self._open: dict[int, TunnelDevice] = {}

    def open(self, realms: frozenset[int]) -> None:
        """From now on there are devices for exactly these. What the kernel refuses is missing: what needs it fails then
        by its name."""
        for realm in self._open.keys() - realms:
            self._open[realm].persist(False)
            self._close(realm)
        loop = asyncio.get_running_loop()
        for realm in sorted(realms - self._open.keys()):
            try:
                opened = TunnelDevice(realm_device(self._device, realm), self._mtu)
            except MachineError:
                continue
            opened.persist(True)
            self._open[realm] = opened
            loop.add_reader(opened.fileno(), self._read, realm)

    def empty(self) -> None:
        """Hands on what waits in them now."""
        for realm in self._open:
            until_nothing_waits(partial(self._read, realm))

    def take_turn(self) -> None:
        """Of what waits in each of them a turn's worth."""
        for realm in self._open:
            self._read(realm)

    def indices(self) -> dict[int, int]:
        """Device index -> realm."""
        known = {name: index for index, name in socket.if_nameindex()}
        return {known[device.name]: realm for realm, device in self._open.items() if device.name in known}

    def remove_leftovers(self) -> None:
        """Of former daemons, for realms that are not open."""
        remove_realms(self._device)  # what we hold stays

    def stop(self) -> None:
        """They stay; who wants none to stay opens none first."""
        for realm in list(self._open):
            self._close(realm)

    def _close(self, realm: int) -> None:
        device = self._open.pop(realm)
        asyncio.get_running_loop().remove_reader(device.fileno())
        device.close()

    def _read(self, realm: int) -> bool:
        """Whether more may wait."""
        device = self._open[realm]
        for _ in range(PACKETS_PER_WAKE_UP):
            packet = device.read()
            if packet is None:
                return False
            self._on_packet(packet, realm)
        return True


def remove_realms(device: str) -> None:
    """Ends the devices of all realms that nobody holds."""
    there = set(device_names())
    for realm in range(1, MOST_REALMS):
        if (name := realm_device(device, realm)) in there:
            remove_leftover(name)
