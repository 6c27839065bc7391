"""Probes of paths to a home agent: ICMP echo requests by one link each, and their answers."""

import asyncio
import errno
import os
import socket
import struct
from collections.abc import Callable
from ipaddress import IPv4Address

from mobileip.agents.outputs import Departure
from mobileip.dataplane.ports import SIGNALLING_MARK
from mobileip.dataplane.userspace.keepalives import IDENTIFIER as OF_KEEPALIVES
from mobileip.linux.classic_bpf import attach, echo_replies
from mobileip.linux.errors import PermissionMissing
from mobileip.linux.packet_info import IP_PKTINFO
from mobileip.linux.turn import PACKETS_PER_WAKE_UP
from mobileip.wire.ip.icmp import ECHO_REPLY, echo

REMEMBERED = 1024
"""Probes whose answer is still worth something: some minutes of them."""
TOKEN_OCTETS = 8
"""What goes with each probe and comes back in its answer (RFC 792); nobody off the path can make one up."""
LARGEST_PACKET = 2048
IP_HEADER, ICMP_HEADER = 20, 8
_PKTINFO = struct.Struct("=I4s4s")
"""struct in_pktinfo: interface, source on sending, nothing."""

SendFrame = Callable[[bytes, Departure], int]


class Prober:
    """One raw socket for all links. It hears the answers wherever they come in, on the link or out of the tunnel: the
    kernel gives it what is for an address of this machine.

    `send_frame`: how an ICMP message leaves as a frame. `on_answer`: told of the interface and the number of a probe.

    Raises: `PermissionMissing`.
    """

    def __init__(self, send_frame: SendFrame, on_answer: Callable[[str, int], None]) -> None:
        self._send_frame = send_frame
        self._on_answer = on_answer
        self._identifier = _identifier()
        self._token = os.urandom(TOKEN_OCTETS)
        self._waiting: dict[int, tuple[str, IPv4Address]] = {}
        """Interface and destination of what was sent, by number."""
        try:
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.IPPROTO_ICMP)
        except PermissionError as error:
            raise PermissionMissing("may not open raw sockets", "CAP_NET_RAW is needed") from error
        try:
            attach(self._socket, echo_replies(self._identifier))
            # By the main table: what comes out of the tunnel is not to go into it again.
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, SIGNALLING_MARK)
        except OSError as error:
            self._socket.close()
            if isinstance(error, PermissionError):
                raise PermissionMissing("may not mark packets", "CAP_NET_ADMIN is needed") from error
            raise

    def start(self) -> None:
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._read)

    def stop(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket.fileno())
        self._socket.close()

    def send(self, departure: Departure, number: int) -> int:
        """One probe by `departure.interface`, whatever the routes of the mobile node say; the errno, 0 when it went.

        What did not go stays unanswered, as what is lost on its way.
        """
        message = echo(True, self._identifier, number, self._token)
        if departure.link_destination is not None:
            result = self._send_frame(message, departure)
        else:
            result = self._send_packet(message, departure)
        if not result:
            self._waiting.pop(number, None)
            self._waiting[number] = (departure.interface or "", departure.destination)
            if len(self._waiting) > REMEMBERED:
                del self._waiting[next(iter(self._waiting))]
        return result

    def _send_packet(self, message: bytes, departure: Departure) -> int:
        source = departure.source.packed if departure.source is not None else bytes(4)
        try:
            index = socket.if_nametoindex(departure.interface or "")
            ancillary = [(socket.IPPROTO_IP, IP_PKTINFO, _PKTINFO.pack(index, source, bytes(4)))]
            self._socket.sendmsg([message], ancillary, 0, (str(departure.destination), 0))
        except OSError as error:
            return error.errno or errno.ENODEV
        return 0

    def _read(self) -> None:
        for _ in range(PACKETS_PER_WAKE_UP):
            try:
                packet = self._socket.recv(LARGEST_PACKET)
            except BlockingIOError:
                return
            except OSError:
                continue  # an ICMP error about something that we sent stands before the next packet
            self._heard(packet)

    def _heard(self, packet: bytes) -> None:
        """RFC 792: "The data received in the echo message must be returned in the echo reply message". What came in
        before the filter was there is checked here."""
        message = packet[(packet[0] & 0xF) * 4 :]
        head = bytes((ECHO_REPLY, 0)), self._identifier.to_bytes(2), self._token
        if (message[:2], message[4:6], message[ICMP_HEADER:]) != head:
            return
        number = int.from_bytes(message[6:8])
        interface, destination = self._waiting.get(number, ("", None))
        if destination is not None and packet[12:16] == destination.packed:
            del self._waiting[number]
            self._on_answer(interface, number)


def _identifier() -> int:
    """One for each process, and never that of the keepalives."""
    while (drawn := int.from_bytes(os.urandom(2))) == OF_KEEPALIVES:
        pass
    return drawn
