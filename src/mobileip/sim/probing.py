"""Probes of paths, as `linux/probes.py` sends them: ICMP echo requests by one link each, and whose answer comes."""

from collections.abc import Mapping
from ipaddress import IPv4Address

from mobileip.agents.outputs import SendProbe
from mobileip.sim.network import Network, Port
from mobileip.sim.packet import Packet, ip_packet
from mobileip.wire.ip.icmp import ECHO_REPLY, echo
from mobileip.wire.ip.ipv4 import HEADER_LENGTH, PROTOCOL_ICMP, Ipv4Packet, encode_ipv4

IDENTIFIER = 0x5349
"""Of all our echo requests; that of the engine's keepalives is another one."""
REMEMBERED = 1024
"""Probes whose answer is still worth something."""


class Prober:
    """Of one mobile node's machine."""

    def __init__(self, name: str, network: Network, ports: Mapping[str, Port]) -> None:
        self._name = name
        self._network = network
        self._ports = ports
        self._waiting: dict[int, tuple[str, IPv4Address]] = {}
        """Interface and destination of what was sent, by number."""

    def send(self, output: SendProbe) -> Packet | None:
        """By the link that it names, whatever the routes say; None: that is not plugged in, so nothing left."""
        departure = output.departure
        packet = ip_packet(
            encode_ipv4(
                Ipv4Packet(
                    source=departure.source or IPv4Address(0),
                    destination=departure.destination,
                    protocol=PROTOCOL_ICMP,
                    payload=echo(True, IDENTIFIER, output.number, b""),
                )
            )
        )
        port = self._ports[departure.interface or ""]
        if departure.link_destination is None:
            has_left = self._network.route(self._name, port, packet)
        else:
            has_left = self._network.frame(port, departure.link_destination, packet)
        if not has_left:
            return None
        self._waiting.pop(output.number, None)
        self._waiting[output.number] = (port.link.name, departure.destination)
        if len(self._waiting) > REMEMBERED:
            del self._waiting[next(iter(self._waiting))]
        return packet

    def answered(self, packet: bytes) -> tuple[str, int] | None:
        """The link and the number of the probe that this answers; None for anything else."""
        if packet[9] != PROTOCOL_ICMP or packet[HEADER_LENGTH] != ECHO_REPLY:
            return None
        identifier, number = (int.from_bytes(packet[at : at + 2]) for at in (HEADER_LENGTH + 4, HEADER_LENGTH + 6))
        interface, destination = self._waiting.get(number, ("", None))
        if identifier != IDENTIFIER or destination is None or packet[12:16] != destination.packed:
            return None
        del self._waiting[number]
        return interface, number
