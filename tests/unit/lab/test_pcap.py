"""pcap files: what is written is read, in the order of time."""

import struct
from pathlib import Path

import pytest

from mobileip.lab import pcap

EARLY = pcap.Record(time=1_700_000_000_123_456_789, length=60, octets=bytes(60))
LATE = pcap.Record(time=1_700_000_001_000_000_001, length=1514, octets=b"\xff" * 96)


def test_frames_are_written_in_order_and_read_back(tmp_path: Path) -> None:
    pcap.write(tmp_path / "x.pcap", [LATE, EARLY])
    assert list(pcap.read(tmp_path / "x.pcap")) == [EARLY, LATE]


def test_the_header_is_that_of_ethernet_with_nanoseconds(tmp_path: Path) -> None:
    pcap.write(tmp_path / "x.pcap", [])
    assert (tmp_path / "x.pcap").read_bytes() == struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1)


@pytest.mark.parametrize("octets", [b"", b"GIF89a" + bytes(40)])
def test_another_file_is_refused(tmp_path: Path, octets: bytes) -> None:
    (tmp_path / "x").write_bytes(octets)
    with pytest.raises(ValueError, match="not a little-endian pcap file"):
        list(pcap.read(tmp_path / "x"))
