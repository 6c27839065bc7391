"""All signalling of a daemon: which socket hears what, and by which a message leaves."""

import asyncio
import contextlib
import errno
import socket
import struct
from collections.abc import Callable, Collection, Sequence
from ipaddress import IPv4Address

import msgspec

from mobileip.agents.events import Arrival
from mobileip.agents.outputs import Departure
from mobileip.linux.dhcp import router_of
from mobileip.linux.links import (
    BROADCAST_LINK_ADDRESS,
    DHCP_CLIENT_PORT,
    DHCP_SERVER_PORT,
    ETH_P_ARP,
    GROUPS,
    Frame,
    LinkSocket,
    gratuitous_arp,
)
from mobileip.linux.udp import SignallingSocket
from mobileip.linux.watch import LinkWatch
from mobileip.wire.errors import DecodeError, DecodeReason
from mobileip.wire.ip.ipv4 import PROTOCOL_ICMP, PROTOCOL_UDP, Ipv4Packet, decode_ipv4, encode_ipv4
from mobileip.wire.ip.udp import decode_udp, encode_udp
from mobileip.wire.numbers import MOBILE_IP_UDP_PORT, MessageType

LOOPBACK = "lo"

DESTINATION_UNREACHABLE = 3
UNREACHABLE_CODES = {errno.ENETUNREACH: 0, errno.EHOSTUNREACH: 1}
"""RFC 792: what a router would say, for what our own routes say at once."""

BATCH = 64
"""Datagrams handled at one wake-up; enough to fill a batch, few enough that timers are not late."""

LIMITED_BROADCAST = IPv4Address("255.255.255.255")
DHCP_ANSWER_PORTS = (DHCP_SERVER_PORT, DHCP_CLIENT_PORT)
DHCP_ANSWER = struct.pack("!HH", *DHCP_ANSWER_PORTS)
PORT, TYPE = slice(2, 4), slice(8, 9)
"""Of a UDP datagram: its destination port, and the type of the message in it."""


class Heard(msgspec.Struct, frozen=True):
    """What came in: a UDP payload of port 434, or ICMP router discovery from its type octet on."""

    octets: bytes
    arrival: Arrival


class Receivers(msgspec.Struct, frozen=True):
    """Whom to tell. Messages come in batches, in the order in which they were heard on one socket."""

    on_messages: Callable[[Sequence[Heard]], None]
    on_discovery: Callable[[Heard], None]
    on_router: Callable[[str, IPv4Address, bytes], None]
    """Interface, address and link-layer address of a router, learnt from its DHCP answer."""
    on_undecodable: Callable[[DecodeError, Arrival, bytes], None]
    on_delivery_failed: Callable[[IPv4Address, int, int, bytes], None]
    """Destination, ICMP type and code, and what the error quotes of a message that we sent."""


