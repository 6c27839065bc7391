"""The contract of every engine: wishes in, forwarding done.

Laws: reconciling twice does nothing the second time (law 6); applying changes one by one ends where
reconciling the whole ends; nothing that others made is touched.
"""

from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Protocol

import msgspec

from mobileip.dataplane.ports import Failure, KernelObject
from mobileip.forwarding.model import ForwardingChange, ForwardingState, Key
from mobileip.forwarding.news import TunnelActivity
from mobileip.forwarding.tunnel import Tunnel


class TunnelUse(msgspec.Struct, frozen=True, gc=False):
    """What has passed for one wish (a binding, a visitor, a tunnel's exit) through one tunnel; octets
    without outer headers. `at`: when the latest did (boot time, s; minus infinity: never)."""

    wish: Key
    tunnel: Tunnel
    packets: int
    octets: int
    at: float = float("-inf")


class Repair(msgspec.Struct, frozen=True):
    """What a repair did: refused operations, objects that others keep removing, and when to repair again
    for those."""

    failures: tuple[Failure, ...] = ()
    restored: int = 0
    fought_over: tuple[KernelObject, ...] = ()
    again_at: float | None = None


class Engine(Protocol):
    @property
    def name(self) -> str:
        """ebpf | userspace | fake, as shown by `mip status`."""
        ...

    async def reconcile(self, state: ForwardingState) -> list[Failure]:
        """Makes the machine match `state` whatever it was before: at start, after a crash, after others'
        changes."""
        ...

    def apply(self, change: ForwardingChange) -> list[Failure]:
        """Performs one change now: when it returns, the next packet meets the new state."""
        ...

    def counters(self) -> Mapping[str, int]:
        """Packets and octets by direction (`encapsulated_packets`), drops by name (`dropped_no_binding`)."""
        ...

    def tunnels(self, *, idle: bool = False) -> list[TunnelUse]:
        """What has passed through each tunnel for each wish that packets have met, sorted by the wishes' subjects;
        `idle`: for all wishes."""
        ...

    def path_mtu(self, tunnel: Tunnel, now: float) -> int | None:
        """The largest outer packet that a tunnel's path is known to take; None: nothing is known."""
        ...

    def send_keepalive(self, home_address: IPv4Address, home_agent: IPv4Address, sequence: int, now: float) -> None:
        """An ICMP echo request through a mobile node's reverse tunnel (RFC 3519 §4.9)."""
        ...

    def take_turn(self) -> None:
        """Packets that wait go their way, a turn's worth: who has much else to do calls it in between."""
        ...

    def activity(self, home_address: IPv4Address) -> TunnelActivity:
        """When a mobile node's tunnels were used last."""
        ...

    async def repair(self, now: float) -> Repair:
        """Puts back what others removed; backs off where they keep removing it. `now` is boot time, s.

        To be called when the kernel tells of a change that we did not make, and at `Repair.again_at`.
        """
        ...
