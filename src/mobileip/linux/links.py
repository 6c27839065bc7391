"""One packet socket for each link on which mobile nodes may have no address: signalling without route and without ARP.

A UDP or ICMP socket is of no use there: with rp_filter 1 or 2 it loses messages of nodes whose address is routed
elsewhere, it can't tell the sender's link-layer address, and its answers would ask for one by ARP.
"""

import errno
import socket
import struct
from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import NamedTuple

from mobileip.linux.buffers import enlarge
from mobileip.linux.classic_bpf import attach, mobility_signalling
from mobileip.wire.numbers import MOBILE_IP_UDP_PORT

ETH_P_IP, ETH_P_ARP = 0x0800, 0x0806
SOL_PACKET, PACKET_ADD_MEMBERSHIP, PACKET_AUXDATA, PACKET_IGNORE_OUTGOING = 263, 1, 8, 23
PACKET_MR_MULTICAST = 0
PACKET_HOST, PACKET_BROADCAST, PACKET_MULTICAST, PACKET_OTHERHOST, PACKET_OUTGOING = range(5)
TP_STATUS_CSUMNOTREADY = 8

DHCP_SERVER_PORT, DHCP_CLIENT_PORT = 67, 68
BROADCAST_LINK_ADDRESS = b"\xff" * 6
ALL_SYSTEMS, ALL_ROUTERS, ALL_MOBILITY_AGENTS = (IPv4Address(f"224.0.0.{n}") for n in (1, 2, 11))
"""RFC 1112, RFC 1256, RFC 5944 §2.3."""
GROUPS = frozenset((ALL_SYSTEMS, ALL_ROUTERS, ALL_MOBILITY_AGENTS))

_AUXDATA = struct.Struct("=IIIHHHH")
LARGEST_FRAME = 65_535
RECEIVE_BUFFER = SEND_BUFFER = 4 << 20


class Frame(NamedTuple):
    packet: bytes
    link_source: bytes
    checksum_ready: bool
    """False for a packet of this very machine (a veth) whose checksum no one has filled in."""


def multicast_link_address(group: IPv4Address) -> bytes:
    """RFC 1112 §6.4: 01:00:5e and the low 23 bits."""
    return b"\x01\x00\x5e" + (int(group) & 0x7FFFFF).to_bytes(3)


class LinkSocket:
    """Cooked (layer 3) packet socket bound to one interface; what is not signalling is filtered out by the kernel.

    Raises: OSError when the interface does not exist (any more) or CAP_NET_RAW is missing.
    """

    def __init__(self, interface: str) -> None:
        self.interface = interface
        self.index = socket.if_nametoindex(interface)
        # Protocol 0: nothing is received before filter and binding are in place.
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, 0)
        try:
            attach(self._socket, mobility_signalling(MOBILE_IP_UDP_PORT, (DHCP_SERVER_PORT, DHCP_CLIENT_PORT)))
            enlarge(self._socket, receive=RECEIVE_BUFFER, send=SEND_BUFFER)
            self._socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
            self._socket.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
            for group in GROUPS:
                address = multicast_link_address(group)
                membership = struct.pack("iHH8s", self.index, PACKET_MR_MULTICAST, len(address), address)
                self._socket.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, membership)
            self._socket.bind((interface, ETH_P_IP))
        except OSError:
            self._socket.close()
            raise

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
            yield Frame(packet, bytes(link_source), ready)

    def send(self, packet: bytes, link_destination: bytes, protocol: int = ETH_P_IP) -> int:
        """One packet to one link-layer address; the errno, 0 when it went."""
        try:
            self._socket.sendto(packet, (self.interface, protocol, 0, 0, link_destination))
        except OSError as error:
            return error.errno or errno.EIO
        return 0

    def close(self) -> None:
        self._socket.close()


def gratuitous_arp(address: IPv4Address, link_address: bytes) -> bytes:
    """RFC 5944 §4.6: "an ARP packet sent by a node in order to spontaneously cause other nodes to update an entry".

    In the form of a request (RFC 826): sender and target protocol address are both `address`.
    """
    head = struct.pack("!HHBBH", 1, ETH_P_IP, 6, 4, 1)
    return head + link_address + address.packed + bytes(6) + address.packed
