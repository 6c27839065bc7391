"""Broadcasts on the links of home networks: heard by packet sockets, only while somebody wants copies of them."""

from collections.abc import Callable

from mobileip.linux.classic_bpf import home_broadcasts
from mobileip.linux.link_readers import LinkReaders
from mobileip.linux.links import DHCP_CLIENT_PORT, DHCP_SERVER_PORT, LinkSocket
from mobileip.wire.ip.checksum import checksum
from mobileip.wire.ip.ipv4 import MORE_FRAGMENTS, OFFSET_MASK, PROTOCOL_UDP
from mobileip.wire.numbers import MOBILE_IP_UDP_PORT

BATCH = 64
"""Frames handled at one wake-up."""

UDP_CHECKSUM = slice(6, 8)


class HomeLinks(LinkReaders[bool]):
    """Wanted on a link: multicasts too? `on_broadcast` is told the interface and the whole IPv4 packet."""

    def __init__(self, on_broadcast: Callable[[str, bytes], None]) -> None:
        super().__init__()
        self._on_broadcast = on_broadcast

    def socket_for(self, name: str, wanted: bool) -> LinkSocket:
        program = home_broadcasts(MOBILE_IP_UDP_PORT, (DHCP_SERVER_PORT, DHCP_CLIENT_PORT), groups=wanted)
        return LinkSocket(name, program, None if wanted else ())

    def read(self, link: LinkSocket, wanted: bool) -> None:
        for frame in link.frames(BATCH):
            self._on_broadcast(link.interface, frame.packet if frame.checksum_ready else completed(frame.packet))


def completed(packet: bytes) -> bytes:
    """A packet of this very machine (a veth, a virtual machine's link), whose UDP checksum was left to a card that
    never sees it: so far it holds the sum over the pseudo header (RFC 768). Others are given back as they are.
    """
    start = (packet[0] & 0x0F) << 2 if packet else 0
    is_fragment = int.from_bytes(packet[6:8]) & (MORE_FRAGMENTS | OFFSET_MASK)
    datagram = bytearray(packet[start : int.from_bytes(packet[2:4])])
    if packet[9:10] != bytes((PROTOCOL_UDP,)) or is_fragment or len(datagram) < UDP_CHECKSUM.stop:
        return packet
    # A sum of 0 would mean that there is none.
    datagram[UDP_CHECKSUM] = (checksum(bytes(datagram)) or 0xFFFF).to_bytes(2)
    return packet[:start] + datagram
