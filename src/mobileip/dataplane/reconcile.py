"""What must be done to get from what is there to what is wanted, and in which order.

`actual` holds only what bears our mark, so nothing that others made can be named in an operation.
"""

from collections.abc import Iterable

from mobileip.dataplane.identity import identity
from mobileip.dataplane.plan import IP_FORWARD
from mobileip.dataplane.ports import (
    Action,
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
    return sequence(installs, removals)


def sequence(installs: Iterable[KernelObject], removals: Iterable[KernelObject]) -> list[Operation]:
    """Operations in an order in which each finds what it needs.

    First everything is installed: sysctls (a link stops answering ARP before anything moves to it),
    neighbours before routes through them (or the kernel would ask by ARP), addresses before routes with
    that source, routes before the proxy entries and rules that lead to them, and the rules' exceptions
    before the rule for the rest. Then what nobody wants is removed, in reverse.
    """
    first = sorted(installs, key=_position)
    last = sorted(removals, key=_position, reverse=True)
    operations = [Operation(Action.INSTALL, target) for target in first]
    return operations + [Operation(Action.REMOVE, target) for target in last]


def _position(target: KernelObject) -> tuple[int, int, str]:
    """Where an object comes in the order of installing; the text only makes the order a total one."""
    match target:
        case Sysctl(path=path):
            # ip_forward last: it sets `forwarding` of every link, whose old values are to be known before.
            return (0, int(path == IP_FORWARD), path)
        case NeighbourEntry():
            return (1, 0, str(target))
        case InterfaceAddress():
            return (2, 0, str(target))
        case Route(prefix=prefix):
            # Subnets before the default route, whose gateway may be in one.
            return (3, -prefix.prefixlen, str(target))
        case ProxyNeighbour():
            return (4, 0, str(target))
        case Rule(priority=priority):
            return (5, priority, str(target))
