"""A kernel, a packet port and an engine that only pretend: for tests and for the simulator.

`FakeKernel` refuses what the real one refuses for want of order, forgets when told that others removed
something, and fails when told to.
"""

import errno
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address

from mobileip.dataplane.engine import Repair, TunnelUse
from mobileip.dataplane.identity import Identity, identity
from mobileip.dataplane.ports import (
    Action,
    Failure,
    InterfaceAddress,
    KernelObject,
    Operation,
    Route,
    one_by_one,
)
from mobileip.forwarding.model import ForwardingChange, ForwardingState
from mobileip.forwarding.news import TunnelActivity
from mobileip.forwarding.tunnel import Tunnel


class FakeKernel:
    """Implements `ports.Kernel` in memory."""

    def __init__(self) -> None:
        self.objects: dict[Identity, KernelObject] = {}
        self.performed: list[Operation] = []
        """Everything asked for so far, refused or not."""
        self.refusals: dict[Identity, int] = {}
        """Identity -> errno of every operation on it from now on."""
        self.knows_sources = True
        """As the real one: no route without its source address, none left when that goes, and none on a device that
        loses its last address."""

    async def actual(self) -> frozenset[KernelObject]:
        return frozenset(self.objects.values())

    def perform(self, operations: Sequence[Operation]) -> list[Failure]:
        failures = []
        for operation in operations:
            self.performed.append(operation)
            error = self.refusals.get(identity(operation.target), 0) or self._perform(operation)
            if error:
                failures.append(Failure(operation, error, errno.errorcode[error]))
        return failures

    def lose(self, target: KernelObject) -> None:
        """Someone else removes an object of ours."""
        self.objects.pop(identity(target), None)

    def refuse(self, target: KernelObject, error: int) -> None:
        self.refusals[identity(target)] = error

    def _perform(self, operation: Operation) -> int:
        target = operation.target
        if operation.action is Action.REMOVE:
            self._remove(target)
            return 0
        if self.knows_sources and isinstance(target, Route) and target.source not in {None, *self._addresses()}:
            return errno.EINVAL
        self.objects[identity(target)] = target
        return 0

    def _remove(self, target: KernelObject) -> None:
        self.objects.pop(identity(target), None)
        if self.knows_sources and isinstance(target, InterfaceAddress):
            bare = not any(isinstance(o, InterfaceAddress) for o in self.objects.values())
            for key, route in list(self.objects.items()):
                if isinstance(route, Route) and (
                    route.source == target.address.ip or (bare and route.interface == target.interface)
                ):
                    del self.objects[key]

    def _addresses(self) -> set[IPv4Address]:
        return {o.address.ip for o in self.objects.values() if isinstance(o, InterfaceAddress)}


class FakePacketPort:
    """Implements `ports.PacketPort` by lists. `largest_outer` is the MTU of every route, `error` what each
    call returns."""

    def __init__(self, largest_outer: int = 1500) -> None:
        self.outer: list[bytes] = []
        self.frames: list[tuple[str, bytes, bytes]] = []
        self.up: list[bytes] = []
        self.largest_outer = largest_outer
        self.told_mtu: int | None = None
        """What `path_mtu` says, where it is not the truth."""
        self.error = 0

    def send_outer(self, packet: bytes) -> int:
        if self.error or len(packet) > self.largest_outer:
            return self.error or errno.EMSGSIZE
        self.outer.append(packet)
        return 0

    def send_outers(self, packets: Sequence[bytes]) -> tuple[int, int]:
        return one_by_one(packets, self.send_outer)

    def path_mtu(self, tunnel: Tunnel) -> int:
        return self.largest_outer if self.told_mtu is None else self.told_mtu

    def send_frame(self, interface: str, link_address: bytes, packet: bytes) -> int:
        if not self.error:
            self.frames.append((interface, link_address, packet))
        return self.error

    def send_frames(self, interface: str, link_address: bytes, packets: Sequence[bytes]) -> tuple[int, int]:
        return one_by_one(packets, lambda packet: self.send_frame(interface, link_address, packet))

    def send_up(self, packet: bytes) -> int:
        if not self.error:
            self.up.append(packet)
        return self.error

    def send_ups(self, packets: Sequence[bytes], *, onwards: bool) -> tuple[int, int]:
        return one_by_one(packets, self.send_up)


class FakeEngine:
    """Implements `engine.Engine` by remembering the state; every change is kept for the reader of a test."""

    def __init__(self) -> None:
        self.state = ForwardingState()
        self.changes: list[ForwardingChange] = []
        self.failures: list[Failure] = []
        """What the next calls return."""
        self.repairs: list[float] = []
        self.keepalives: list[tuple[IPv4Address, IPv4Address, int, float]] = []
        self.sent_at = self.heard_at = float("-inf")
        """What `activity` tells."""

    @property
    def name(self) -> str:
        return "fake"

    async def reconcile(self, state: ForwardingState) -> list[Failure]:
        self.state = state
        return self.failures

    def apply(self, change: ForwardingChange) -> list[Failure]:
        self.changes.append(change)
        self.state = self.state.apply(change)
        return self.failures

    def counters(self) -> Mapping[str, int]:
        return {"changes": len(self.changes)}

    def path_mtu(self, tunnel: Tunnel, now: float) -> int | None:
        return None

    def tunnels(self, *, idle: bool = False) -> list[TunnelUse]:
        return []

    def send_keepalive(self, home_address: IPv4Address, home_agent: IPv4Address, sequence: int, now: float) -> None:
        self.keepalives.append((home_address, home_agent, sequence, now))

    def take_turn(self) -> None:
        pass  # it has no packets

    def activity(self, home_address: IPv4Address) -> TunnelActivity:
        return TunnelActivity(home_address=home_address, sent_at=self.sent_at, heard_at=self.heard_at)

    async def repair(self, now: float) -> Repair:
        self.repairs.append(now)
        return Repair()
