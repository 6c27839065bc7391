"""Probes through real kernels: out by one link, to the home agent and back to the raw socket of the mobile node.

The node is embedded in the test, in place of the lab's own, so that a test can ask its machine itself.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from ipaddress import IPv4Address

import msgspec
import pytest
from tests.support.capture import Wire
from tests.support.netns import Namespace, namespace, veth
from tests.support.roaming import CARE_OF, HOME_ADDRESS, PATIENCE_SECONDS

import mobileip
from mobileip.agents.events import Event, LinkUsed, ProbeAnswered
from mobileip.agents.mobile.config import ReverseTunnelling
from mobileip.agents.outputs import AskLinkUse, Departure, SendProbe
from mobileip.lab.laboratory import Lab
from mobileip.linux.probes import Prober

pytestmark = pytest.mark.netns

HOME_AGENT = IPv4Address("10.1.0.1")
ROUTER = IPv4Address("203.0.113.1")


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab("roaming", name="test-probes", daemons=False) as made:
        for node in ("ha", "fa1"):
            made.daemon(node).start()
        yield made


class Probing:
    """A mobile node that runs, and what its machine told of paths."""

    def __init__(self, node: mobileip.Node) -> None:
        assert node._service is not None
        self.node = node
        self._performer = node._service._runner.performer
        self.told: asyncio.Queue[Event] = asyncio.Queue()
        node._service._machine.paths._on_event = self.told.put_nowait
        self._performer._on_event = self.told.put_nowait

    async def answer(self, departure: Departure, number: int) -> ProbeAnswered:
        """Probes until there is an answer: the first packets of a path may wait for ARP."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                self._performer.perform([SendProbe(departure=departure, number=number)], 0.0)
                try:
                    async with asyncio.timeout(2.0):
                        event = await self.told.get()
                except TimeoutError:
                    continue
                assert isinstance(event, ProbeAnswered)
                return event

    def use(self, interface: str) -> LinkUsed:
        self._performer.perform([AskLinkUse(interface=interface)], 0.0)
        event = self.told.get_nowait()
        assert isinstance(event, LinkUsed)
        return event


@asynccontextmanager
async def registered(lab: Lab, network: str, reverse_tunnel: ReverseTunnelling) -> AsyncIterator[Probing]:
    if lab.where("mn") != network:
        await asyncio.to_thread(lab.move, "mn", network)
    configuration = mobileip.load(lab.daemon("mn").configuration)
    assert configuration.mobile_node is not None
    mobile = msgspec.structs.replace(configuration.mobile_node, reverse_tunnel=reverse_tunnel)
    run_directory = lab.daemon("mn").run_dir
    run_directory.mkdir(exist_ok=True)
    with lab.inside("mn"):
        node = mobileip.Node(msgspec.structs.replace(configuration, mobile_node=mobile), run_directory)
        await node.start()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not is_registered(node, CARE_OF[network]):
                    await asyncio.sleep(0.05)
            yield Probing(node)
        finally:
            await node.stop()


def is_registered(node: mobileip.Node, care_of: str) -> bool:
    registration = node.snapshot().status.registration
    return registration is not None and registration.registered and registration.care_of == care_of


def departure(node: mobileip.Node, network: str) -> Departure:
    """As the mobile node's agent makes it."""
    shown = node.snapshot()
    registration = shown.status.registration
    assert registration is not None
    assert registration.care_of_address is not None
    behind_agent = CARE_OF[network] == "foreign_agent"
    return Departure(
        destination=HOME_AGENT,
        source=IPv4Address(registration.care_of_address if CARE_OF[network] == "colocated" else HOME_ADDRESS),
        interface="eth0",
        link_destination=bytes.fromhex(shown.agents[0].link_address.replace(":", "")) if behind_agent else None,
    )


@pytest.mark.parametrize("reverse_tunnel", [ReverseTunnelling.AUTO, ReverseTunnelling.OFF])
@pytest.mark.parametrize("network", ["foreign1", "visited", "behind", "home"])
async def test_the_home_agent_answers_a_probe(lab: Lab, network: str, reverse_tunnel: ReverseTunnelling) -> None:
    async with registered(lab, network, reverse_tunnel) as probing:
        by_link = departure(probing.node, network)
        before = probing.use("eth0")
        for number in (1, 0xFFFF):
            answered = await probing.answer(by_link, number)
            assert (answered.interface, answered.number) == ("eth0", number)
        after = probing.use("eth0")
        assert after.sent >= before.sent + 2
        assert after.received >= before.received + 2


# -- by one link of several


@pytest.fixture
def here() -> Iterator[tuple[Namespace, Namespace]]:
    with namespace() as node, namespace() as router:
        for number, name in enumerate(("x", "y")):
            veth(node, name, router, f"r{name}")
            node.ip(f"address add 192.0.{number}.7/24 dev {name}")
            router.ip(f"address add 192.0.{number}.1/24 dev r{name}")
            node.ip(f"route add default via 192.0.{number}.1 dev {name} metric {number + 1}")
        router.ip(f"address add {ROUTER}/32 dev lo")
        yield node, router


@pytest.mark.no_engine
@pytest.mark.parametrize(("name", "source"), [("x", "192.0.0.7"), ("y", "192.0.1.7")])
async def test_a_probe_takes_the_link_that_it_is_about_whatever_the_routes_say(
    here: tuple[Namespace, Namespace], name: str, source: str
) -> None:
    node, router = here
    answers: asyncio.Queue[tuple[str, int]] = asyncio.Queue()
    with Wire(router, f"r{name}") as wire, node.entered():
        prober = Prober(lambda *_: 0, lambda *answer: answers.put_nowait(answer))
        prober.start()
        assert prober.send(Departure(destination=ROUTER, source=IPv4Address(source), interface=name), 7) == 0
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await answers.get() == (name, 7)
        prober.stop()
        request = wire.until(is_echo_request)[-1]
        assert IPv4Address(request[26:30]) == IPv4Address(source)


def is_echo_request(frame: bytes) -> bool:
    return frame[12:14] == b"\x08\x00" and frame[23] == 1 and frame[34] == 8
