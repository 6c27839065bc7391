"""The UDP socket on port 434: signalling over routed paths, answered from the address that was asked."""

import errno
import socket
import struct
from collections.abc import Collection, Iterator
from ipaddress import IPv4Address
from typing import NamedTuple

from mobileip.dataplane.ports import SIGNALLING_MARK
from mobileip.linux.buffers import enlarge
from mobileip.linux.classic_bpf import all_but_tunnelled_data, attach
from mobileip.linux.errors import PermissionMissing, PortOccupied
from mobileip.linux.packet_info import IP_PKTINFO
from mobileip.wire.numbers import MOBILE_IP_UDP_PORT

IP_RECVTTL, IP_TTL, IP_RECVERR = 12, 2, 11
_PKTINFO = struct.Struct("=I4s4s")
"""struct in_pktinfo: interface, local address of the route (source on sending), destination in the header."""
_INT = struct.Struct("=i")
_EXTENDED_ERROR = struct.Struct("=IBBBxII")
"""struct sock_extended_err: errno, origin, ICMP type and code, and two words more."""
_ORIGIN_ICMP = 2
"""SO_EE_ORIGIN_ICMP: somebody else told us, not our own kernel."""
RECEIVE_BUFFER, SEND_BUFFER = 8 << 20, 4 << 20
LARGEST_DATAGRAM = 65_535


class Datagram(NamedTuple):
    payload: bytes
    source: IPv4Address
    source_port: int
    destination: IPv4Address
    interface: int
    ttl: int


class Failure(NamedTuple):
    """An ICMP error about a datagram that we sent, and as much of its payload as the error quotes."""

    destination: IPv4Address
    icmp_type: int
    icmp_code: int
    payload: bytes


class SignallingSocket:
    """Raises: `PortOccupied`, `PermissionMissing`."""

    def __init__(self, port: int = MOBILE_IP_UDP_PORT) -> None:
        self.port = port
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            self._socket.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
            self._socket.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
            self._socket.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, SIGNALLING_MARK)
            attach(
                self._socket, all_but_tunnelled_data()
            )  # a raw socket takes that, with the headers that tell its tunnel
            enlarge(self._socket, receive=RECEIVE_BUFFER, send=SEND_BUFFER)
            self._socket.bind(("0.0.0.0", port))  # noqa: S104 - RFC 5944 §3.8.2.1 requests may come to a broadcast
        except OSError as error:
            self._socket.close()
            if error.errno == errno.EADDRINUSE:
                raise PortOccupied(f"UDP port {port} is in use", "is another Mobile IP daemon running here?") from error
            raise PermissionMissing(
                f"may not use UDP port {port}", "CAP_NET_BIND_SERVICE and CAP_NET_ADMIN are needed"
            ) from error

    def leave_out(self, interfaces: Collection[int]) -> None:
        """What comes in by these (indices) others hear: it wakes nobody here. Raises: OSError."""
        attach(self._socket, all_but_tunnelled_data(interfaces))

    def fileno(self) -> int:
        return self._socket.fileno()

    def datagrams(self, limit: int) -> Iterator[Datagram]:
        """At most `limit` datagrams that are waiting."""
        for _ in range(limit):
            try:
                payload, ancillary, _, (source, source_port) = self._socket.recvmsg(LARGEST_DATAGRAM, 128)
            except BlockingIOError:
                return
            except OSError:
                continue  # an ICMP error about something that we sent: `failures` tells which
            interface, destination, ttl = 0, b"\0\0\0\0", 64
            for level, name, data in ancillary:
                if level == socket.IPPROTO_IP and name == IP_PKTINFO:
                    interface, _, destination = _PKTINFO.unpack(data)
                elif level == socket.IPPROTO_IP and name == IP_TTL:
                    (ttl,) = _INT.unpack(data)
            yield Datagram(payload, IPv4Address(source), source_port, IPv4Address(destination), interface, ttl)

    def failures(self, limit: int) -> Iterator[Failure]:
        """At most `limit` ICMP errors that are waiting."""
        for _ in range(limit):
            try:
                payload, ancillary, _, address = self._socket.recvmsg(LARGEST_DATAGRAM, 256, socket.MSG_ERRQUEUE)
            except OSError:
                return
            for level, name, data in ancillary:
                if level == socket.IPPROTO_IP and name == IP_RECVERR:
                    _, origin, icmp_type, icmp_code, _, _ = _EXTENDED_ERROR.unpack_from(data)
                    if origin == _ORIGIN_ICMP:
                        yield Failure(IPv4Address(address[0]), icmp_type, icmp_code, payload)

    def send(
        self,
        payload: bytes,
        destination: IPv4Address,
        port: int,
        *,
        source: IPv4Address | None,
        interface: int,
        ttl: int,
    ) -> int:
        """By the main table (our mark), from `source` if given; the errno, 0 when it went."""
        ancillary = [(socket.IPPROTO_IP, IP_TTL, _INT.pack(ttl))]
        if source is not None or interface:
            local = source.packed if source is not None else bytes(4)
            ancillary.append((socket.IPPROTO_IP, IP_PKTINFO, _PKTINFO.pack(interface, local, bytes(4))))
        number = self._send(payload, ancillary, (str(destination), port))
        # The first error may be an ICMP error about an earlier datagram, which IP_RECVERR hands to whoever comes next.
        return self._send(payload, ancillary, (str(destination), port)) if number else 0

    def _send(self, payload: bytes, ancillary: list[tuple[int, int, bytes]], address: tuple[str, int]) -> int:
        try:
            self._socket.sendmsg([payload], ancillary, 0, address)
        except OSError as error:
            return error.errno or errno.EIO
        return 0

    def close(self) -> None:
        self._socket.close()
