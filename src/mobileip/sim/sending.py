"""What an agent wants said becomes packets: messages, router discovery, gratuitous ARP."""

from collections.abc import Callable, Mapping
from ipaddress import IPv4Address

from mobileip.agents.outputs import AnnounceAddress, SendDiscovery, SendMessage
from mobileip.sim.network import Network, Port
from mobileip.sim.packet import ADVERTISEMENT, SOLICITATION, Packet, announcement, kind_of_message
from mobileip.wire.agent_discovery import AgentAdvertisement, encode_icmp

BROADCAST_LINK_ADDRESS = b"\xff" * 6


class Sender:
    """Of one machine. `ports`: its interfaces; `has_core`: whether it is one of the core's own; `on_sent` is told of
    each packet before it leaves."""

    def __init__(
        self,
        name: str,
        network: Network,
        ports: Mapping[str, Port],
        on_sent: Callable[[Packet], None],
        *,
        has_core: bool,
    ) -> None:
        self._name = name
        self._network = network
        self._ports = ports
        self._interfaces = tuple(ports)
        self._on_sent = on_sent
        self._has_core = has_core

    def message(self, output: SendMessage) -> None:
        departure = output.departure
        packet = Packet(
            kind=kind_of_message(output.octets),
            payload=output.octets,
            source=departure.source or self._source(),
            destination=departure.destination,
            source_port=departure.source_port,
            destination_port=departure.destination_port,
            ttl=departure.ttl,
        )
        self._on_sent(packet)
        if departure.link_destination is None:
            port = None if self._has_core else self._ports[departure.interface or self._interfaces[0]]
            self._network.route(self._name, port, packet)
        else:
            self._network.frame(self._ports[departure.interface or ""], departure.link_destination, packet)

    def discovery(self, output: SendDiscovery) -> None:
        departure = output.departure
        is_advertisement = isinstance(output.message, AgentAdvertisement)
        packet = Packet(
            kind=ADVERTISEMENT if is_advertisement else SOLICITATION,
            payload=encode_icmp(output.message),
            source=departure.source or IPv4Address(0),
            destination=departure.destination,
            ttl=departure.ttl,
        )
        self._on_sent(packet)
        self._network.frame(self._ports[departure.interface or ""], departure.link_destination or b"", packet)

    def announcement(self, output: AnnounceAddress) -> None:
        packet = announcement(output.address)
        self._on_sent(packet)
        self._network.frame(self._ports[output.interface], BROADCAST_LINK_ADDRESS, packet)

    def _source(self) -> IPv4Address:
        """What the route gives where a message names none."""
        return next((a.ip for port in self._ports.values() for a in port.link.addresses), IPv4Address(0))
