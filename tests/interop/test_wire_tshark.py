"""tshark reads what we encode, field by field: every message, router discovery, tunnels, ICMP errors."""

from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from tests.support import vectors
from tests.support.tshark import dissect

from mobileip.wire.agent_discovery import AgentSolicitation, encode_icmp
from mobileip.wire.ip.icmp import echo, fragmentation_needed, time_exceeded, unreachable
from mobileip.wire.ip.ipip import encapsulate
from mobileip.wire.ip.ipv4 import PROTOCOL_ICMP, PROTOCOL_UDP, Ipv4Packet, encode_ipv4
from mobileip.wire.ip.udp import encode_udp
from mobileip.wire.message import Message, encode_message
from mobileip.wire.registration import RegistrationReply, RegistrationRequest
from mobileip.wire.revocation import RegistrationRevocation, RevocationAcknowledgment
from mobileip.wire.tunnel_data import TunnelData

pytestmark = pytest.mark.oracle

A, B = IPv4Address("192.0.2.1"), IPv4Address("198.51.100.7")


def _udp(message: Message) -> bytes:
    payload = encode_udp(A, B, 434, 434, encode_message(message))
    return encode_ipv4(Ipv4Packet(source=A, destination=B, protocol=PROTOCOL_UDP, payload=payload))


def _icmp(payload: bytes) -> bytes:
    return encode_ipv4(Ipv4Packet(source=A, destination=B, protocol=PROTOCOL_ICMP, payload=payload))


def _flags(**names: bool) -> dict[str, str]:
    return {name.replace("__", "."): str(int(value)) for name, value in names.items()}


def _request(m: RegistrationRequest) -> dict[str, str]:
    return {
        "mip.type": "1",
        "mip.life": str(m.lifetime),
        "mip.homeaddr": str(m.home_address),
        "mip.haaddr": str(m.home_agent),
        "mip.coa": str(m.care_of_address),
    } | _flags(
        mip__s=m.simultaneous_bindings,
        mip__b=m.broadcast_datagrams,
        mip__d=m.decapsulation_by_mobile_node,
        mip__m=m.minimal_encapsulation,
        mip__g=m.gre_encapsulation,
        mip__v=m.reserved_r,
        mip__t=m.reverse_tunneling,
        mip__x=m.reserved_x,
    )


def _reply(m: RegistrationReply) -> dict[str, str]:
    return {
        "mip.type": "3",
        "mip.code": str(m.code),
        "mip.life": str(m.lifetime),
        "mip.homeaddr": str(m.home_address),
        "mip.haaddr": str(m.home_agent),
    }


def _tunnel_data(m: TunnelData) -> dict[str, str]:
    return {
        "mip.type": "4",
        "mip.nattt.nexthdr": str(m.next_header),
        "mip.nattt.reserved": f"0x{m.reserved:04x}",
    }


def _revocation(m: RegistrationRevocation) -> dict[str, str]:
    return {
        "mip.type": "7",
        "mip.rev.reserved": f"0x{m.reserved_1:02x}",
        "mip.rev.a": str(int(m.from_home_agent)),
        "mip.rev.i": str(int(m.inform)),
        "mip.rev.reserved2": f"0x{m.reserved_2:04x}",
        "mip.homeaddr": str(m.home_address),
        "mip.rev.hda": str(m.home_domain_address),
        "mip.rev.fda": str(m.foreign_domain_address),
        "mip.revid": str(m.revocation_identifier),
    }


def _acknowledgment(m: RevocationAcknowledgment) -> dict[str, str]:
    return {
        "mip.type": "15",
        "mip.ack.reserved": f"0x{m.reserved_1:02x}",
        "mip.ack.i": str(int(m.inform)),
        "mip.ack.reserved2": f"0x{m.reserved_2:04x}",
        "mip.homeaddr": str(m.home_address),
        "mip.revid": str(m.revocation_identifier),
    }


READERS: dict[type[Message], Callable[[Any], dict[str, str]]] = {
    RegistrationRequest: _request,
    RegistrationReply: _reply,
    TunnelData: _tunnel_data,
    RegistrationRevocation: _revocation,
    RevocationAcknowledgment: _acknowledgment,
}


