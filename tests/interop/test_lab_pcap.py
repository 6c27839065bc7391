"""tshark reads the captures that the lab writes."""

import subprocess
from pathlib import Path

import pytest

from mobileip.lab import pcap

pytestmark = pytest.mark.oracle

ARP = bytes.fromhex("ffffffffffff020000000800080600010800060400010200000008000a01000a0000000000000a010001")


def test_tshark_reads_times_lengths_and_frames(tmp_path: Path) -> None:
    file = tmp_path / "x.pcap"
    cut = pcap.Record(time=1_700_000_001_000_000_000, length=1514, octets=ARP[:14])
    pcap.write(file, [cut, pcap.Record(time=1_700_000_000_123_456_789, length=len(ARP), octets=ARP)])
    fields = ["frame.time_epoch", "frame.len", "frame.cap_len", "arp.src.proto_ipv4"]
    words = ["tshark", "-r", str(file), "-T", "fields", *(word for field in fields for word in ("-e", field))]
    shown = subprocess.run(words, check=True, capture_output=True, text=True).stdout.splitlines()
    assert [line.split("\t") for line in shown] == [
        ["1700000000.123456789", "42", "42", "10.1.0.10"],
        ["1700000001.000000000", "1514", "14", ""],
    ]
