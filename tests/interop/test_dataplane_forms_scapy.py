"""What scapy puts into a tunnel of every form comes out of the engine, at a mobile node and at a home agent.

scapy writes UDP checksums, which we do not; the header of RFC 2004, which it does not know, is written out here.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import GRE
from scapy.layers.mobileip import MobileIP, MobileIPTunnelData
from scapy.packet import Packet, Raw
from scapy.utils import checksum
from tests.support.wishes import (
    CARE_OF,
    CORRESPONDENT,
    FORMS,
    HOME_ADDRESS,
    HOME_AGENT,
    reverse_exit,
    tunnel_exit,
    turned,
)

from mobileip.dataplane.fake import FakeKernel, FakePacketPort
from mobileip.dataplane.userspace.engine import UserspaceEngine
from mobileip.forwarding.model import ForwardingChange, Wish
from mobileip.forwarding.tunnel import Encapsulation, Tunnel

pytestmark = pytest.mark.oracle

NOW = 10.0
PROTOCOLS = {Encapsulation.IPIP: 4, Encapsulation.GRE: 47, Encapsulation.MINIMAL: 55}


def minimal_header(inner: Packet) -> bytes:
    """RFC 2004 §3.1, with the original source."""
    first = bytes((inner.proto, 0x80))
    addresses = IPv4Address(inner.dst).packed + IPv4Address(inner.src).packed
    return first + checksum(first + b"\0\0" + addresses).to_bytes(2) + addresses


def tunnelled(tunnel: Tunnel, inner: Packet, number: int) -> bytes:
    """By the sender whose end `tunnel` is."""
    gre = tunnel.gre
    outer = IP(src=str(tunnel.local), dst=str(tunnel.remote), id=number + 1)
    follows: Packet = inner
    match tunnel.encapsulation:
        case Encapsulation.MINIMAL:
            outer = inner.copy()
            outer.remove_payload()
            outer.src, outer.dst = str(tunnel.local), str(tunnel.remote)
            del outer.len
            del outer.chksum
            follows = Raw(minimal_header(inner)) / inner.payload
        case Encapsulation.GRE:
            header = GRE(
                proto=0x0800,
                chksum_present=int(gre.with_checksum),
                key_present=int(gre.sent_key is not None),
                seqnum_present=int(gre.with_sequence),
                key=gre.sent_key,
                sequence_number=number if gre.with_sequence else None,
            )
            follows = header / inner
        case Encapsulation.IPIP:
            pass
    outer.proto = PROTOCOLS[tunnel.encapsulation]
    if tunnel.udp is not None:
        data = MobileIP() / MobileIPTunnelData(nexthdr=outer.proto)
        follows = UDP(sport=tunnel.udp.local, dport=tunnel.udp.remote) / data / Raw(bytes(follows))
        outer.proto = 17
    return bytes(outer / follows)


def ends() -> Iterator[tuple[Tunnel, Wish, IPv4Address, IPv4Address]]:
    """A tunnel as its sender sees it, what waits at the other end, and source and destination of what is sent."""
    for form in FORMS:
        to_care_of = Tunnel(HOME_AGENT, CARE_OF, *form)
        to_home_agent = turned(to_care_of)
        yield to_care_of, tunnel_exit(tunnel=to_home_agent), CORRESPONDENT, HOME_ADDRESS
        yield to_home_agent, reverse_exit(tunnel=to_care_of), HOME_ADDRESS, CORRESPONDENT


@pytest.mark.parametrize(("tunnel", "wish", "source", "destination"), list(ends()), ids=str)
def test_what_scapy_puts_in_comes_out(
    tunnel: Tunnel, wish: Wish, source: IPv4Address, destination: IPv4Address
) -> None:
    port = FakePacketPort()
    engine = UserspaceEngine("mip0", FakeKernel(), port)
    engine.apply(ForwardingChange(install=(wish,)))
    sent = []
    for number, payload in enumerate((b"", b"odd", bytes(1000))):
        whole = IP(src=str(source), dst=str(destination), tos=0xB8, ttl=61, id=99, flags="DF")
        inner = IP(bytes(whole / UDP(sport=4000, dport=5000) / Raw(payload)))
        sent.append(bytes(inner))
        engine.packet_from_tunnel(tunnelled(tunnel, inner, number), NOW)
    assert port.up == sent
