"""Tunnel packets by raw sockets: IP-in-IP comes in on protocol 4, whole packets of ours leave with their own header."""

import errno
import socket
import sys
from contextlib import ExitStack
from ipaddress import IPv4Address

from mobileip.dataplane.ports import SIGNALLING_MARK
from mobileip.linux.buffers import enlarge
from mobileip.linux.errors import PermissionMissing

IPPROTO_IPIP = 4
IP_MTU = 14
SOL_RAW, ICMP_FILTER = 255, 1
DESTINATION_UNREACHABLE, TIME_EXCEEDED = 3, 11
RECEIVE_BUFFER = 4 << 20
"""Octets; a burst of 64 KiB at 10 Gbit/s fits many times."""
SEND_BUFFER = 4 << 20
LARGEST_PACKET = 65_535
ERRORS_IN_A_ROW = 8
"""Pending socket errors that one read may clear before it gives up until the next wake-up."""


class RawTunnelSocket:
    """One socket in (the kernel reassembles and, since a raw socket took the packet, sends no ICMP), one out.

    Raises: `PermissionMissing`.
    """

    def __init__(self) -> None:
        with ExitStack() as opened:
            try:
                self._in, self._out, self._icmp = (
                    opened.enter_context(
                        socket.socket(socket.AF_INET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, protocol)
                    )
                    for protocol in (IPPROTO_IPIP, socket.IPPROTO_RAW, socket.IPPROTO_ICMP)
                )
                self._out.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, SIGNALLING_MARK)
            except PermissionError as error:
                raise PermissionMissing(
                    "may not open raw sockets", "CAP_NET_RAW and CAP_NET_ADMIN are needed"
                ) from error
            enlarge(self._in, receive=RECEIVE_BUFFER)
            enlarge(self._out, send=SEND_BUFFER)
            wanted = 1 << DESTINATION_UNREACHABLE | 1 << TIME_EXCEEDED
            self._icmp.setsockopt(SOL_RAW, ICMP_FILTER, (~wanted & 0xFFFFFFFF).to_bytes(4, sys.byteorder))
            self._open = opened.pop_all()

    def fileno(self) -> int:
        return self._in.fileno()

    def icmp_fileno(self) -> int:
        return self._icmp.fileno()

    def read(self) -> bytes | None:
        """The next outer packet, header included; None when there is none."""
        return _receive(self._in)

    def read_icmp(self) -> bytes | None:
        """The next ICMP error (unreachable, time exceeded) that came in, IP header included: perhaps of a tunnel."""
        return _receive(self._icmp)

    def write(self, packet: bytes) -> int:
        """A whole IPv4 packet by the main table; the errno, 0 when it went."""
        try:
            self._out.sendto(packet, (socket.inet_ntoa(packet[16:20]), 0))
        except OSError as error:
            return error.errno or errno.EIO
        return 0

    def path_mtu(self, destination: IPv4Address) -> int:
        """The kernel's path MTU towards `destination` by the main table; 0 when it knows no way."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, SIGNALLING_MARK)
                probe.connect((str(destination), 9))  # sends nothing: it only looks the route up
                return probe.getsockopt(socket.IPPROTO_IP, IP_MTU)
            except OSError:
                return 0

    def close(self) -> None:
        self._open.close()


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
