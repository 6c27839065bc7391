"""The law of the two paths: what the programs do with a packet is what the pure functions say, octet by octet.

What they leave is user space's, unchanged. One field may differ, and the header checksum that covers it: the
Identification of an outer header that is not the inner one's. User space counts; the programs send 0 where DF is set
(RFC 6864 §4.1: it has no meaning then), and count for themselves where it is not.
"""

import re
import time
from enum import Enum

from tests.support.fast_path import GATEWAY_LINK_ADDRESS, Dropped, FastPathMachine, Left, Seen, Sent, Up, mtu_to

from mobileip.dataplane.userspace.arrivals import from_tunnel
from mobileip.dataplane.userspace.header import has_valid_checksum, header_length, trouble
from mobileip.dataplane.userspace.outcome import Answer, Delivery, Drop, Outcome, Outer, Several, Single
from mobileip.dataplane.userspace.path import from_device
from mobileip.wire.ip.checksum import checksum

DONT_FRAGMENT = 0x40
MINIMAL, UDP = 55, 17
SHOWN = 100
"""Octets of a packet."""


class Fate(Enum):
    """What the programs did with a packet."""

    TAKEN = "taken"
    DROPPED = "dropped"
    LEFT = "left"


def into(machine: FastPathMachine, packet: bytes, realm: int = 0) -> Fate:
    """A packet that was routed into the tunnel device, by both paths. Raises: AssertionError when they differ."""
    seen = machine.into(packet, realm)
    outcome = from_device(machine.tables, packet, now(), realm)
    return _fate(seen, outcome, packet, machine)


def out_of(machine: FastPathMachine, packet: bytes, *, raw: bool = False) -> Fate:
    """A tunnel packet that came in by a link."""
    seen = machine.out_of(packet, raw=raw)
    if not _reaches_user_space(packet):
        assert seen == Left(packet)
        return Fate.LEFT
    outcome = from_tunnel(machine.tables, packet, now(), "ppp0" if raw else "eth0")
    return _fate([seen], outcome, packet, machine)


def now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _reaches_user_space(packet: bytes) -> bool:
    """What is no whole packet with a good header is dropped by the kernel itself."""
    return trouble(packet) is None and has_valid_checksum(packet)


def _fate(seen: list[Seen], outcome: Outcome, packet: bytes, machine: FastPathMachine) -> Fate:
    try:
        assert machine.is_quiet(), "there is more of it"
        match seen:
            case [Left(octets)]:
                assert octets == packet, "what was left was changed"
                return Fate.LEFT
            case [Dropped(reason)]:
                assert isinstance(outcome, Drop | Answer), "dropped by one path"
                assert outcome.reason is reason, "dropped by another name"
                return Fate.DROPPED
        singles = outcome.outcomes if isinstance(outcome, Several) else (outcome,)
        # Copies pass the device again before the packet itself goes on.
        assert len(seen) == len(singles)
        for one, single in zip(seen, (*singles[1:], singles[0]), strict=True):
            _same(one, single)
    except AssertionError as error:
        wishes = "\n".join(map(repr, machine.tables.wishes.values()))
        error.add_note(
            f"packet {packet[:SHOWN].hex()}\nprograms {_short(seen)}\nuser space {_short(outcome)}\n{wishes}"
        )
        raise
    return Fate.TAKEN


def _short(value: object) -> str:
    """Without the payloads."""
    return re.sub(r"((?:\\.{1,3}|[^\\']){80})(?:\\.{1,3}|[^\\'])*(?=')", r"\1...", repr(value))


def _same(seen: Seen, single: Single) -> None:
    match single:
        case Outer(packet=outer, leg=leg):
            assert isinstance(seen, Sent)
            hop = leg.hop
            expected = (hop.interface, hop.link_address) if hop is not None else ("eth0", GATEWAY_LINK_ADDRESS)
            assert (seen.link, seen.to) == expected
            assert len(seen.octets) <= mtu_to(leg.end.tunnel), "longer than its route takes"
            assert seen.octets == _numbered(outer, seen.octets[4:6])
        case Delivery(packet=octets, exit=leaving) if leaving.interface is None:
            assert seen == Up(octets)
        case Delivery(packet=octets, exit=leaving):
            assert seen == Sent(leaving.interface or "", leaving.link_address, octets)
        case _:
            raise AssertionError("sent on by the programs alone")


def _numbered(outer: bytes, identification: bytes) -> bytes:
    """A tunnel packet of user space with an Identification that the programs may give it."""
    start = header_length(outer)
    if outer[9] == MINIMAL or (outer[9] == UDP and outer[start + 9] == MINIMAL):
        return outer  # it is the packet's own
    if outer[6] & DONT_FRAGMENT:
        identification = b"\0\0"
    header = outer[:4] + identification + outer[6:10] + b"\0\0" + outer[12:start]
    return header[:10] + checksum(header).to_bytes(2) + header[12:] + outer[start:]
