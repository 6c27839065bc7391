"""A capture of everything that went over any link: classic pcap of IPv4 packets (LINKTYPE_RAW), for Wireshark.

https://www.ietf.org/archive/id/draft-gharris-opsawg-pcap-01.html
"""

import struct
from typing import BinaryIO

from mobileip.sim.network import Passage

_MAGIC_NANOSECONDS = 0xA1B23C4D
LINKTYPE_RAW = 101
_FILE_HEADER = struct.Struct("<IHHiIII")
_PACKET_HEADER = struct.Struct("<IIII")
_LONGEST = 65535
START = 1546300800
"""Virtual time 0, seconds since 1970: 2019-01-01, as the hosts' clocks have it."""


class Capture:
    """Writes packets as they pass; a packet that crosses three links is there three times, as a capture on every link
    would have it. Copies of one multicast to several receivers are one."""

    def __init__(self, output: BinaryIO) -> None:
        self._output = output
        self._last: tuple[object, str, float] | None = None
        output.write(_FILE_HEADER.pack(_MAGIC_NANOSECONDS, 2, 4, 0, 0, _LONGEST, LINKTYPE_RAW))

    def pass_on(self, passage: Passage) -> None:
        """A tap: one packet left for the next machine."""
        same = (id(passage.packet), passage.link, passage.sent_at)
        octets = passage.packet.octets()
        if same == self._last or not octets:
            return  # ARP is no IPv4
        self._last = same
        seconds, fraction = divmod(passage.sent_at, 1.0)
        header = _PACKET_HEADER.pack(START + int(seconds), int(fraction * 1e9), len(octets), len(octets))
        self._output.write(header + octets)
