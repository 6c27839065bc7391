"""The records that user space and the programs share, octet by octet: the other side of bpf/shared.h.

Addresses, ports and keys are as on the wire, all else in the machine's own order.
"""

from enum import IntEnum
from struct import Struct

from mobileip.forwarding.drop_reason import DropReason
from mobileip.forwarding.tunnel import Encapsulation

ENTRY_KEY = Struct("=4sHBB")
"""`struct entry_key`: address, realm, direction, copy."""

ENTRY = Struct("=Q4s4s2s2s4sII6s6sBBBBHB5x")
"""`struct entry`: expires_at, local, remote, source_port, destination_port, gre_key, use, interface, link_address,
own_link_address, encapsulation, has_gre_key, way, copies, mtu, overhead."""

EXIT_KEY = Struct("=4s4s4s2s2s4sBB2x")
"""`struct exit_key`: outer_source, outer_destination, gre_key, source_port, destination_port, inner, direction,
has_gre_key."""

EXIT = Struct("=QII6s6sBBHB7x")
"""`struct exit`: expires_at, use, interface, link_address, own_link_address, encapsulation, way, mtu, overhead."""

USE = Struct("=QQQ")
"""`struct use`: packets, octets, at."""

PATH_KEY = Struct("=4s4s")
"""`struct path_key`: local, remote."""

PATH = Struct("=QQI4x")
"""`struct path`: mtu_until, news_until, mtu."""

SETTINGS = Struct("=IIIIQ")
"""`struct settings`: device, fib_flags, mark, identification, trace_until."""

TRACED = Struct("=Q4s4sIHBB256s")
"""`struct traced`: at, local, remote, length, kept, encapsulation, in_udp, octets."""

INDEX = Struct("=I")
"""Keys of arrays, and of `realms`; its values too."""


class Direction(IntEnum):
    """`enum direction`."""

    TO_MOBILE_NODE = 0
    FROM_MOBILE_NODE = 1


class Way(IntEnum):
    """`enum way`."""

    ROUTE = 0
    LINK = 1
    FRAME = 2
    VISITOR = 3
    STACK = 4
    USER = 5


class Total(IntEnum):
    """`enum direction_total`."""

    ENCAPSULATED = 0
    DECAPSULATED = 1
    STRAIGHT = 2


ENCAPSULATIONS = {Encapsulation.IPIP: 0, Encapsulation.MINIMAL: 1, Encapsulation.GRE: 2}
"""`enum encapsulation`."""

DROP_REASONS = (DropReason.EXPIRED, DropReason.CONGESTION, DropReason.SEND_FAILED)
"""`enum drop_reason`, in its order."""

MOST_COPIES = 4
"""Tunnels of one home address that the programs make copies for; more are for user space."""
