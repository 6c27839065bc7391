"""What tshark and tcpdump read in the packets that the engine puts into a tunnel of every form.

tshark takes whatever stands behind a Tunnel Data header (RFC 3519 §3.3) for an IPv4 packet, so GRE and minimal
encapsulation in UDP are judged twice: the headers down to Tunnel Data as they are, and what follows them behind an IPv4
header of its own. Minimal encapsulation, which tshark does not know, is tcpdump's to judge.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address
from itertools import product
from pathlib import Path

import pytest
from scapy.layers.inet import IP
from tests.support.tcpdump import told_by_tcpdump
from tests.support.tshark import dissect
from tests.support.wishes import (
    CARE_OF,
    CORRESPONDENT,
    FORMS,
    HOME_ADDRESS,
    HOME_AGENT,
    binding,
    reverse_tunnel,
    turned,
)

from mobileip.dataplane.fake import FakeKernel, FakePacketPort
from mobileip.dataplane.userspace.engine import UserspaceEngine
from mobileip.forwarding.model import ForwardingChange, Wish
from mobileip.forwarding.tunnel import Encapsulation, GreOptions, Tunnel, UdpPorts
from mobileip.wire.ip.icmp import echo
from mobileip.wire.ip.ipv4 import DONT_FRAGMENT, MORE_FRAGMENTS, Ipv4Packet, encode_ipv4

pytestmark = pytest.mark.oracle

NOW = 10.0
HEADERS_IN_UDP = 12
"""UDP's and Tunnel Data's."""
NO_CHECKSUM, GOOD = "3", "1"
"""tshark's words for the state of a checksum."""
PROTOCOLS = {Encapsulation.IPIP: 4, Encapsulation.GRE: 47, Encapsulation.MINIMAL: 55}

Form = tuple[Encapsulation, GreOptions, UdpPorts | None]


def ping(source: IPv4Address, destination: IPv4Address, **fields: int) -> bytes:
    values = {"ttl": 61, "tos": 0xB8, "fragment": DONT_FRAGMENT, "identification": 0x4242} | fields
    payload = echo(True, 0x1234, 7, b"odd")
    return encode_ipv4(Ipv4Packet(source=source, destination=destination, protocol=1, payload=payload, **values))


def put_in(wish: Wish, *packets: bytes) -> list[bytes]:
    port = FakePacketPort()
    engine = UserspaceEngine("mip0", FakeKernel(), port)
    engine.apply(ForwardingChange(install=(wish,)))
    for packet in packets:
        engine.packet_from_device(packet, NOW)
    return port.outer


def both_ways(form: Form, count: int = 1) -> Iterator[tuple[Tunnel, bytes, bytes]]:
    """Tunnel as its sender sees it, inner and outer packet: to the mobile node, and from it."""
    to_care_of = Tunnel(HOME_AGENT, CARE_OF, *form)
    to_home_agent = turned(to_care_of)
    for tunnel, wish, inner in (
        (to_care_of, binding(HOME_ADDRESS, to_care_of), ping(CORRESPONDENT, HOME_ADDRESS)),
        (to_home_agent, reverse_tunnel(tunnel=to_home_agent), ping(HOME_ADDRESS, CORRESPONDENT)),
    ):
        for outer in put_in(wish, *[inner] * count):
            yield tunnel, inner, outer


def forms(*encapsulations: Encapsulation, in_udp: bool) -> list[Form]:
    return [form for form in FORMS if form[0] in encapsulations and (form[2] is not None) is in_udp]


def ends(packet: bytes) -> tuple[str, str]:
    return str(IPv4Address(packet[12:16])), str(IPv4Address(packet[16:20]))


# -- in UDP


def test_tshark_reads_ip_in_udp_down_to_the_ping(tmp_path: Path) -> None:
    made = [each for form in forms(Encapsulation.IPIP, in_udp=True) for each in both_ways(form)]
    results = dissect(tmp_path / "x.pcap", [outer for *_, outer in made], "ip", "udp", "mip", "icmp")
    for (tunnel, inner, outer), fields in zip(made, results, strict=True):
        assert "malformed" not in fields
        assert tunnel.udp is not None
        assert (fields["udp.srcport"], fields["udp.dstport"]) == ([str(tunnel.udp.local)], [str(tunnel.udp.remote)])
        assert fields["udp.length"] == [str(len(inner) + HEADERS_IN_UDP)]
        assert fields["udp.checksum.status"] == [NO_CHECKSUM]
        assert (fields["mip.type"], fields["mip.nattt.nexthdr"]) == (["4"], ["4"])
        assert fields["mip.nattt.reserved"] == ["0x0000"]
        assert fields["ip.proto"] == ["17", "1"]
        assert list(zip(fields["ip.src"], fields["ip.dst"], strict=True)) == [ends(outer), ends(inner)]
        assert fields["ip.checksum.status"] == [GOOD, GOOD]
        assert (fields["ip.ttl"], fields["ip.dsfield"]) == (["64", "61"], ["0xb8", "0xb8"])
        assert (fields["icmp.type"], fields["icmp.checksum.status"]) == (["8"], [GOOD])


