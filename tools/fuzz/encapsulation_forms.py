"""Every encapsulation as two functions that belong together, and what arrives of a packet that was sent so."""

from collections.abc import Callable
from itertools import product
from typing import NamedTuple

from mobileip.wire.errors import DecodeError
from mobileip.wire.ip import gre, ipip, minimal
from mobileip.wire.ip.checksum import checksum
from mobileip.wire.ip.ipv4 import decode_ipv4

LOCAL, REMOTE = bytes((192, 0, 2, 1)), bytes((198, 51, 100, 7))
Encapsulate = Callable[[bytes, int], bytes]
"""The inner packet, and 32 bits for what changes from packet to packet."""


class Form(NamedTuple):
    encapsulate: Encapsulate
    decapsulate: Callable[[bytes], bytes]
    keeps_header: bool = False
    """The outer header is the inner one, changed; fragments are not for it."""


class NotTheSame(Exception):
    """A GRE header that says something else than what it was made of."""


def _ipip(inner: bytes, number: int) -> bytes:
    return ipip.encapsulate(inner, LOCAL, REMOTE, identification=number & 0xFFFF)


def _inside_ipip(outer: bytes) -> bytes:
    return ipip.decapsulate(outer)[2]


def _minimal(inner: bytes, number: int) -> bytes:
    """By another node, or by the source of the packet itself."""
    return minimal.encapsulate(inner, LOCAL if number % 2 else inner[12:16], REMOTE)


def _gre(has_key: bool, has_sequence: bool, with_checksum: bool) -> Encapsulate:
    def encapsulate(inner: bytes, number: int) -> bytes:
        key, sequence = number if has_key else None, ~number & 0xFFFFFFFF if has_sequence else None
        outer = gre.encapsulate(
            inner,
            LOCAL,
            REMOTE,
            identification=number >> 16,
            key=key,
            sequence=sequence,
            with_checksum=with_checksum,
        )
        header, _ = gre.decapsulate(outer)
        if (header.key, header.sequence, header.has_checksum) != (key, sequence, with_checksum):
            raise NotTheSame(f"{outer.hex()} says {header}")
        return outer

    return encapsulate


def _inside_gre(outer: bytes) -> bytes:
    return gre.decapsulate(outer)[1]


GRE_FORMS = {
    f"gre {'key' * has_key}.{'sequence' * has_sequence}.{'checksum' * summed}": Form(
        _gre(has_key, has_sequence, summed), _inside_gre
    )
    for has_key, has_sequence, summed in product((False, True), repeat=3)
}
_GRE = tuple(form.encapsulate for form in GRE_FORMS.values())


def _gre_of_any_form(inner: bytes, number: int) -> bytes:
    return _GRE[number % len(_GRE)](inner, number)


FORMS = {
    "ipip": Form(_ipip, _inside_ipip),
    "minimal": Form(_minimal, minimal.decapsulate, keeps_header=True),
    "gre": Form(_gre_of_any_form, _inside_gre),
}


def arriving(form: Form, outer: bytes) -> bytes | None:
    """The inner packet, at a node whose kernel checks the outer header; None for a refusal with a name."""
    try:
        decode_ipv4(outer)
        return form.decapsulate(outer)
    except DecodeError:
        return None


def header_repaired(packet: bytes) -> bytes:
    """With the header checksum that the rest of the header asks for."""
    length = (packet[0] & 15) * 4
    blank = packet[:10] + b"\0\0" + packet[12:]
    return blank[:10] + checksum(blank[:length]).to_bytes(2) + blank[12:]
