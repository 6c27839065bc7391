"""Where a simulated machine's tunnel packets go; implements `dataplane.ports.PacketPort`."""

import errno
from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Address

from mobileip.dataplane.ports import one_by_one
from mobileip.forwarding.tunnel import Tunnel
from mobileip.sim.network import Network, Port
from mobileip.sim.packet import ip_packet


class SimulatedPacketPort:
    """`ports`: the machine's interfaces; `has_core`: whether it is one of the core's own. `send_up` is set by the
    machine.
    """

    def __init__(self, name: str, network: Network, ports: Mapping[str, Port], *, has_core: bool) -> None:
        self._name = name
        self._network = network
        self._ports = ports
        self._has_core = has_core
        self.via: IPv4Address | None = None
        """The care-of address that the tunnel packet at hand came to."""
        self.on_own: Callable[[bytes, IPv4Address | None], None] | None = None

        self.on_frame: Callable[[bytes, bytes], None] | None = None
        """Is told of each packet that leaves as a frame: the link-layer address that it goes to, and the packet."""

    def send_outer(self, packet: bytes) -> int:
        if len(packet) > self._network.core.mtu:
            return errno.EMSGSIZE
        port = None if self._has_core else self._port_of(IPv4Address(packet[12:16]))
        sent = self._network.route(self._name, port, ip_packet(packet))
        return 0 if sent else errno.ENETUNREACH

    def _port_of(self, source: IPv4Address) -> Port:
        """The link that has this address; the first one where none has."""
        for port in self._ports.values():
            if any(interface.ip == source for interface in port.link.addresses):
                return port
        return next(iter(self._ports.values()))

    def send_outers(self, packets: Sequence[bytes]) -> tuple[int, int]:
        return one_by_one(packets, self.send_outer)

    def path_mtu(self, tunnel: Tunnel) -> int:
        return self._network.core.mtu

    def send_frame(self, interface: str, link_address: bytes, packet: bytes) -> int:
        carried = ip_packet(packet)
        carried.via = self.via
        port = self._ports.get(interface)
        if self.on_frame is not None:
            self.on_frame(link_address, packet)
        sent = port is not None and self._network.frame(port, link_address, carried)
        return 0 if sent else errno.ENODEV

    def send_frames(self, interface: str, link_address: bytes, packets: Sequence[bytes]) -> tuple[int, int]:
        return one_by_one(packets, lambda packet: self.send_frame(interface, link_address, packet))

    def send_up(self, packet: bytes) -> int:
        if self.on_own is not None:
            self.on_own(packet, self.via)
        return 0

    def send_ups(self, packets: Sequence[bytes], *, onwards: bool) -> tuple[int, int]:
        return one_by_one(packets, self.send_up)
