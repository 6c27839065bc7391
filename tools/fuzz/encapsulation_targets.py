"""GRE and minimal encapsulation, whole packets; IP-in-IP is among the packet targets."""

from itertools import product

from tools.fuzz.encapsulation_forms import LOCAL, REMOTE, header_repaired
from tools.fuzz.target import Target, with_checksum

from mobileip.wire.ip import gre, minimal
from mobileip.wire.ip.ipv4 import lengths

RESERVED = 0x03F8
"""Bits of GRE's first word that are ignored."""


def _gre(octets: bytes) -> bytes:
    start, end = lengths(octets)
    header, inner = gre.decapsulate(octets)
    made = gre.gre_header(inner, key=header.key, sequence=header.sequence, with_checksum=header.has_checksum)
    flags = int.from_bytes(made[:2]) | int.from_bytes(octets[start : start + 2]) & RESERVED
    summed = 8 if header.has_checksum else 4
    # The checksum has two zeros, and covers bits that are ignored.
    again = flags.to_bytes(2) + made[2:4] + octets[start + 4 : start + summed] + made[summed:]
    return octets[:start] + again + inner + octets[end:]


def _gre_repaired(octets: bytes) -> bytes:
    start = (octets[0] & 15) * 4 if octets else 0
    if len(octets) < start + 8 or not octets[start] & 0x80:
        return octets
    return with_checksum(octets, start, start + 4, min(len(octets), int.from_bytes(octets[2:4])))


def _minimal(octets: bytes) -> bytes:
    start, end = lengths(octets)
    inner = minimal.decapsulate(octets)
    source = inner[12:16] if octets[start + 1] & minimal.SOURCE_PRESENT else b""
    made = minimal.minimal_header(inner[9], inner[16:20], source)
    # Reserved bits are ignored, but summed up.
    forwarding = made[:1] + octets[start + 1 : start + 4] + made[4:]
    header = inner[:2] + octets[2:4] + inner[4:9] + octets[9:20] + inner[20:start]
    return header + forwarding + inner[start:] + octets[end:]


def _minimal_repaired(octets: bytes) -> bytes:
    start = (octets[0] & 15) * 4 if octets else 0
    if len(octets) < start + 8 or start < 20:
        return octets
    length = minimal.LONG_LENGTH if octets[start + 1] & minimal.SOURCE_PRESENT else minimal.SHORT_LENGTH
    return header_repaired(with_checksum(octets, start, start + 2, start + length))


_INNER = header_repaired(bytes.fromhex("45b8003b 1234 4000 3d11 0000 c6336407 0a010005") + bytes(range(39)))
_WITH_OPTIONS = header_repaired(bytes.fromhex("46000019 1234 0000 0111 0000 c6336407 0a010005 94040000 05"))
_GRE_PACKETS = tuple(
    gre.encapsulate(
        inner,
        LOCAL,
        REMOTE,
        identification=7,
        key=0x01020304 if has_key else None,
        sequence=number,
        with_checksum=summed,
    )
    for inner, has_key, number, summed in product(
        (_INNER, _WITH_OPTIONS), (True, False), (None, 0x0A0B0C0D), (True, False)
    )
)

TARGETS = (
    Target(name="gre", again=_gre, seeds=_GRE_PACKETS, repair=_gre_repaired),
    Target(
        name="minimal",
        again=_minimal,
        seeds=tuple(
            minimal.encapsulate(inner, local, REMOTE)
            for inner, local in product((_INNER, _WITH_OPTIONS), (LOCAL, _INNER[12:16]))
        ),
        repair=_minimal_repaired,
    ),
)