class Signalling:
    """`links`: interfaces that are heard by packet sockets alone; they may appear and vanish while we run.
    `visiting_links`: those of them where a mobile node listens, and no agent.

    Raises: what `SignallingSocket` raises.
    """

    def __init__(
        self, links: Sequence[str], watch: LinkWatch, receivers: Receivers, visiting_links: Collection[str] = ()
    ) -> None:
        self._links = frozenset(links)
        self.visiting_links = frozenset(visiting_links)
        self._watch = watch
        self._receivers = receivers
        self._udp = SignallingSocket()
        self._sockets: dict[str, LinkSocket] = {}
        self._identification = 0

    def start(self) -> None:
        asyncio.get_running_loop().add_reader(self._udp.fileno(), self._read_udp)

    def stop(self) -> None:
        asyncio.get_running_loop().remove_reader(self._udp.fileno())
        self._udp.close()
        for name in list(self._sockets):
            self._close(name)

    def link_changed(self, name: str, index: int) -> None:
        """Opens (or opens anew, when an interface of that name was made again) the socket of one of our links."""
        known = self._sockets.get(name)
        if name not in self._links or (known is not None and known.index == index):
            return
        self.link_removed(name)
        try:
            opened = LinkSocket(name)
        except OSError:
            return  # gone again: its removal is on its way to us
        self._sockets[name] = opened
        self._hear_once()
        asyncio.get_running_loop().add_reader(opened.fileno(), self._read_link, opened)

    def link_removed(self, name: str) -> None:
        if name in self._sockets:
            self._close(name)
            self._hear_once()

    def send(self, octets: bytes, departure: Departure) -> int:
        """One control message; the errno, 0 when it went."""
        if departure.link_destination is not None:
            source = departure.source or IPv4Address(0)
            datagram = encode_udp(
                source, departure.destination, departure.source_port, departure.destination_port, octets
            )
            return self._send_packet(datagram, PROTOCOL_UDP, departure)
        interface = 0
        if departure.interface is not None:
            try:
                interface = socket.if_nametoindex(departure.interface)
            except OSError:
                return errno.ENODEV
        number = self._udp.send(
            octets,
            departure.destination,
            departure.destination_port,
            source=departure.source,
            interface=interface,
            ttl=departure.ttl,
        )
        code = UNREACHABLE_CODES.get(number)
        if code is not None:
            failure = (departure.destination, DESTINATION_UNREACHABLE, code, octets)
            asyncio.get_running_loop().call_soon(self._receivers.on_delivery_failed, *failure)
        return number

    def send_icmp(self, octets: bytes, departure: Departure) -> int:
        """Router discovery, always as a frame; the errno, 0 when it went."""
        return self._send_packet(octets, PROTOCOL_ICMP, departure)

    def announce(self, interface: str, address: IPv4Address, link_address: bytes | None) -> int:
        """One gratuitous ARP; `link_address` None = the interface's own. The errno, 0 when it went."""
        link = self._watch.links().get(interface)
        own = link_address or (link.link_address if link else None)
        target = self._sockets.get(interface)
        if target is None or own is None:
            return errno.ENODEV
        return target.send(gratuitous_arp(address, own), BROADCAST_LINK_ADDRESS, ETH_P_ARP)

    def send_frame(self, interface: str, link_address: bytes, packet: bytes) -> int:
        """A whole IPv4 packet to one link-layer address (a visitor's); the errno, 0 when it went."""
        target = self._sockets.get(interface)
        return errno.ENODEV if target is None else target.send(packet, link_address)

    def send_frames(self, interface: str, link_address: bytes, packets: Sequence[bytes]) -> tuple[int, int]:
        """As `send_frame`: how many went before the first that did not, and the errno of that one."""
        target = self._sockets.get(interface)
        return (0, errno.ENODEV) if target is None else target.send_all(packets, link_address)

    def _send_packet(self, payload: bytes, protocol: int, departure: Departure) -> int:
        target = self._sockets.get(departure.interface or "")
        if target is None or departure.link_destination is None:
            return errno.ENODEV
        self._identification = (self._identification + 1) & 0xFFFF
        packet = Ipv4Packet(
            source=departure.source or IPv4Address(0),
            destination=departure.destination,
            protocol=protocol,
            payload=payload,
            ttl=departure.ttl,
            identification=self._identification,
        )
        return target.send(encode_ipv4(packet), departure.link_destination)

    def _close(self, name: str) -> None:
        closed = self._sockets.pop(name)
        asyncio.get_running_loop().remove_reader(closed.fileno())
        closed.close()

    def _hear_once(self) -> None:
        """What the links' sockets hear the other one would hear too, and it would wake us twice. Where the kernel takes
        no such filter `_read_udp` leaves it out."""
        with contextlib.suppress(OSError):
            self._udp.leave_out([opened.index for opened in self._sockets.values()])

    def _read_udp(self) -> None:
        heard = []
        for datagram in self._udp.datagrams(BATCH):
            name = self._watch.name_of(datagram.interface) or ""
            if datagram.source in self._watch.local_addresses:
                # From ourselves to ourselves (a foreign agent and its home agent in one daemon). The kernel names the
                # interface that bears the address, though it came through the loopback.
                name = LOOPBACK
            elif name in self._links:
                continue  # the packet socket of that link has heard it too, and more about it
            arrival = Arrival(
                interface=name,
                source=datagram.source,
                source_port=datagram.source_port,
                destination=datagram.destination,
                destination_port=self._udp.port,
                ttl=datagram.ttl,
            )
            heard.append(Heard(datagram.payload, arrival))
        if heard:
            self._receivers.on_messages(heard)
        # The loop calls us for errors too, again and again while there are any.
        for failure in self._udp.failures(BATCH):
            self._receivers.on_delivery_failed(*failure)

    def _read_link(self, link: LinkSocket) -> None:
        heard = []
        for frame in link.frames(BATCH):
            try:
                datagram = self._read_frame(link, frame)
            except DecodeError as error:
                self._receivers.on_undecodable(error, _arrival_of_frame(link, frame), frame.packet)
                continue
            if datagram is not None:
                heard.append(datagram)
        if heard:
            self._receivers.on_messages(heard)

    def _read_frame(self, link: LinkSocket, frame: Frame) -> Heard | None:
        """A message of UDP port 434; None for what was given to another receiver, or to none.

        Raises: `DecodeError`.
        """
        packet = decode_ipv4(frame.packet)
        if not self._is_for_us(packet) and not self._is_reply_to_us(link, frame, packet):
            return None
        if packet.is_fragment:
            raise DecodeError(DecodeReason.FRAGMENT, 6, "signalling is not reassembled on this link")
        if packet.protocol == PROTOCOL_ICMP:
            self._receivers.on_discovery(Heard(packet.payload, _arrival(link, frame, packet)))
            return None
        datagram = decode_udp(packet.payload, packet.source, packet.destination, verify_checksum=frame.checksum_ready)
        ports = (datagram.source_port, datagram.destination_port)
        if datagram.destination_port == MOBILE_IP_UDP_PORT:
            return Heard(datagram.payload, _arrival(link, frame, packet, ports))
        if ports == DHCP_ANSWER_PORTS and router_of(datagram.payload) == packet.source:
            self._receivers.on_router(link.interface, packet.source, frame.link_source)
        return None

    def _is_for_us(self, packet: Ipv4Packet) -> bool:
        """An agent also forwards other nodes' messages through this link: those are not for us.

        A DHCP answer counts whatever its destination: it goes to an address that the node does not have yet.
        """
        destination = packet.destination
        return (
            # R5944-2.3-c: also the Mobile-Agents group.
            destination in GROUPS
            or destination == LIMITED_BROADCAST
            or destination in self._watch.local_addresses
            or destination in self._watch.broadcast_addresses
            or (packet.protocol == PROTOCOL_UDP and packet.payload[:4] == DHCP_ANSWER)
        )

    def _is_reply_to_us(self, link: LinkSocket, frame: Frame, packet: Ipv4Packet) -> bool:
        """A Reply goes to the home address that it names (RFC 5944 §3.7.2.3), and a mobile node that has its home
        address assigned learns it from that very Reply (RFC 2794 §2). Where an agent listens, it might have to be
        forwarded.
        """
        return (
            frame.to_us
            and link.interface in self.visiting_links
            and packet.protocol == PROTOCOL_UDP
            and packet.payload[PORT] == MOBILE_IP_UDP_PORT.to_bytes(2)
            and packet.payload[TYPE] == bytes((MessageType.REGISTRATION_REPLY,))
        )


def _arrival_of_frame(link: LinkSocket, frame: Frame) -> Arrival:
    """Of a frame that could not be decoded: its addresses where an IPv4 header has them."""
    header = frame.packet.ljust(20, b"\0")
    return Arrival(
        interface=link.interface,
        source=IPv4Address(header[12:16]),
        destination=IPv4Address(header[16:20]),
        link_source=frame.link_source,
    )


def _arrival(link: LinkSocket, frame: Frame, packet: Ipv4Packet, ports: tuple[int, int] = (0, 0)) -> Arrival:
    return Arrival(
        interface=link.interface,
        source=packet.source,
        source_port=ports[0],
        destination=packet.destination,
        destination_port=ports[1],
        ttl=packet.ttl,
        link_source=frame.link_source,
    )
