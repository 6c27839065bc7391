"""tshark reads a capture of the whole conformance run: every message that goes in or out of every case.

Malformed may be only what a case means to be (octets written by hand, an extension cut short), and what contains an
extension that tshark misreads, and with it what follows: it does not know 48 and 154, takes the Length of 37 for one
octet against RFC 3025 §2.1's figure, and 139 for the short format against RFC 4433 §3.4's. Such a message has a twin in
a second capture, without the extension, in which nothing may be malformed.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from tests.conformance.language import Case, read_case
from tests.conformance.play import play
from tests.conformance.stage import Stage
from tests.support.messages import CARE_OF_ADDRESS, HOME_ADDRESS, HOME_AGENT
from tests.support.tshark import Fields, dissect

from mobileip.agents.events import (
    AdvertisementArrived,
    Arrival,
    DeliveryFailed,
    Event,
    MessageArrived,
    SolicitationArrived,
)
from mobileip.agents.outputs import Departure, Output, SendDiscovery, SendMessage
from mobileip.wire.agent_discovery import encode_icmp
from mobileip.wire.extensions.dynamic_home_agent import DynamicHomeAgent
from mobileip.wire.extensions.gre_key import GreKey
from mobileip.wire.extensions.multipath import FlowBinding, MultipathBinding
from mobileip.wire.extensions.vendor import CriticalVendorExtension
from mobileip.wire.ip.icmp import encode
from mobileip.wire.ip.ipv4 import PROTOCOL_ICMP, PROTOCOL_UDP, Ipv4Packet, encode_ipv4
from mobileip.wire.ip.udp import encode_udp
from mobileip.wire.message import decode_message, encode_message

pytestmark = pytest.mark.oracle

FOLDER = Path(__file__).parent.parent / "conformance"
MISREAD = (GreKey, MultipathBinding, FlowBinding, CriticalVendorExtension, DynamicHomeAgent)
"""Extensions 48, 154, 37, 139."""
ROUTER = IPv4Address("192.0.2.254")
"""Whose ICMP errors come."""
EPHEMERAL_PORT = 40434


Passed = Event | Output | tuple[bytes, Arrival]


class Frame(NamedTuple):
    """One IPv4 packet of a capture, and whose it is."""

    case: str
    packet: bytes
    is_meant: bool
    """The case brings octets that are no sound message."""
    twin: bytes | None
    """The same packet without what tshark misreads; None where nothing is."""

    @property
    def layer(self) -> str:
        """The field that tshark shows of a message that it understands."""
        return {PROTOCOL_UDP: "mip.type", PROTOCOL_ICMP: "icmp.type"}[self.packet[9]]


def test_tshark_finds_nothing_malformed_that_is_not_meant_so(tmp_path: Path) -> None:
    frames = [frame for path in sorted(FOLDER.glob("*/*.case")) for frame in frames_of(path)]
    assert len(frames) > 1000
    shown = read(tmp_path / "run.pcap", [frame.packet for frame in frames])
    sound = [(f, fields) for f, fields in zip(frames, shown, strict=True) if not (f.is_meant or f.twin)]
    twins = [frame for frame in frames if frame.twin]
    sound += zip(twins, read(tmp_path / "twins.pcap", [frame.twin or b"" for frame in twins]), strict=True)
    wrong = [
        f"{frame.case}: {frame.packet.hex()}: {fields}"
        for frame, fields in sound
        if "malformed" in fields or frame.layer not in fields or not has_good_checksums(fields)
    ]
    assert not wrong, "\n".join(wrong)


def read(path: Path, packets: list[bytes]) -> list[Fields]:
    """tshark's view of each packet: as many frames as there are messages."""
    shown = dissect(path, packets, "frame", "ip", "udp", "icmp", "mip")
    assert [int(fields["frame.len"][0]) for fields in shown] == [len(packet) for packet in packets]
    return shown


