"""What the engines need from a machine, as protocols; the room linux implements them, `fake.py` pretends.

Kernel objects are values: what is wanted and what is there are compared as sets; only the difference is
performed.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Protocol

import msgspec

from mobileip.forwarding.model import ArpAnswer
from mobileip.forwarding.tunnel import Tunnel

ROUTE_PROTOCOL = 77
"""Our mark on routes, rules and neighbours (`proto` of iproute2): what bears it is ours, the rest is never
touched."""

ROUTING_TABLE = 7434
"""A mobile node's own table."""

CARE_OF_TABLE = 7433
"""A mobile node's table of the way from its co-located care-of address to the home agent."""

VISITOR_TABLE = 7435
"""A foreign agent's table for visitors with a reverse tunnel; those of realm n have table 7435 + n."""

MOST_REALMS = 64
"""Address spaces at one foreign agent in which visitors have the same home addresses, realm 0 included."""

ROUTE_METRIC = 77
"""Of our routes in the main table, so that they never have the identity of a route that others made (the
kernel knows an IPv4 route by table, prefix and metric, and replaces whatever has the same)."""

RULE_PRIORITY = 7430
"""First of the ten rule priorities that are ours."""

SIGNALLING_MARK = 0x4D49
"""fwmark of our own signalling and tunnel packets: they follow the main table."""

REALM_MARK = 0x4D500000
"""fwmark of packets from visitors of realm n: this + n."""


def realm_device(device: str, realm: int) -> str:
    """The TUN device that packets of a realm are routed into; `device` itself is that of realm 0."""
    return f"{device}-{realm}" if realm else device


class Route(msgspec.Struct, frozen=True, kw_only=True):
    prefix: IPv4Network
    interface: str
    table: int = 254
    gateway: IPv4Address | None = None
    """Always on-link: the gateway needs no address of ours in its subnet."""
    source: IPv4Address | None = None
    metric: int = 0
    is_broadcast: bool = False
    """The prefix is a broadcast address that is taken for our own when it comes in by `interface`."""
    segment_size: int | None = None
    """The largest TCP segment that is offered to the other end (RTAX_ADVMSS)."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    priority: int
    table: int
    mark: int | None = None
    source: IPv4Address | None = None
    udp_ports: tuple[int, int] | None = None
    """Source and destination port."""
    suppress_prefix_length: int | None = None
    arriving_by: str | None = None
    """The interface that forwarded packets came in by."""


class NeighbourEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Permanent."""

    interface: str
    address: IPv4Address
    link_address: bytes


class ProxyNeighbour(msgspec.Struct, frozen=True, kw_only=True):
    interface: str
    address: IPv4Address


DUMMY_ADDRESS = IPv4Interface("192.0.0.8/32")
"""IANA's IPv4 dummy address (RFC 7600): it names no node, and is never a destination."""


LOOPBACK_ADDRESS = IPv4Interface("127.0.74.34/32")
"""Of our own device where it has no other: it never appears outside this machine (RFC 1122 §3.2.1.3). `DUMMY_ADDRESS`
would not do at an agent: mobile nodes ask by ARP with it, and who bears it himself does not answer."""


class InterfaceAddress(msgspec.Struct, frozen=True, kw_only=True):
    """On our own device; and `DUMMY_ADDRESS` on a link."""

    interface: str
    address: IPv4Interface


class Sysctl(msgspec.Struct, frozen=True, kw_only=True):
    """`path` below /proc/sys. It bears no mark: its old value is written down before the change, and
    restored."""

    path: str
    value: str


class FrameMark(msgspec.Struct, frozen=True, kw_only=True):
    """IPv4 packets from `source` in frames from `link_address` on `interface` get `mark`: how visitors with the same
    home address are told apart (RFC 3024 §A.4)."""

    interface: str
    link_address: bytes
    source: IPv4Address
    mark: int


