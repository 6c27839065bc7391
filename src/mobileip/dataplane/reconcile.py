"""What must be done to get from what is there to what is wanted, and in which order.

`actual` holds only what bears our mark, so nothing that others made can be named in an operation.
"""

from collections.abc import Collection, Iterable, Sequence

from mobileip.dataplane.identity import identity
from mobileip.dataplane.plan import IP_FORWARD
from mobileip.dataplane.ports import (
    Action,
    FrameMark,
    InterfaceAddress,
    KernelObject,
    NeighbourEntry,
    Operation,
    ProxyNeighbour,
    Route,
    Rule,
    Sysctl,
)


def reconcile(actual: Iterable[KernelObject], wanted: Iterable[KernelObject]) -> list[Operation]:
    """The operations that make `actual` equal to `wanted`; none when it is already (law 6).

    `wanted` names every identity at most once (`plan.plan` sees to that).
    """
    there = frozenset(actual)
    standing = {identity(target): target for target in wanted}
    installs = [target for target in standing.values() if target not in there]
    removals = [target for target in there if identity(target) not in standing]
    return sequence(installs, removals, standing.values())


def sequence(
    installs: Iterable[KernelObject], removals: Iterable[KernelObject], standing: Collection[KernelObject]
) -> list[Operation]:
    """Operations in an order in which each finds what it needs; `standing` is all that is wanted in the end.

    First everything is installed: sysctls (a link stops answering ARP before anything moves to it),
    neighbours before routes through them (or the kernel would ask by ARP), addresses before routes with
    that source, routes before the proxy entries and rules that lead to them, and the rules' exceptions
    before the rule for the rest. Then what nobody wants is removed, in reverse.
    """
    first = sorted(installs, key=_position)
    last = sorted(removals, key=_position, reverse=True)
    operations = [Operation(Action.INSTALL, target) for target in first]
    operations += [Operation(Action.REMOVE, target) for target in last]
    bared = {target.interface for target in last if isinstance(target, InterfaceAddress)}
    return operations + _flushed(bared, standing) if bared else operations


def around_the_turn(operations: Sequence[Operation]) -> tuple[Sequence[Operation], ...]:
    """What comes before packets are led another way, what leads them, what comes after: files at both ends, which take
    longer."""
    steers = [not isinstance(operation.target, Sysctl) for operation in operations]
    if True not in steers:
        return operations, (), ()
    first, last = steers.index(True), len(steers) - steers[::-1].index(True)
    return operations[:first], operations[first:last], operations[last:]


def _flushed(bared: set[str], standing: Collection[KernelObject]) -> list[Operation]:
    """The kernel flushes all routes of a device that loses its last address: those that are to stay come back."""
    bared -= {target.interface for target in standing if isinstance(target, InterfaceAddress)}
    lost = [target for target in standing if isinstance(target, Route) and target.interface in bared]
    return [Operation(Action.INSTALL, target) for target in sorted(lost, key=_position)]


def _position(target: KernelObject) -> tuple[int, int, str]:
    """Where an object comes in the order of installing; total, so that the order never depends on that of a set."""
    match target:
        case Sysctl(path=path):
            # ip_forward last: it sets `forwarding` of every link, whose old values are to be known before.
            return (0, int(path == IP_FORWARD), path)
        case NeighbourEntry(interface=interface, address=address):
            return (1, int(address), interface)
        case InterfaceAddress(interface=interface, address=own):
            return (2, int(own), interface)
        case Route(prefix=prefix, table=table, metric=metric):
            # Subnets before the default route, whose gateway may be in one.
            return (3, (32 - prefix.prefixlen) << 32 | int(prefix.network_address), f"{table}/{metric}")
        case ProxyNeighbour(interface=interface, address=address):
            return (4, int(address), interface)
        case FrameMark(mark=mark):
            return (5, mark, str(target))
        case Rule(priority=priority):  # no other
            return (6, priority, str(target))