def has_good_checksums(fields: Fields) -> bool:
    """Of all IPv4 and UDP headers, also of those that an ICMP error quotes."""
    return {*fields["ip.checksum.status"], *fields.get("udp.checksum.status", ())} == {"1"}


def frames_of(path: Path) -> Iterator[Frame]:
    """Everything that others could have seen while the case was played."""
    case = read_case(path)
    is_meant = has_bad_octets(case)
    stage = play(case)
    for each in stage.passed:
        packet = packet_of(stage, each)
        if packet is not None:
            bare = without_misread(each)
            twin = packet_of(stage, bare) if bare is not None else None
            yield Frame(str(path.relative_to(FOLDER)), packet, is_meant, twin)


def has_bad_octets(case: Case) -> bool:
    parts = [part for line in case.steps for part in line.parts if line.sign == ">"]
    return any(line.verb == "octets" for line in case.steps) or any(
        part.startswith("octets:") or part.endswith(":short") for part in parts
    )


def without_misread(each: Passed) -> SendMessage | MessageArrived | None:
    """The message without the extensions that tshark misreads; None where there are none."""
    if not isinstance(each, SendMessage | MessageArrived):
        return None
    message = decode_message(each.octets).message if isinstance(each, SendMessage) else each.decoded.message
    kept = tuple(e for e in message.extensions if not isinstance(e, MISREAD))
    if len(kept) == len(message.extensions):
        return None
    octets = encode_message(msgspec.structs.replace(message, extensions=kept))
    if isinstance(each, SendMessage):
        return msgspec.structs.replace(each, octets=octets)
    return msgspec.structs.replace(each, decoded=decode_message(octets))


def packet_of(stage: Stage, each: Passed) -> bytes | None:
    """The IPv4 packet of what came or went; None for what is no packet."""
    match each:
        case MessageArrived():
            return _udp(each.decoded.octets, each.arrival, each.arrival.source)
        case (octets, arrival):
            return _udp(octets, arrival, arrival.source)
        case SendMessage():
            return _udp(each.octets, each.departure, _own(stage, each.departure))
        case AdvertisementArrived():
            return _ip(PROTOCOL_ICMP, encode_icmp(each.advertisement), each.arrival, each.arrival.source)
        case SolicitationArrived():
            return _ip(PROTOCOL_ICMP, encode_icmp(each.solicitation), each.arrival, each.arrival.source)
        case SendDiscovery():
            return _ip(PROTOCOL_ICMP, encode_icmp(each.message), each.departure, _own(stage, each.departure))
        case DeliveryFailed():
            return _error(each)
        case _:
            return None


def _own(stage: Stage, departure: Departure) -> IPv4Address:
    """The source that a message leaves with; where the route decides, an address of the node's role."""
    if departure.source is not None:
        return departure.source
    address = {"home_agent": HOME_AGENT, "foreign_agent": CARE_OF_ADDRESS, "mobile_node": HOME_ADDRESS}
    return address[next(iter(stage.roles))]


def _udp(octets: bytes, place: Arrival | Departure, source: IPv4Address) -> bytes:
    ports = place.source_port or EPHEMERAL_PORT, place.destination_port or 434
    return _ip(PROTOCOL_UDP, encode_udp(source, place.destination, *ports, octets), place, source)


def _ip(protocol: int, payload: bytes, place: Arrival | Departure, source: IPv4Address) -> bytes:
    return encode_ipv4(
        Ipv4Packet(
            source=source, destination=place.destination, protocol=protocol, payload=payload, ttl=place.ttl or 64
        )
    )


def _error(failure: DeliveryFailed) -> bytes:
    """The ICMP error about a message of ours, with as much of it as it quotes."""
    place = Departure(destination=failure.destination)
    quoted = _udp(failure.octets, place, CARE_OF_ADDRESS)
    return _ip(
        PROTOCOL_ICMP,
        encode(failure.icmp_type, failure.icmp_code, 0, quoted),
        Departure(destination=CARE_OF_ADDRESS),
        ROUTER,
    )
