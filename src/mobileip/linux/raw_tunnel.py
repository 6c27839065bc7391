"""Tunnel packets by raw sockets: each encapsulation comes in on a socket of its protocol, whole packets of ours leave
with their own header."""

import errno
import socket
import struct
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from ipaddress import IPv4Address

from mobileip.dataplane.ports import SIGNALLING_MARK
from mobileip.linux.buffers import enlarge
from mobileip.linux.errors import PermissionMissing
from mobileip.linux.mmsg import ReceiveBatch, SendBatch
from mobileip.linux.packet_info import IP_PKTINFO
from mobileip.linux.turn import PACKETS_PER_WAKE_UP
from mobileip.wire.ip.ipv4 import PROTOCOL_GRE, PROTOCOL_IPIP, PROTOCOL_MINIMAL

TUNNEL_PROTOCOLS = (PROTOCOL_IPIP, PROTOCOL_GRE, PROTOCOL_MINIMAL)
_INDEX = struct.Struct("=i")
"""The first member of struct in_pktinfo: the interface that a packet came in by."""
_INDEX_AT = socket.CMSG_LEN(0)
_NAME = struct.pack("=H2x", socket.AF_INET)
"""struct sockaddr_in up to the address; nothing that counts is behind that."""
_NAME_LENGTH = 16
IP_MTU = 14
SOL_RAW, ICMP_FILTER = 255, 1
DESTINATION_UNREACHABLE, TIME_EXCEEDED = 3, 11
RECEIVE_BUFFER = 4 << 20
"""Octets; a burst of 64 KiB at 10 Gbit/s fits many times."""
SEND_BUFFER = 4 << 20
LARGEST_PACKET = 65_535
ANCILLARY = socket.CMSG_SPACE(12)
"""Octets for a struct in_pktinfo."""
_CONTROL = struct.pack("@Nii", socket.CMSG_LEN(12), socket.IPPROTO_IP, IP_PKTINFO)
_CONTROL += bytes(socket.CMSG_LEN(0) - len(_CONTROL)) + bytes(4)
"""A control message up to the source address in its struct in_pktinfo."""
_CONTROL_END = bytes(ANCILLARY - len(_CONTROL) - 4)
ERRORS_IN_A_ROW = 8
"""Pending socket errors that one read may clear before it gives up until the next wake-up."""


class RawTunnelSocket:
    """Sockets in, one for each encapsulation outside of UDP (the kernel reassembles and, since a raw socket took the
    packet, sends no ICMP), one for ICMP errors, one out.

    Raises: `PermissionMissing`.
    """

    def __init__(self) -> None:
        with ExitStack() as opened:
            try:
                *self._in, self._out, self._icmp = (
                    opened.enter_context(
                        socket.socket(socket.AF_INET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, protocol)
                    )
                    for protocol in (*TUNNEL_PROTOCOLS, socket.IPPROTO_RAW, socket.IPPROTO_ICMP)
                )
                self._out.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, SIGNALLING_MARK)
            except PermissionError as error:
                raise PermissionMissing(
                    "may not open raw sockets", "CAP_NET_RAW and CAP_NET_ADMIN are needed"
                ) from error
            for source in self._in:
                prepare(source)
            enlarge(self._out, send=SEND_BUFFER)
            wanted = 1 << DESTINATION_UNREACHABLE | 1 << TIME_EXCEEDED
            self._icmp.setsockopt(SOL_RAW, ICMP_FILTER, (~wanted & 0xFFFFFFFF).to_bytes(4, sys.byteorder))
            self._open = opened.pop_all()
        self._sending = SendBatch(_NAME_LENGTH, ANCILLARY)
        self._receiving = ReceiveBatch(PACKETS_PER_WAKE_UP, LARGEST_PACKET, ANCILLARY)

    @property
    def sources(self) -> Sequence[socket.socket]:
        """To be watched; each is read by `read`."""
        return self._in

    def icmp_fileno(self) -> int:
        return self._icmp.fileno()

    def read(self, source: socket.socket) -> list[tuple[bytes, int]]:
        """Outer packets that are waiting, headers included, each with the index of the interface that it came in by."""
        for _ in range(ERRORS_IN_A_ROW):
            try:
                found = self._receiving.receive(source.fileno())
            except BlockingIOError:
                return []
            except OSError:
                continue  # as in `_receive`
            return [(packet, _INDEX.unpack_from(ancillary, _INDEX_AT)[0]) for packet, ancillary in found]
        return []

    def read_icmp(self) -> bytes | None:
        """The next ICMP error (unreachable, time exceeded) that came in, IP header included: perhaps of a tunnel."""
        return _receive(self._icmp)

    def write(self, packet: bytes) -> int:
        """A whole IPv4 packet by the main table, or where its source has a rule by that; the errno, 0 when it went."""
        try:
            self._out.sendmsg([packet], [_from(packet[12:16])], 0, (socket.inet_ntoa(packet[16:20]), 0))
        except OSError as error:
            return error.errno or errno.EIO
        return 0

    def write_all(self, packets: Sequence[bytes]) -> tuple[int, int]:
        """As `write`, in as few system calls as can be: how many went before the first that did not, and its errno."""
        ends = {packet[12:20] for packet in packets}
        if len(ends) == 1:  # nearly always: packets of one tunnel
            (one,) = ends
            names, controls = [_name(one)] * len(packets), [_control(one)] * len(packets)
        else:
            names = [_name(packet[12:20]) for packet in packets]
            controls = [_control(packet[12:20]) for packet in packets]
        return self._sending.send(self._out.fileno(), packets, names, controls)

    def path_mtu(self, source: IPv4Address, destination: IPv4Address) -> int:
        """The kernel's path MTU by the way that `write` takes; 0 when it knows no way."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, SIGNALLING_MARK)
                probe.bind((str(source), 0))
                probe.connect((str(destination), 9))  # sends nothing: it only looks the route up
                return probe.getsockopt(socket.IPPROTO_IP, IP_MTU)
            except OSError:
                return 0

    def close(self) -> None:
        self._open.close()


def prepare(source: socket.socket) -> None:
    """Makes a raw socket one that `RawTunnelSocket.read` reads."""
    source.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    enlarge(source, receive=RECEIVE_BUFFER)


def _name(ends: bytes) -> bytes:
    """Of the destination; `ends`: the two addresses of a header."""
    return _NAME + ends[4:]


def _control(ends: bytes) -> bytes:
    """As `_from`, as the kernel reads it."""
    return _CONTROL + ends[:4] + _CONTROL_END


def _from(source: bytes) -> tuple[int, int, bytes]:
    """The way depends on the source too, which the kernel does not read from the packet's own header."""
    return socket.IPPROTO_IP, IP_PKTINFO, bytes(4) + source + bytes(4)


def _receive(source: socket.socket) -> bytes | None:
    for _ in range(ERRORS_IN_A_ROW):
        try:
            return source.recv(LARGEST_PACKET)
        except BlockingIOError:
            return None
        except OSError:
            # An ICMP error about something that we sent stands before the next packet and is no packet itself.
            continue
    return None
