"""Packets that came at once, and the ones among them about which one decision holds. Pure, as `path` and `arrivals`,
which make the decisions: what is alike here would be decided alike there, and gives the same octets.
"""

from collections.abc import Iterable, Iterator

from mobileip.dataplane.userspace.alike import PROTOCOLS, VERSION_AND_LENGTH, Pattern, may_open, pattern_of
from mobileip.dataplane.userspace.arrivals import from_tunnel
from mobileip.dataplane.userspace.offload import HEADER_LENGTH as HEADER_LENGTH_OF_OFFLOADS
from mobileip.dataplane.userspace.offload import PLAIN
from mobileip.dataplane.userspace.outcome import Delivery, Outcome, Outer
from mobileip.dataplane.userspace.path import from_device
from mobileip.dataplane.userspace.segment import packets_of
from mobileip.dataplane.userspace.segment_size import PROTOCOL_TCP
from mobileip.dataplane.userspace.tables import PacketTables
from mobileip.dataplane.userspace.tunnels import Exit, Leg
from mobileip.wire.ip.ipv4 import HEADER_LENGTH


class Train:
    """Packets into one tunnel, as they leave, and what they carry."""

    __slots__ = ("inners", "leg", "packets")

    def __init__(self, outer: Outer) -> None:
        self.leg: Leg = outer.leg
        self.packets = [outer.packet]
        self.inners = [outer.inner]


class Party:
    """Packets out of a tunnel for one place."""

    __slots__ = ("exit", "packets")

    def __init__(self, delivery: Delivery) -> None:
        self.exit: Exit = delivery.exit
        self.packets = [delivery.packet]


def trains_from_device(
    tables: PacketTables, reads: Iterable[bytes], now: float, realm: int = 0
) -> Iterator[Train | Outcome]:
    """`reads`: as a device with offloads gives them. A train grows until the next thing is asked for."""
    train: Train | None = None
    first = b""
    for octets in reads:
        packets = (octets[HEADER_LENGTH_OF_OFFLOADS:],) if octets.startswith(PLAIN) else packets_of(octets)
        decided = 0
        if train is None or not _is_alike(first, packets[0]):
            for first in packets:
                decided += 1
                outcome = from_device(tables, first, now, realm)
                if type(outcome) is not Outer or outcome.leg.hop is not None:
                    train = None
                    yield outcome
                    continue
                if train is not None and train.leg is outcome.leg:
                    train.packets.append(outcome.packet)
                    train.inners.append(outcome.inner)
                else:
                    train = Train(outcome)
                    yield train
                if outcome.inner is first and first[0] == VERSION_AND_LENGTH:
                    break  # the segments of one packet differ in nothing that counts, and none is larger than the first
                train = None
        following = packets[decided:]
        if train is not None and following:
            encapsulate, number = train.leg.end.encapsulate, tables.next_identification
            train.packets += [encapsulate(packet, number()) for packet in following]
            train.inners += following


def _is_alike(first: bytes, packet: bytes) -> bool:
    """Whether what was decided about `first`, which went into a tunnel as it is, holds for `packet` too."""
    return (
        packet[12:24] == first[12:24]
        and packet[0] == VERSION_AND_LENGTH
        and packet[9] == first[9]
        and packet[9] in PROTOCOLS
        and packet[2] << 8 | packet[3] == len(packet) <= len(first)
        and packet[8] > 0
        and not (packet[9] == PROTOCOL_TCP and may_open(packet, HEADER_LENGTH))
    )


def parties_from_tunnel(
    tables: PacketTables, arrivals: Iterable[tuple[bytes, str | None]], now: float
) -> Iterator[Party | Outcome]:
    """`arrivals`: whole tunnel packets, and the interface that each came in by. A party grows until the next thing is
    asked for."""
    party: Party | None = None
    pattern: Pattern | None = None
    for packet, interface in arrivals:
        if party is not None and pattern is not None:
            inner = pattern.inner_of(packet)
            if inner is not None:
                party.packets.append(inner)
                continue
        outcome = from_tunnel(tables, packet, now, interface)
        if type(outcome) is not Delivery:
            party = pattern = None
            yield outcome
            continue
        pattern = pattern_of(packet, outcome)
        if party is not None and party.exit is outcome.exit:
            party.packets.append(outcome.packet)
        else:
            party = Party(outcome)
            yield party
