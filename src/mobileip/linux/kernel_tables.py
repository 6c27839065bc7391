"""The kernel's tables as far as they are ours: implements `dataplane.ports.Kernel`.

Reads by pyroute2 (dumps are rare), writes by `netlink_batch`. Ours is what bears ROUTE_PROTOCOL, rules of our priorities that
bear it, and addresses on our own device.
"""

import socket
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from pyroute2 import AsyncIPRoute
from pyroute2.netlink import NLM_F_DUMP, NLM_F_REQUEST
from pyroute2.netlink.rtnl import RTM_GETNEIGH
from pyroute2.netlink.rtnl.ndmsg import ndmsg

from mobileip.dataplane.ports import (
    ROUTE_PROTOCOL,
    Action,
    Failure,
    InterfaceAddress,
    KernelObject,
    NeighbourEntry,
    Operation,
    ProxyNeighbour,
    Route,
    Rule,
    Sysctl,
)
from mobileip.linux.attributes import address_of, attributes_of, number_of
from mobileip.linux.netlink_batch import NTF_PROXY, NetlinkBatch
from mobileip.linux.sysctl import SysctlJournal

_DUMP_NEIGHBOURS = (RTM_GETNEIGH, NLM_F_REQUEST | NLM_F_DUMP)

_NO_ERROR_TEXT = "the kernel refused the value"

Attributes = Mapping[str, object]


class KernelTables:
    """`device` is our TUN device: every IPv4 address on it is ours."""

    def __init__(self, device: str, journal: SysctlJournal) -> None:
        self._device = device
        self._journal = journal
        self._batch = NetlinkBatch()

    @property
    def port_id(self) -> int:
        """For `LinkWatch`: events with it are our own doing."""
        return self._batch.port_id

    async def actual(self) -> frozenset[KernelObject]:
        """Everything of ours that is there now."""
        found: list[KernelObject] = [Sysctl(path=path, value=value) for path, value in self._journal.current().items()]
        async with AsyncIPRoute() as netlink:
            names = {int(m["index"]): str(dict(m["attrs"])["IFLA_IFNAME"]) async for m in await netlink.link("dump")}
            routes = [attributes_of(m) async for m in await netlink.route("dump", family=socket.AF_INET)]
            rules = [attributes_of(m) async for m in await netlink.rule("dump", family=socket.AF_INET)]
            addresses = [attributes_of(m) async for m in await netlink.addr("dump", family=socket.AF_INET)]
            neighbours = [attributes_of(m) async for m in await netlink.neigh("dump", family=socket.AF_INET)]
            proxies = [attributes_of(m) async for m in await netlink.nlm_request(_proxy_request(), *_DUMP_NEIGHBOURS)]
        found += _routes(routes, names)
        found += _rules(rules)
        found += _addresses(addresses, names, self._device)
        found += _neighbours(neighbours, names)
        found += _proxies(proxies, names)
        return frozenset(found)

    def perform(self, operations: Sequence[Operation]) -> list[Failure]:
        """In order; consecutive netlink operations share system calls."""
        failures: list[Failure] = []
        waiting: list[Operation] = []
        for operation in operations:
            if isinstance(operation.target, Sysctl):
                failures += self._batch.perform(waiting)
                waiting = []
                failures += self._sysctl(operation, operation.target)
            else:
                waiting.append(operation)
        return failures + self._batch.perform(waiting)

    def restore_sysctls(self) -> None:
        self._journal.restore_all()

    def close(self) -> None:
        self._batch.close()

    def _sysctl(self, operation: Operation, target: Sysctl) -> list[Failure]:
        if operation.action is Action.INSTALL:
            number = self._journal.set(target.path, target.value)
        else:
            number = self._journal.restore(target.path)
        return [Failure(operation, number, f"{target.path}: {_NO_ERROR_TEXT}")] if number else []


def _proxy_request() -> object:
    """The kernel lists proxy entries only for a request whose flags are exactly NTF_PROXY; the library's `neigh` has no word for it."""
    request = ndmsg()
    request["family"] = socket.AF_INET
    request["flags"] = NTF_PROXY
    return request


def _routes(messages: Iterable[Attributes], names: Mapping[int, str]) -> Iterable[Route]:
    for message in messages:
        name = names.get(number_of(message, "RTA_OIF"))
        if number_of(message, "proto") != ROUTE_PROTOCOL or name is None:
            continue
        destination = address_of(message, "RTA_DST") or IPv4Address(0)
        yield Route(
            prefix=IPv4Network((destination, number_of(message, "dst_len"))),
            interface=name,
            table=number_of(message, "RTA_TABLE") or number_of(message, "table"),
            gateway=address_of(message, "RTA_GATEWAY"),
            source=address_of(message, "RTA_PREFSRC"),
            metric=number_of(message, "RTA_PRIORITY"),
        )


def _rules(messages: Iterable[Attributes]) -> Iterable[Rule]:
    for message in messages:
        if number_of(message, "FRA_PROTOCOL") != ROUTE_PROTOCOL:
            continue
        suppress = number_of(message, "FRA_SUPPRESS_PREFIXLEN")
        yield Rule(
            priority=number_of(message, "FRA_PRIORITY"),
            table=number_of(message, "FRA_TABLE") or number_of(message, "table"),
            mark=number_of(message, "FRA_FWMARK") or None,
            source=address_of(message, "FRA_SRC"),
            udp_ports=_ports(message),
            # The kernel reports all ones where there is none.
            suppress_prefix_length=suppress if "FRA_SUPPRESS_PREFIXLEN" in message and suppress < 33 else None,
        )


def _ports(message: Attributes) -> tuple[int, int] | None:
    """Both ranges have one port each; the library writes them as "68:68"."""
    ranges = [message.get(name) for name in ("FRA_SPORT_RANGE", "FRA_DPORT_RANGE")]
    starts = [int(value.partition(":")[0]) for value in ranges if isinstance(value, str)]
    return (starts[0], starts[1]) if len(starts) == 2 else None


def _addresses(messages: Iterable[Attributes], names: Mapping[int, str], device: str) -> Iterable[InterfaceAddress]:
    for message in messages:
        address = address_of(message, "IFA_LOCAL") or address_of(message, "IFA_ADDRESS")
        if names.get(number_of(message, "index")) == device and address is not None:
            length = number_of(message, "prefixlen")
            yield InterfaceAddress(interface=device, address=IPv4Interface((address, length)))


def _neighbours(messages: Iterable[Attributes], names: Mapping[int, str]) -> Iterable[NeighbourEntry]:
    for message in messages:
        name, address, link = _neighbour(message, names)
        if name is not None and address is not None and isinstance(link, str):
            yield NeighbourEntry(interface=name, address=address, link_address=bytes.fromhex(link.replace(":", "")))


def _proxies(messages: Iterable[Attributes], names: Mapping[int, str]) -> Iterable[ProxyNeighbour]:
    for message in messages:
        name, address, _ = _neighbour(message, names)
        if name is not None and address is not None and number_of(message, "flags") & NTF_PROXY:
            yield ProxyNeighbour(interface=name, address=address)


def _neighbour(message: Attributes, names: Mapping[int, str]) -> tuple[str | None, IPv4Address | None, object]:
    if number_of(message, "NDA_PROTOCOL") != ROUTE_PROTOCOL:
        return None, None, None
    return names.get(number_of(message, "ifindex")), address_of(message, "NDA_DST"), message.get("NDA_LLADDR")