def test_messages(tmp_path: Path) -> None:
    messages = [message for message, _ in vectors.MESSAGES]
    for message, fields in zip(messages, dissect(tmp_path / "x.pcap", map(_udp, messages), "mip", "udp"), strict=True):
        assert fields["udp.checksum.status"] == ["1"]
        for name, value in READERS[type(message)](message).items():
            assert (name, fields[name]) == (name, [value])


def test_identification_as_time(tmp_path: Path) -> None:
    (fields,) = dissect(tmp_path / "x.pcap", [_udp(vectors.REQUEST)], "mip")
    # 0xe0000000 s after 1900, 0x12345678 / 2^32 s.
    assert fields["mip.ident"] == ["Feb  2, 2019 11:39:44.071111110 UTC"]


def test_tunnel_data_holds_a_packet(tmp_path: Path) -> None:
    inner = _icmp(echo(True, 1, 2, b"data"))
    (fields,) = dissect(tmp_path / "x.pcap", [_udp(TunnelData(4, inner))], "mip", "icmp", "ip")
    assert fields["mip.nattt.nexthdr"] == ["4"]
    assert fields["icmp.type"] == ["8"]
    assert fields["ip.proto"] == ["17", "1"]


def test_discovery_messages(tmp_path: Path) -> None:
    messages = [message for message, _ in vectors.DISCOVERY]
    packets = [_icmp(encode_icmp(message)) for message in messages]
    for message, fields in zip(messages, dissect(tmp_path / "x.pcap", packets, "icmp"), strict=True):
        assert fields["icmp.checksum.status"] == ["1"]
        assert fields["icmp.code"] == [str(message.code)]
        if isinstance(message, AgentSolicitation):
            assert fields["icmp.type"] == ["10"]
            continue
        assert fields["icmp.type"] == ["9"]
        assert fields["icmp.lifetime"] == [str(message.lifetime)]
        assert fields["icmp.num_addrs"] == [str(len(message.routers))]
        assert fields["icmp.addr_entry_size"] == [str(message.address_entry_size)]
        if message.address_entry_size == 2:  # it does not read longer entries
            assert fields.get("icmp.router_address", []) == [str(r.address) for r in message.routers]
            assert fields.get("icmp.pref_level", []) == [str(r.preference) for r in message.routers]


def test_ip_in_ip(tmp_path: Path) -> None:
    ping = Ipv4Packet(
        source=IPv4Address("10.1.0.5"),
        destination=IPv4Address("10.2.0.9"),
        protocol=PROTOCOL_ICMP,
        payload=echo(True, 0x1234, 7, b"data"),
        tos=0xB8,
        fragment=0x4000,
    )
    outer = encapsulate(encode_ipv4(ping), A.packed, B.packed, identification=0x4242, ttl=33)
    (fields,) = dissect(tmp_path / "x.pcap", [outer], "ip", "icmp")
    assert "malformed" not in fields
    assert fields["ip.src"] == [str(A), "10.1.0.5"]
    assert fields["ip.dst"] == [str(B), "10.2.0.9"]
    assert fields["ip.proto"] == ["4", "1"]
    assert fields["ip.checksum.status"] == ["1", "1"]
    assert fields["ip.dsfield"] == ["0xb8", "0xb8"]
    assert fields["ip.flags.df"] == ["1", "1"]
    assert fields["ip.ttl"] == ["33", "64"]
    assert fields["ip.id"] == ["0x4242", "0x0000"]
    assert fields["icmp.checksum.status"] == ["1"]
    assert (fields["icmp.ident"][0], fields["icmp.seq"]) == ("4660", ["7"])


def test_icmp_errors(tmp_path: Path) -> None:
    original = _icmp(echo(True, 1, 2, bytes(600)))
    errors = [unreachable(1, original), fragmentation_needed(1480, original), time_exceeded(original)]
    results = dissect(tmp_path / "x.pcap", [_icmp(error) for error in errors], "icmp", "ip")
    kinds = [(fields["icmp.type"][0], fields["icmp.code"][0]) for fields in results]
    assert kinds == [("3", "1"), ("3", "4"), ("11", "0")]
    assert results[1]["icmp.mtu"] == ["1480"]
    for fields in results:
        assert fields["icmp.checksum.status"][0] == "1"
        assert fields["ip.len"] == ["576", "628"]
