"""One packet socket for each link on which mobile nodes may have no address: signalling without route and without ARP.

A UDP or ICMP socket is of no use there: with rp_filter 1 or 2 it loses messages of nodes whose address is routed
elsewhere, it can't tell the sender's link-layer address, and its answers would ask for one by ARP.
"""

import errno
import socket
import struct
from collections.abc import Collection, Iterator, Sequence
from ipaddress import IPv4Address
from threading import Thread
from typing import NamedTuple

from mobileip.linux.buffers import enlarge
from mobileip.linux.classic_bpf import attach, mobility_signalling
from mobileip.linux.mmsg import SendBatch
from mobileip.wire.numbers import MOBILE_IP_UDP_PORT

ETH_P_IP, ETH_P_ARP = 0x0800, 0x0806
ARP_REQUEST, ARP_REPLY = 1, 2
SOL_PACKET, PACKET_ADD_MEMBERSHIP, PACKET_AUXDATA, PACKET_IGNORE_OUTGOING = 263, 1, 8, 23
PACKET_MR_MULTICAST, PACKET_MR_ALLMULTI = 0, 2
PACKET_HOST, PACKET_BROADCAST, PACKET_MULTICAST, PACKET_OTHERHOST, PACKET_OUTGOING = range(5)
TP_STATUS_CSUMNOTREADY = 8

DHCP_SERVER_PORT, DHCP_CLIENT_PORT = 67, 68
BROADCAST_LINK_ADDRESS = b"\xff" * 6
ALL_SYSTEMS, ALL_ROUTERS, ALL_MOBILITY_AGENTS = (IPv4Address(f"224.0.0.{n}") for n in (1, 2, 11))
"""RFC 1112, RFC 1256, RFC 5944 §2.3."""
GROUPS = frozenset((ALL_SYSTEMS, ALL_ROUTERS, ALL_MOBILITY_AGENTS))
"""R1256-4.3-a: "The router joins the all-routers IP multicast group (224.0.0.2) on all interfaces". R5944-2.3-c: agents
hear 224.0.0.11 as well."""

SIGNALLING = mobility_signalling(MOBILE_IP_UDP_PORT, (DHCP_SERVER_PORT, DHCP_CLIENT_PORT))

_AUXDATA = struct.Struct("=IIIHHHH")
_NAME = struct.Struct("=HHiHBB8s")
"""struct sockaddr_ll."""
LARGEST_FRAME = 65_535
RECEIVE_BUFFER = SEND_BUFFER = 4 << 20


class Frame(NamedTuple):
    packet: bytes
    link_source: bytes
    checksum_ready: bool
    """False for a packet of this very machine (a veth) whose checksum no one has filled in."""
    to_us: bool = True
    """False for a frame to everybody or to a group."""


def multicast_link_address(group: IPv4Address) -> bytes:
    """RFC 1112 §6.4: 01:00:5e and the low 23 bits."""
    return b"\x01\x00\x5e" + (int(group) & 0x7FFFFF).to_bytes(3)


class LinkSocket:
    """Cooked (layer 3) packet socket bound to one interface; what `program` does not keep is filtered out by the
    kernel. `groups` None: every multicast frame of the link is heard.

    Raises: OSError when the interface does not exist (any more) or CAP_NET_RAW is missing.
    """

    def __init__(
        self,
        interface: str,
        program: bytes = SIGNALLING,
        groups: Collection[IPv4Address] | None = GROUPS,
        protocol: int = ETH_P_IP,
    ) -> None:
        self.interface = interface
        self.index = socket.if_nametoindex(interface)
        self._sending: SendBatch | None = None
        # Protocol 0: nothing is received before filter and binding are in place.
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, 0)
        try:
            attach(self._socket, program)
            enlarge(self._socket, receive=RECEIVE_BUFFER, send=SEND_BUFFER)
            self._socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
            self._socket.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
            if groups is None:
                self._join(PACKET_MR_ALLMULTI, b"")
            else:
                for group in groups:
                    self._join(PACKET_MR_MULTICAST, multicast_link_address(group))
            self._socket.bind((interface, protocol))
        except OSError:
            self._socket.close()
            raise

    def _join(self, kind: int, address: bytes) -> None:
        membership = struct.pack("iHH8s", self.index, kind, len(address), address)
        self._socket.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, membership)

    def fileno(self) -> int:
        return self._socket.fileno()

    def frames(self, limit: int) -> Iterator[Frame]:
        """At most `limit` frames that are waiting and were not sent by ourselves or to other hosts."""
        for _ in range(limit):
            try:
                packet, ancillary, _, address = self._socket.recvmsg(LARGEST_FRAME, 128)
            except OSError:
                # EAGAIN: drained. ENETDOWN: the link went down, its watcher tells.
                return
            _, _, kind, _, link_source = address
            if kind in (PACKET_OUTGOING, PACKET_OTHERHOST):
                continue
            ready = True
            for level, name, data in ancillary:
                if level == SOL_PACKET and name == PACKET_AUXDATA:
                    ready = not _AUXDATA.unpack_from(data)[0] & TP_STATUS_CSUMNOTREADY
            yield Frame(packet, bytes(link_source), ready, kind == PACKET_HOST)

    def send(self, packet: bytes, link_destination: bytes, protocol: int = ETH_P_IP) -> int:
        """One packet to one link-layer address; the errno, 0 when it went."""
        try:
            self._socket.sendto(packet, (self.interface, protocol, 0, 0, link_destination))
        except OSError as error:
            return error.errno or errno.EIO
        return 0

    def send_all(self, packets: Sequence[bytes], link_destination: bytes) -> tuple[int, int]:
        """As `send`, in as few system calls as can be: how many went before the first that did not, and its errno."""
        if self._sending is None:
            self._sending = SendBatch(_NAME.size)
        name = _NAME.pack(
            socket.AF_PACKET, socket.htons(ETH_P_IP), self.index, 0, 0, len(link_destination), link_destination
        )
        return self._sending.send(self._socket.fileno(), packets, [name] * len(packets))

    def close(self) -> None:
        """Returns at once: the kernel frees a packet socket when no processor may be looking at it any more, and that
        takes ten milliseconds and more, in the midst of a handover."""
        Thread(target=self._socket.close, name=f"close {self.interface}", daemon=True).start()


def arp_packet(operation: int, sender: tuple[bytes, IPv4Address], target: tuple[bytes, IPv4Address]) -> bytes:
    """RFC 826 for Ethernet and IPv4: link-layer and protocol address of both sides."""
    head = struct.pack("!HHBBH", 1, ETH_P_IP, 6, 4, operation)
    return head + sender[0] + sender[1].packed + target[0] + target[1].packed


def gratuitous_arp(address: IPv4Address, link_address: bytes) -> bytes:
    """RFC 5944 §4.6: "an ARP packet sent by a node in order to spontaneously cause other nodes to update an entry".

    In the form of a request (RFC 826): sender and target protocol address are both `address`.
    """
    return arp_packet(ARP_REQUEST, (link_address, address), (bytes(6), address))
