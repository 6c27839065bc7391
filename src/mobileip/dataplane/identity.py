"""What makes two kernel objects the same one with other values: installing one replaces the other."""

from mobileip.dataplane.ports import (
    FrameMark,
    InterfaceAddress,
    KernelObject,
    NeighbourEntry,
    ProxyNeighbour,
    Route,
    Rule,
    Sysctl,
)

Identity = tuple[object, ...]


def identity(target: KernelObject) -> Identity:
    """The kernel's own notion of identity: a change of value takes one operation and leaves no gap."""
    match target:
        case Route(table=table, prefix=prefix, metric=metric):
            # The kernel's key of an IPv4 route, beside TOS; device, gateway and source are values.
            return ("route", table, prefix, metric)
        case NeighbourEntry(interface=interface, address=address):
            return ("neighbour", interface, address)
        case Sysctl(path=path):
            return ("sysctl", path)
        case Rule() | ProxyNeighbour() | InterfaceAddress() | FrameMark():  # no other
            # Nothing in them can be changed in place.
            return (target,)
