"""Classic pcap files: written and read. https://www.ietf.org/archive/id/draft-gharris-opsawg-pcap-01.html"""

import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

_MAGIC_NANOSECONDS = 0xA1B23C4D
_LINKTYPE_ETHERNET = 1
_FILE_HEADER = struct.Struct("<IHHiIII")
_FRAME_HEADER = struct.Struct("<IIII")
_LONGEST = 262144


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A frame: `time` in nanoseconds since 1970, `length` as on the wire, `octets` perhaps cut shorter."""

    time: int
    length: int
    octets: bytes


def write(file: Path, records: Iterable[Record]) -> None:
    """In the order of their times."""
    with file.open("wb") as output:
        output.write(_FILE_HEADER.pack(_MAGIC_NANOSECONDS, 2, 4, 0, 0, _LONGEST, _LINKTYPE_ETHERNET))
        for record in sorted(records, key=lambda record: record.time):
            seconds, nanoseconds = divmod(record.time, 1_000_000_000)
            output.write(_FRAME_HEADER.pack(seconds, nanoseconds, len(record.octets), record.length))
            output.write(record.octets)


def read(file: Path) -> Iterator[Record]:
    """The frames of a file that `write` made. Raises ValueError when it is none."""
    octets = file.read_bytes()
    if len(octets) < _FILE_HEADER.size or _FILE_HEADER.unpack_from(octets)[0] != _MAGIC_NANOSECONDS:
        raise ValueError(f"{file}: not a little-endian pcap file with nanoseconds")
    at = _FILE_HEADER.size
    while at < len(octets):
        seconds, nanoseconds, kept, length = _FRAME_HEADER.unpack_from(octets, at)
        at += _FRAME_HEADER.size
        yield Record(time=seconds * 1_000_000_000 + nanoseconds, length=length, octets=octets[at : at + kept])
        at += kept
