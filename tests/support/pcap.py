"""A writer of classic pcap files (libpcap's pcap-savefile(5)), IPv4 packets without a link-layer header."""

import struct
from collections.abc import Iterable
from pathlib import Path

_MAGIC = 0xA1B2C3D4
_LINKTYPE_RAW = 101


def write_pcap(path: Path, packets: Iterable[bytes]) -> None:
    """One IPv4 packet for each record, at one millisecond's distance."""
    with path.open("wb") as file:
        file.write(struct.pack("!IHHiIII", _MAGIC, 2, 4, 0, 0, 0xFFFF, _LINKTYPE_RAW))
        for number, packet in enumerate(packets):
            file.write(struct.pack("!IIII", number // 1000, number % 1000 * 1000, len(packet), len(packet)))
            file.write(packet)
