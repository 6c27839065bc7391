"""Writes and reads of kernel tables, judged by `ip`.

here, in a namespace:  x (up, 10.0.0.1/24) ---- y      mip0 (TUN)
"""

import asyncio
import errno
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path

import pytest
from tests.support.netns import Namespace, namespace, veth

from mobileip.dataplane.ports import (
    ROUTE_PROTOCOL,
    ROUTING_TABLE,
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
from mobileip.linux import kernel_tables
from mobileip.linux.kernel_tables import KernelTables
from mobileip.linux.sysctl import SysctlJournal
from mobileip.linux.tun import TunnelDevice

pytestmark = [pytest.mark.netns, pytest.mark.no_engine]

HOME = IPv4Address("10.1.0.10")
GATEWAY = IPv4Address("192.0.2.1")
LINK_ADDRESS = b"\x02\x00\x00\x00\x00\x99"

ADDRESS = InterfaceAddress(interface="mip0", address=IPv4Interface("10.1.0.10/32"))
VIA_AGENT = Route(prefix=IPv4Network("0.0.0.0/0"), interface="x", table=ROUTING_TABLE, gateway=GATEWAY, source=HOME)
FALL_BACK = Route(prefix=IPv4Network("0.0.0.0/0"), interface="mip0", table=ROUTING_TABLE, source=HOME, metric=9999)
HOST = Route(prefix=IPv4Network("10.1.0.11/32"), interface="mip0", metric=77)
NEIGHBOUR = NeighbourEntry(interface="x", address=GATEWAY, link_address=LINK_ADDRESS)
PROXY = ProxyNeighbour(interface="x", address=IPv4Address("10.1.0.11"))
RULES = (
    Rule(priority=7430, mark=0x4D49, table=254),
    Rule(priority=7431, arriving_by="lo", udp_ports=(68, 67), table=254),
    Rule(priority=7432, suppress_prefix_length=0, table=254),
    Rule(priority=7433, source=HOME, table=ROUTING_TABLE),
    Rule(priority=7434, table=ROUTING_TABLE),
)
EVERYTHING: tuple[KernelObject, ...] = (NEIGHBOUR, ADDRESS, HOST, VIA_AGENT, FALL_BACK, PROXY, *RULES)


def install(*targets: KernelObject) -> list[Operation]:
    return [Operation(Action.INSTALL, target) for target in targets]


def remove(*targets: KernelObject) -> list[Operation]:
    return [Operation(Action.REMOVE, target) for target in targets]


def lines(output: str) -> list[str]:
    """What `ip` printed, with single spaces."""
    return [" ".join(line.split()) for line in output.splitlines()]


@pytest.fixture
def here() -> Iterator[Namespace]:
    with namespace() as made:
        veth(made, "x", made, "y")
        made.ip("address add 10.0.0.1/24 dev x")
        with made.entered():
            yield made


@pytest.fixture
def device(here: Namespace) -> Iterator[TunnelDevice]:
    opened = TunnelDevice("mip0", 1480)
    yield opened
    opened.close()


@pytest.fixture
def kernel(device: TunnelDevice, tmp_path: Path) -> Iterator[KernelTables]:
    tables = KernelTables(device.name, SysctlJournal(tmp_path / "sysctl.journal"))
    yield tables
    tables.close()


async def test_what_was_installed_is_read_back_and_removed_without_a_trace(
    here: Namespace, kernel: KernelTables
) -> None:
    before = here.ip("rule"), here.ip("route show table all"), here.ip("neighbour show nud permanent")
    assert await kernel.actual() == frozenset()

    assert kernel.perform(install(*EVERYTHING)) == []
    assert await kernel.actual() == frozenset(EVERYTHING)
    assert kernel.perform(install(*EVERYTHING)) == []
    assert await kernel.actual() == frozenset(EVERYTHING)

    assert kernel.perform(remove(*reversed(EVERYTHING))) == []
    assert await kernel.actual() == frozenset()
    assert (here.ip("rule"), here.ip("route show table all"), here.ip("neighbour show nud permanent")) == before


async def test_removing_what_is_not_there_succeeds(kernel: KernelTables) -> None:
    assert kernel.perform(remove(*EVERYTHING)) == []
    gone = Route(prefix=IPv4Network("10.9.0.0/16"), interface="gone")
    neighbour = NeighbourEntry(interface="gone", address=GATEWAY, link_address=LINK_ADDRESS)
    assert kernel.perform(remove(gone, neighbour, ProxyNeighbour(interface="gone", address=HOME))) == []


async def test_ip_shows_what_we_meant(here: Namespace, kernel: KernelTables) -> None:
    kernel.perform(install(*EVERYTHING))

    assert lines(here.ip(f"route show table {ROUTING_TABLE}")) == [
        "default via 192.0.2.1 dev x proto 77 src 10.1.0.10 onlink",
        "default dev mip0 proto 77 scope link src 10.1.0.10 metric 9999",
    ]
    assert here.ip(f"route show proto {ROUTE_PROTOCOL}").strip() == "10.1.0.11 dev mip0 scope link metric 77"
    assert lines(here.ip("rule"))[1:-2] == [
        "7430: from all fwmark 0x4d49 lookup main proto 77",
        "7431: from all iif lo ipproto udp sport 68 dport 67 lookup main proto 77",
        "7432: from all lookup main suppress_prefixlength 0 proto 77",
        "7433: from 10.1.0.10 lookup 7434 proto 77",
        "7434: from all lookup 7434 proto 77",
    ]
    assert lines(here.ip("neighbour show dev x nud permanent")) == [
        "192.0.2.1 lladdr 02:00:00:00:00:99 PERMANENT proto 77"
    ]
    assert lines(here.ip("neighbour show proxy")) == ["10.1.0.11 dev x proxy proto 77"]
    assert "inet 10.1.0.10/32 scope global" in here.ip("address show dev mip0")


async def test_an_object_with_the_same_identity_is_replaced(here: Namespace, kernel: KernelTables) -> None:
    other_gateway = IPv4Address("192.0.2.2")
    moved = Route(prefix=VIA_AGENT.prefix, interface="y", table=ROUTING_TABLE, gateway=other_gateway, source=HOME)
    renewed = NeighbourEntry(interface="x", address=GATEWAY, link_address=b"\x02\0\0\0\0\x77")
    assert kernel.perform(install(ADDRESS, VIA_AGENT, NEIGHBOUR, moved, renewed)) == []
    assert await kernel.actual() == {ADDRESS, moved, renewed}


async def test_what_others_made_is_not_ours(here: Namespace, kernel: KernelTables) -> None:
    here.ip("route add 10.9.0.0/16 dev x")
    here.ip(f"route add default via 10.0.0.9 table {ROUTING_TABLE}")
    here.ip("rule add priority 7433 lookup 100")
    here.ip("neighbour add 10.0.0.7 lladdr 02:00:00:00:00:07 dev x")
    here.ip("neighbour add proxy 10.0.0.8 dev x")
    assert await kernel.actual() == frozenset()


async def test_our_routes_in_main_never_replace_those_of_others(here: Namespace, kernel: KernelTables) -> None:
    here.ip("route add 10.1.0.11/32 dev x")
    assert kernel.perform(install(HOST)) == []
    assert kernel.perform(remove(HOST)) == []
    assert here.ip("route show 10.1.0.11").strip() == "10.1.0.11 dev x scope link"


async def test_a_refused_operation_is_reported_and_does_not_stop_the_rest(kernel: KernelTables) -> None:
    # Every third of 600: more than one system call's worth, refusals in each.
    operations = []
    for number in range(600):
        address = IPv4Network((0x0A200000 + number, 32))
        source = IPv4Address("203.0.113.1") if number % 3 == 0 else None  # not an address of ours
        operations += install(Route(prefix=address, interface="mip0", source=source, metric=77))
    operations += install(Route(prefix=IPv4Network("10.99.0.0/16"), interface="nowhere", metric=77))

    failures = kernel.perform(operations)

    refused = [operation for operation in operations[:-1] if operation.target.source is not None]
    assert [f.operation for f in failures if f.errno == errno.EINVAL] == refused
    assert [f.operation for f in failures if f.errno == errno.ENODEV] == [operations[-1]]
    assert "Invalid argument" in failures[0].text
    assert len(await kernel.actual()) == 400


async def test_a_dump_of_many_pieces_is_whole(kernel: KernelTables) -> None:
    routes = [Route(prefix=IPv4Network((0x0A200000 + n, 32)), interface="mip0", metric=77) for n in range(5000)]
    proxies = [ProxyNeighbour(interface="x", address=IPv4Address(0x0A200000 + n)) for n in range(5000)]
    assert kernel.perform(install(*routes, *proxies)) == []
    assert await kernel.actual() == {*routes, *proxies}
    assert kernel.perform(remove(*proxies, *routes)) == []
    assert await kernel.actual() == frozenset()


async def test_sysctls_are_performed_among_the_rest_and_seen(here: Namespace, kernel: KernelTables) -> None:
    target = Sysctl(path="net/ipv4/conf/x/arp_ignore", value="1")
    missing = Sysctl(path="net/ipv4/conf/gone/arp_ignore", value="1")
    failures = kernel.perform(install(NEIGHBOUR, target, missing, PROXY))
    assert [(f.operation.target, f.errno) for f in failures] == [(missing, errno.ENOENT)]
    assert failures[0].text == "/proc/sys/net/ipv4/conf/gone/arp_ignore: No such file or directory"
    assert here.sysctl("net/ipv4/conf/x/arp_ignore") == "1"
    assert await kernel.actual() == {NEIGHBOUR, PROXY, target}

    here.sysctl("net/ipv4/conf/x/arp_ignore", "2")
    assert Sysctl(path=target.path, value="2") in await kernel.actual()
    here.sysctl("net/ipv4/conf/x/arp_ignore", "1")

    assert kernel.perform(remove(target)) == []
    assert here.sysctl("net/ipv4/conf/x/arp_ignore") == "0"
    kernel.perform(install(target))
    kernel.restore_sysctls()
    assert here.sysctl("net/ipv4/conf/x/arp_ignore") == "0"


FORWARDING = Sysctl(path="net/ipv4/conf/x/forwarding", value="1")


async def test_the_journal_of_sysctls_is_tidied_when_nobody_waits(
    kernel: KernelTables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel_tables, "TIDY_SECONDS", 0.0)
    kernel.perform(install(FORWARDING))
    kernel.perform(remove(FORWARDING))
    kernel.perform(install(FORWARDING))
    kernel.perform(remove(FORWARDING))
    journal = tmp_path / "sysctl.journal"
    assert journal.exists()
    async with asyncio.timeout(10):
        while journal.exists():
            await asyncio.sleep(0)


async def test_the_journal_is_tidied_at_the_end(kernel: KernelTables, tmp_path: Path) -> None:
    kernel.perform(install(FORWARDING))
    kernel.perform(remove(FORWARDING))
    kernel.close()
    assert not (tmp_path / "sysctl.journal").exists()


def test_without_an_event_loop_the_journal_is_tidied_at_once(kernel: KernelTables, tmp_path: Path) -> None:
    kernel.perform(install(FORWARDING))
    kernel.perform(remove(FORWARDING))
    assert not (tmp_path / "sysctl.journal").exists()
