"""What tshark, tcpdump and scapy read in GRE and minimal encapsulation, and what scapy writes.

tshark does not know protocol 55: minimal encapsulation is tcpdump's to judge. In UDP tshark takes whatever follows the
Tunnel Data header for an IPv4 packet, so GRE is judged behind an IPv4 header.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address
from itertools import product
from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.l2 import GRE
from scapy.packet import Raw
from tests.support.tcpdump import told_by_tcpdump
from tests.support.tshark import dissect

from mobileip.wire.ip import gre, minimal
from mobileip.wire.ip.icmp import echo
from mobileip.wire.ip.ipv4 import PROTOCOL_MINIMAL, Ipv4Packet, encode_ipv4

pytestmark = pytest.mark.oracle

A, B = IPv4Address("192.0.2.1"), IPv4Address("198.51.100.7")
SOURCE, HOME_ADDRESS = IPv4Address("203.0.113.5"), IPv4Address("10.1.0.5")
PING = encode_ipv4(
    Ipv4Packet(source=SOURCE, destination=HOME_ADDRESS, protocol=1, payload=echo(True, 0x1234, 7, b"odd"), ttl=61)
)
FORMS = [*product((None, 0, 0xDEADBEEF), (None, 0, 0xFFFFFFFF), (False, True))]
"""Key, sequence number, checksum."""


def through_gre(packet: bytes) -> Iterator[tuple[int | None, int | None, bool, bytes]]:
    for key, sequence, with_checksum in FORMS:
        fields = {"key": key, "sequence": sequence, "with_checksum": with_checksum}
        outer = gre.encapsulate(packet, A.packed, B.packed, identification=0x4242, ttl=33, **fields)
        yield key, sequence, with_checksum, outer


# -- GRE


def test_tshark_reads_gre_down_to_the_ping_in_it(tmp_path: Path) -> None:
    made = [*through_gre(PING)]
    results = dissect(tmp_path / "x.pcap", [outer for *_, outer in made], "gre", "ip", "icmp")
    for (key, sequence, with_checksum, _), fields in zip(made, results, strict=True):
        assert "malformed" not in fields
        assert fields["ip.proto"] == ["47", "1"]
        assert fields["gre.proto"] == ["0x0800"]
        assert fields.get("gre.key", []) == ([] if key is None else [f"0x{key:08x}"])
        assert fields.get("gre.sequence_number", []) == ([] if sequence is None else [str(sequence)])
        assert fields.get("gre.checksum.status", []) == (["1"] if with_checksum else [])
        assert fields["gre.flags.version"] == ["0"]
        assert fields["ip.checksum.status"] == ["1", "1"]
        assert (fields["ip.src"], fields["ip.dst"]) == ([str(A), str(SOURCE)], [str(B), str(HOME_ADDRESS)])
        assert (fields["ip.ttl"], fields["icmp.checksum.status"]) == (["33", "61"], ["1"])


def test_tshark_finds_a_gre_checksum_wrong_where_we_do(tmp_path: Path) -> None:
    outer = gre.encapsulate(PING, A.packed, B.packed, identification=1, with_checksum=True)
    wrong = outer[:-1] + bytes((outer[-1] ^ 1,))
    (fields,) = dissect(tmp_path / "x.pcap", [wrong], "gre")
    assert fields["gre.checksum.status"] == ["0"]
    with pytest.raises(gre.DecodeError, match="bad_checksum"):
        gre.decapsulate(wrong)


def by_scapy(key: int | None, sequence: int | None, with_checksum: bool, **fields: int) -> GRE:
    return GRE(
        proto=0x0800,
        chksum_present=int(with_checksum),
        key_present=int(key is not None),
        seqnum_present=int(sequence is not None),
        key=key,
        sequence_number=sequence,
        **fields,
    )


@pytest.mark.parametrize("payload", [b"even", b"odd"])
def test_scapy_builds_the_same_octets(payload: bytes) -> None:
    inner = IP(src=str(SOURCE), dst=str(HOME_ADDRESS), tos=0xB8, flags="DF") / UDP(sport=1, dport=2) / Raw(payload)
    for key, sequence, with_checksum, outer in through_gre(bytes(inner)):
        delivery = IP(src=str(A), dst=str(B), id=0x4242, ttl=33, tos=0xB8, flags="DF", proto=47)
        assert bytes(delivery / by_scapy(key, sequence, with_checksum) / inner) == outer


def test_what_scapy_encapsulates_comes_out() -> None:
    inner = IP(src=str(SOURCE), dst=str(HOME_ADDRESS)) / ICMP() / Raw(b"data")
    for key, sequence, with_checksum in FORMS:
        outer = IP(src=str(A), dst=str(B), options=[]) / by_scapy(key, sequence, with_checksum, recursion_control=3)
        header, packet = gre.decapsulate(bytes(outer / inner))
        assert (header.key, header.sequence, header.has_checksum) == (key, sequence, with_checksum)
        assert packet == bytes(inner)


# -- minimal encapsulation


def inners(shortest: bytes = b"") -> Iterator[bytes]:
    for protocol, payload, options in product((1, 6, 17), (shortest, b"odd one", bytes(1000)), (b"", b"\1\1\1\0")):
        yield encode_ipv4(
            Ipv4Packet(source=SOURCE, destination=HOME_ADDRESS, protocol=protocol, payload=payload, options=options)
        )


def test_tcpdump_reads_minimal_encapsulation_with_the_source(tmp_path: Path) -> None:
    packets = [*inners()]
    lines = told_by_tcpdump(tmp_path / "x.pcap", [minimal.encapsulate(p, A.packed, B.packed) for p in packets])
    for packet, line in zip(packets, lines, strict=True):
        assert f"length {len(packet) + 12}" in line
        assert "mobile: [S] " in line
        assert f"{SOURCE} > {HOME_ADDRESS}" in line
        assert f"(oproto={packet[9]})" in line
        assert f"{A} > {B}: " in line
        assert "bad" not in line


def test_tcpdump_reads_minimal_encapsulation_by_the_source_itself(tmp_path: Path) -> None:
    packets = [*inners(b"four")]  # tcpdump wants 12 octets there, whatever S says
    lines = told_by_tcpdump(tmp_path / "x.pcap", [minimal.encapsulate(p, SOURCE.packed, B.packed) for p in packets])
    for packet, line in zip(packets, lines, strict=True):
        assert f"length {len(packet) + 8}" in line
        assert "mobile: [] " in line
        assert f"> {HOME_ADDRESS} (oproto={packet[9]})" in line
        assert f"{SOURCE} > {B}: " in line
        assert "bad" not in line


def test_tcpdump_finds_a_checksum_wrong_where_we_do(tmp_path: Path) -> None:
    outer = minimal.encapsulate(PING, A.packed, B.packed)
    wrong = outer[:31] + bytes((outer[31] ^ 1,)) + outer[32:]
    (line,) = told_by_tcpdump(tmp_path / "x.pcap", [wrong])
    assert "bad checksum" in line
    with pytest.raises(minimal.DecodeError, match="bad_checksum"):
        minimal.decapsulate(wrong)


def test_scapy_finds_the_changed_header_right() -> None:
    for packet in inners():
        outer = IP(minimal.encapsulate(packet, A.packed, B.packed))
        again = outer.copy()
        del again.chksum
        del again.len
        assert bytes(again) == bytes(outer)
        assert (outer.src, outer.dst, outer.proto) == (str(A), str(B), PROTOCOL_MINIMAL)
        assert bytes(IP(minimal.decapsulate(bytes(outer)))) == packet
