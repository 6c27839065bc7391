"""IPv4 packets for the data path's tests."""

from ipaddress import IPv4Address

from tests.support.wishes import CARE_OF, CORRESPONDENT, HOME_ADDRESS, HOME_AGENT

from mobileip.wire.ip.ipip import encapsulate
from mobileip.wire.ip.ipv4 import DONT_FRAGMENT, Ipv4Packet, decode_ipv4, encode_ipv4

UDP = 17


def packet(
    source: IPv4Address = CORRESPONDENT,
    destination: IPv4Address = HOME_ADDRESS,
    *,
    size: int = 100,
    ttl: int = 63,
    tos: int = 0,
    dont_fragment: bool = False,
    protocol: int = UDP,
    options: bytes = b"",
    payload: bytes | None = None,
    fragment: int = 0,
) -> bytes:
    """`size` octets of payload that differ, so that a lost or doubled one is seen."""
    return encode_ipv4(
        Ipv4Packet(
            source=source,
            destination=destination,
            protocol=protocol,
            payload=bytes(i % 251 for i in range(size)) if payload is None else payload,
            ttl=ttl,
            tos=tos,
            identification=77,
            fragment=fragment | (DONT_FRAGMENT if dont_fragment else 0),
            options=options,
        )
    )


def tunnelled(
    inner: bytes, source: IPv4Address = HOME_AGENT, destination: IPv4Address = CARE_OF, tos: int | None = None
) -> bytes:
    """`inner` as it arrives at the end of a tunnel."""
    outer = encapsulate(inner, source.packed, destination.packed, identification=5)
    if tos is None:
        return outer
    decoded = decode_ipv4(outer)
    return encode_ipv4(
        Ipv4Packet(
            source=decoded.source,
            destination=decoded.destination,
            protocol=decoded.protocol,
            payload=decoded.payload,
            tos=tos,
        )
    )