@pytest.mark.parametrize("encapsulation", [Encapsulation.GRE, Encapsulation.MINIMAL])
def test_tshark_reads_the_headers_of_other_forms_in_udp(encapsulation: Encapsulation, tmp_path: Path) -> None:
    made = [each for form in forms(encapsulation, in_udp=True) for each in both_ways(form)]
    results = dissect(tmp_path / "x.pcap", [outer for *_, outer in made], "ip", "udp", "mip")
    for (tunnel, _, outer), fields in zip(made, results, strict=True):
        assert tunnel.udp is not None
        assert (fields["udp.srcport"], fields["udp.dstport"]) == ([str(tunnel.udp.local)], [str(tunnel.udp.remote)])
        assert fields["udp.length"] == [str(len(outer) - 20)]
        assert fields["mip.type"] == ["4"]
        assert fields["mip.nattt.nexthdr"] == [str(PROTOCOLS[encapsulation])]
        assert fields["mip.nattt.reserved"] == ["0x0000"]
        assert (fields["ip.len"][0], fields["ip.checksum.status"][0]) == (str(len(outer)), GOOD)


def without_udp(outer: bytes) -> bytes:
    """What follows Tunnel Data, behind the outer header (without options) of the same packet, made right by scapy."""
    header = IP(outer[:20])
    header.proto = outer[20 + 9]
    del header.len
    del header.chksum
    return bytes(header / outer[20 + HEADERS_IN_UDP :])


# -- GRE


@pytest.mark.parametrize("in_udp", [False, True])
def test_tshark_reads_gre_down_to_the_ping_with_key_checksum_and_number(in_udp: bool, tmp_path: Path) -> None:
    made = [each for form in forms(Encapsulation.GRE, in_udp=in_udp) for each in both_ways(form, count=2)]
    octets = [without_udp(outer) if in_udp else outer for *_, outer in made]
    results = dissect(tmp_path / "x.pcap", octets, "ip", "gre", "icmp")
    for number, ((tunnel, inner, outer), fields) in enumerate(zip(made, results, strict=True)):
        gre = tunnel.gre
        assert "malformed" not in fields
        assert fields["ip.proto"] == ["47", "1"]
        assert fields["gre.proto"] == ["0x0800"]
        assert fields.get("gre.key", []) == ([] if gre.sent_key is None else [f"0x{gre.sent_key:08x}"])
        assert fields.get("gre.checksum.status", []) == ([GOOD] if gre.with_checksum else [])
        assert fields.get("gre.sequence_number", []) == ([str(number % 2)] if gre.with_sequence else [])
        assert list(zip(fields["ip.src"], fields["ip.dst"], strict=True)) == [ends(outer), ends(inner)]
        assert (fields["ip.checksum.status"], fields["icmp.checksum.status"]) == ([GOOD, GOOD], [GOOD])
        assert (fields["ip.ttl"], fields["ip.dsfield"]) == (["64", "61"], ["0xb8", "0xb8"])


# -- minimal encapsulation


def of_every_kind() -> Iterator[bytes]:
    for protocol, payload, options in product((1, 6, 17), (b"", b"odd", bytes(1000)), (b"", b"\1\1\1\0")):
        yield encode_ipv4(
            Ipv4Packet(
                source=CORRESPONDENT, destination=HOME_ADDRESS, protocol=protocol, payload=payload, options=options
            )
        )


@pytest.mark.parametrize("in_udp", [False, True])
def test_tcpdump_accepts_minimal_encapsulation_and_its_checksums(in_udp: bool, tmp_path: Path) -> None:
    udp = UdpPorts(434, 61_000) if in_udp else None
    tunnel = Tunnel(HOME_AGENT, CARE_OF, Encapsulation.MINIMAL, udp=udp)
    packets = [packet for packet in of_every_kind() if packet[0] == 0x45 or not in_udp]
    outers = put_in(binding(HOME_ADDRESS, tunnel), *packets)
    lines = told_by_tcpdump(tmp_path / "x.pcap", [without_udp(outer) if in_udp else outer for outer in outers])
    for packet, line in zip(packets, lines, strict=True):
        assert f"length {len(packet) + 12}" in line
        assert f"{HOME_AGENT} > {CARE_OF}: " in line
        assert "mobile: [S] " in line
        assert f"{CORRESPONDENT} > {HOME_ADDRESS} (oproto={packet[9]})" in line
        assert "bad" not in line


def test_tshark_reads_a_fragment_by_ip_in_ip_where_minimal_encapsulation_was_agreed(tmp_path: Path) -> None:
    fragment = ping(CORRESPONDENT, HOME_ADDRESS, fragment=MORE_FRAGMENTS)
    minimal = forms(Encapsulation.MINIMAL, in_udp=False) + forms(Encapsulation.MINIMAL, in_udp=True)
    outers = [put_in(binding(HOME_ADDRESS, Tunnel(HOME_AGENT, CARE_OF, *form)), fragment)[0] for form in minimal]
    plain, *in_udp = dissect(tmp_path / "x.pcap", outers, "ip", "mip")
    assert plain["ip.proto"] == ["4", "1"]
    assert [fields["mip.nattt.nexthdr"] for fields in in_udp] == [["4"], ["4"]]
    for fields in (plain, *in_udp):
        assert fields["ip.flags.mf"] == ["0", "1"]
        assert fields["ip.checksum.status"] == [GOOD, GOOD]