KernelObject = Route | Rule | NeighbourEntry | ProxyNeighbour | InterfaceAddress | Sysctl | FrameMark


class Action(StrEnum):
    INSTALL = "install"
    """Create, or replace what has the same identity."""
    REMOVE = "remove"


class Operation(msgspec.Struct, frozen=True):
    action: Action
    target: KernelObject


class Failure(msgspec.Struct, frozen=True):
    """An operation that the kernel refused: errno and its text. Removing what is not there is no failure."""

    operation: Operation
    errno: int
    text: str


class Kernel(Protocol):
    """The kernel's tables, as far as they are ours."""

    async def actual(self) -> frozenset[KernelObject]:
        """Everything that bears our mark now, and the sysctls that we changed (from the journal)."""
        ...

    def perform(self, operations: Sequence[Operation]) -> list[Failure]:
        """Performs all, in order, in as few system calls as can be; one failure does not stop the rest."""
        ...


class PacketPort(Protocol):
    """Where the userspace path's packets leave. Each returns the errno, 0 when it went out."""

    def send_outer(self, packet: bytes) -> int:
        """A whole IPv4 packet (of a tunnel, or an ICMP error about one), marked with SIGNALLING_MARK.

        EMSGSIZE when the route's MTU is smaller. A source of 0.0.0.0 is filled in by the kernel.
        """
        ...

    def send_outers(self, packets: Sequence[bytes]) -> tuple[int, int]:
        """As `send_outer`, one after the other in as few system calls as can be: how many went before the first that
        did not, and the errno of that one."""
        ...

    def path_mtu(self, tunnel: Tunnel) -> int:
        """MTU of the way that packets of `tunnel` take now, as the kernel knows it; 0 = unknown."""
        ...

    def send_frame(self, interface: str, link_address: bytes, packet: bytes) -> int:
        """A whole IPv4 packet as a frame to one link-layer address: no route, no ARP."""
        ...

    def send_frames(self, interface: str, link_address: bytes, packets: Sequence[bytes]) -> tuple[int, int]:
        """As `send_frame`; returns what `send_outers` does."""
        ...

    def send_up(self, packet: bytes) -> int:
        """A whole IPv4 packet into our stack, as if received on mip0."""
        ...

    def send_ups(self, packets: Sequence[bytes], *, onwards: bool) -> tuple[int, int]:
        """As `send_up`, their IPv4 checksums verified; `onwards`: to be forwarded, and not for this machine. Returns
        what `send_outers` does."""
        ...


def one_by_one(packets: Sequence[bytes], send: Callable[[bytes], int]) -> tuple[int, int]:
    """What `PacketPort.send_outers` returns, where each packet is sent by itself."""
    for number, packet in enumerate(packets):
        error = send(packet)
        if error:
            return number, error
    return len(packets), 0


class Queues(Protocol):
    """Packets that have come and wait for their turn. Each call hands the engine those that wait now, as if it were
    their turn; what they tell the agents comes when it has returned."""

    def empty_device(self) -> None:
        """What was routed into our device, and those of realms."""
        ...

    def empty_tunnels(self) -> None:
        """What came by tunnels."""
        ...

    def take_turn(self) -> None:
        """Of each of these as much as one turn of the event loop takes."""
        ...


class Ears(Protocol):
    """What is heard beside our device and our tunnels. Each call tells all that is wanted from now on."""

    def listen(self, links: Mapping[str, bool]) -> None:
        """To broadcasts on these links of home networks, and where the value says so to multicasts too."""
        ...

    def answer_arp(self, answers: frozenset[ArpAnswer]) -> None: ...

    def hear_udp(self, addresses: frozenset[IPv4Address]) -> None:
        """To tunnel packets in UDP to these addresses of ours."""
        ...

    def open_realms(self, realms: frozenset[int]) -> None:
        """To a device for each of these realms (see `realm_device`), realm 0 not among them: they exist, with the other
        ones gone, when this returns."""
        ...
