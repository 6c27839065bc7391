"""Pictures of links as the kernel's events make them.

here:  x ---- y (in the namespace far)      mip0 (TUN, ours)
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

import pytest
from tests.support.netns import Namespace, namespace, veth

from mobileip.agents.events import Link
from mobileip.dataplane.ports import (
    ROUTING_TABLE,
    Action,
    InterfaceAddress,
    KernelObject,
    Operation,
    Route,
    Rule,
)
from mobileip.linux.netlink_batch import NetlinkBatch
from mobileip.linux.tun import TunnelDevice
from mobileip.linux.watch import LinkWatch

pytestmark = [pytest.mark.netns, pytest.mark.no_engine]

PATIENCE = 10
HOME = InterfaceAddress(interface="mip0", address=IPv4Interface("10.1.0.10/32"))
RULE = Rule(priority=7434, table=ROUTING_TABLE)
OUR_ROUTE = Route(prefix=IPv4Network("10.9.0.0/16"), interface="x", table=ROUTING_TABLE)
OURS_CHANGED = "ours changed"
Told = Link | str


class Listener:
    """What a watch told, in order."""

    def __init__(self) -> None:
        self._told: asyncio.Queue[Told] = asyncio.Queue()

    def watch(self, own_port_id: int) -> LinkWatch:
        return LinkWatch(
            "mip0",
            own_port_id,
            on_link=self._told.put_nowait,
            on_link_removed=self._told.put_nowait,
            on_ours_changed=lambda: self._told.put_nowait(OURS_CHANGED),
        )

    async def until(self, wanted: Callable[[Told], bool]) -> list[Told]:
        """All that is told up to the first that is wanted, itself included."""
        told: list[Told] = []
        while not told or not wanted(told[-1]):
            told.append(await asyncio.wait_for(self._told.get(), PATIENCE))
        return told

    async def link(self, wanted: Callable[[Link], bool]) -> Link:
        last = (await self.until(lambda told: isinstance(told, Link) and wanted(told)))[-1]
        assert isinstance(last, Link)
        return last


@pytest.fixture
def here() -> Iterator[Namespace]:
    with namespace() as made, made.entered():
        yield made


@pytest.fixture
def far(here: Namespace) -> Iterator[Namespace]:
    with namespace() as made:
        veth(here, "x", made, "y")
        yield made


@pytest.fixture
def device(here: Namespace) -> Iterator[TunnelDevice]:
    opened = TunnelDevice("mip0", 1480)
    yield opened
    opened.close()


@pytest.fixture
def writer(here: Namespace) -> Iterator[NetlinkBatch]:
    batch = NetlinkBatch()
    yield batch
    batch.close()


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
async def watch(
    listener: Listener, writer: NetlinkBatch, far: Namespace, device: TunnelDevice
) -> AsyncIterator[LinkWatch]:
    started = listener.watch(writer.port_id)
    await started.start()
    await listener.link(lambda link: link.name == "x" and link.carrier)
    yield started
    started.stop()


def install(writer: NetlinkBatch, *targets: KernelObject) -> None:
    assert writer.perform([Operation(Action.INSTALL, target) for target in targets]) == []


async def test_the_first_picture_has_everything(
    here: Namespace, far: Namespace, device: TunnelDevice, listener: Listener
) -> None:
    here.ip("address add 192.0.2.77/24 dev x")
    here.ip("address add 10.1.0.10/32 dev mip0")
    here.ip("route add default via 192.0.2.1 metric 10")
    here.ip("route add default via 192.0.2.2 metric 20")
    here.ip("route add default via 192.0.2.3 metric 5 table 100")
    watch = listener.watch(0)
    await watch.start()
    seen = await listener.link(lambda link: link.carrier)
    assert seen == Link(
        name="x",
        index=socket.if_nametoindex("x"),
        carrier=True,
        link_address=here.link_address("x"),
        addresses=(IPv4Interface("192.0.2.77/24"),),
        gateway=IPv4Address("192.0.2.1"),
        carrier_changes=seen.carrier_changes,
    )
    assert dict(watch.links()) == {"x": seen}
    assert watch.local_addresses >= {IPv4Address("192.0.2.77"), IPv4Address("10.1.0.10"), IPv4Address("127.0.0.1")}
    assert IPv4Address("192.0.2.255") in watch.broadcast_addresses
    assert watch.name_of(seen.index) == "x"
    assert watch.name_of(1) == "lo"
    assert watch.name_of(9999) is None
    watch.stop()


async def test_an_empty_namespace_has_no_links(here: Namespace, listener: Listener) -> None:
    watch = listener.watch(0)
    await watch.start()
    assert dict(watch.links()) == {}
    watch.stop()


async def test_carrier_address_and_gateway_as_they_come_and_go(
    here: Namespace, far: Namespace, watch: LinkWatch, listener: Listener
) -> None:
    before = watch.links()["x"].carrier_changes
    far.ip("link set y down")
    assert (await listener.link(lambda link: not link.carrier)).carrier_changes == before + 1
    far.ip("link set y up")
    assert (await listener.link(lambda link: link.carrier)).carrier_changes == before + 2
    here.ip("address add 192.0.2.77/24 dev x")
    await listener.link(lambda link: link.addresses == (IPv4Interface("192.0.2.77/24"),))
    assert IPv4Address("192.0.2.77") in watch.local_addresses
    here.ip("route add default via 192.0.2.2 metric 20")
    await listener.link(lambda link: link.gateway == IPv4Address("192.0.2.2"))
    here.ip("route add default via 192.0.2.1 metric 10")
    await listener.link(lambda link: link.gateway == IPv4Address("192.0.2.1"))
    here.ip("route replace default via 192.0.2.9 metric 10")
    await listener.link(lambda link: link.gateway == IPv4Address("192.0.2.9"))
    here.ip("route delete default metric 10")
    await listener.link(lambda link: link.gateway == IPv4Address("192.0.2.2"))
    here.ip("address delete 192.0.2.77/24 dev x")
    await listener.link(lambda link: link.addresses == () and link.gateway is None)
    assert IPv4Address("192.0.2.77") not in watch.local_addresses


async def test_a_flap_too_short_to_be_seen_is_counted(far: Namespace, watch: LinkWatch, listener: Listener) -> None:
    before = watch.links()["x"].carrier_changes
    for _ in range(3):
        far.run("sh", "-c", "printf 'link set y down\nlink set y up\n' | ip -batch -")
    assert (await listener.link(lambda link: link.carrier_changes == before + 6)).carrier


async def test_a_gateway_dies_with_its_preferred_source(here: Namespace, watch: LinkWatch, listener: Listener) -> None:
    # The kernel deletes such a route with the address, without an event.
    here.ip("address add 192.0.2.77/24 dev x")
    here.ip("address add 198.51.100.7/24 dev x")
    here.ip("route add default via 198.51.100.1 src 192.0.2.77")
    await listener.link(lambda link: link.gateway is not None)
    here.ip("address delete 192.0.2.77/24 dev x")
    left = await listener.link(lambda link: len(link.addresses) == 1)
    assert left.gateway is None
    assert here.ip("route show default") == ""


async def test_a_gateway_dies_with_its_link(here: Namespace, watch: LinkWatch, listener: Listener) -> None:
    here.ip("address add 192.0.2.77/24 dev x")
    here.ip("route add default via 192.0.2.1")
    await listener.link(lambda link: link.gateway is not None)
    here.ip("link set x down")
    down = await listener.link(lambda link: not link.carrier and link.gateway is None)
    assert down.addresses == (IPv4Interface("192.0.2.77/24"),)


async def test_a_multipath_default_route_has_a_gateway_on_each_link(
    here: Namespace, watch: LinkWatch, listener: Listener
) -> None:
    veth(here, "x2", here, "y2")
    here.ip("address add 192.0.2.77/24 dev x")
    here.ip("address add 198.51.100.7/24 dev x2")
    here.ip("route add default nexthop via 192.0.2.1 dev x nexthop via 198.51.100.1 dev x2")
    await listener.link(lambda link: link.name == "x2" and link.gateway == IPv4Address("198.51.100.1"))
    assert watch.links()["x"].gateway == IPv4Address("192.0.2.1")
    here.ip("route delete default")
    await listener.link(lambda link: link.name == "x2" and link.gateway is None)
    assert watch.links()["x"].gateway is None


async def test_links_come_go_and_are_renamed(here: Namespace, watch: LinkWatch, listener: Listener) -> None:
    veth(here, "x2", here, "y2")
    told = await listener.until(lambda told: isinstance(told, Link) and told.name == "x2" and told.carrier)
    assert OURS_CHANGED in told + await listener.until(lambda told: told == OURS_CHANGED)
    here.ip("link set x2 down")
    here.ip("link set x2 name x3")
    await listener.until(lambda told: told == "x2")
    await listener.link(lambda link: link.name == "x3")
    here.ip("link delete x3")
    await listener.until(lambda told: told == "x3")
    assert set(watch.links()) == {"x"}


async def test_our_own_changes_are_not_told_as_others(
    here: Namespace, watch: LinkWatch, listener: Listener, writer: NetlinkBatch
) -> None:
    targets = (HOME, RULE, OUR_ROUTE)
    install(writer, *targets)
    assert writer.perform([Operation(Action.REMOVE, target) for target in targets]) == []
    here.ip("address add 192.0.2.77/24 dev x")  # the end of the story
    told = await listener.until(lambda told: isinstance(told, Link) and told.addresses != ())
    assert OURS_CHANGED not in told


async def test_our_home_address_is_a_local_address(
    here: Namespace, watch: LinkWatch, listener: Listener, writer: NetlinkBatch
) -> None:
    install(writer, HOME)
    here.ip("address add 192.0.2.77/24 dev x")
    await listener.link(lambda link: link.addresses != ())
    assert HOME.address.ip in watch.local_addresses
    assert set(watch.links()) == {"x"}


@pytest.mark.parametrize(
    "deed",
    [
        f"route delete 10.9.0.0/16 table {ROUTING_TABLE}",
        "rule delete priority 7434",
        "address delete 10.1.0.10/32 dev mip0",
        "link set mip0 down",
    ],
)
async def test_what_others_do_to_ours_is_told(
    deed: str, here: Namespace, watch: LinkWatch, listener: Listener, writer: NetlinkBatch
) -> None:
    install(writer, HOME, RULE, OUR_ROUTE)
    here.ip(deed)
    await listener.until(lambda told: told == OURS_CHANGED)


async def test_what_the_kernel_drops_without_a_word_is_told(
    here: Namespace, watch: LinkWatch, listener: Listener, writer: NetlinkBatch
) -> None:
    here.ip("address add 192.0.2.77/24 dev x")
    install(writer, OUR_ROUTE)
    here.ip("address delete 192.0.2.77/24 dev x")  # the last one
    await listener.until(lambda told: told == OURS_CHANGED)
    assert here.ip(f"route show table {ROUTING_TABLE}") == ""
    here.ip("link set x down")
    here.ip("link set x up")  # what went with it can be made again
    await listener.until(lambda told: told == OURS_CHANGED)


async def test_events_that_were_lost_are_made_up_for(
    here: Namespace, far: Namespace, device: TunnelDevice, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mobileip.linux.watch.RECEIVE_BUFFER", 4096)
    watch = listener.watch(0)
    await watch.start()
    await listener.link(lambda link: link.name == "x")
    # More than the buffer holds, while the loop does not read.
    commands = "".join(f"address add 10.5.{n // 250}.{n % 250}/32 dev x\n" for n in range(500))
    here.run("sh", "-c", f"printf '{commands.encode().decode()}' | ip -batch -")
    here.ip("address add 192.0.2.77/24 dev x")
    await listener.link(lambda link: len(link.addresses) == 501)
    await listener.until(lambda told: told == OURS_CHANGED)
    here.ip("address delete 192.0.2.77/24 dev x")  # and it goes on
    await listener.link(lambda link: len(link.addresses) == 500)
    watch.stop()
