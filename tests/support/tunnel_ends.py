"""Both ends of tunnels with real packets, without agents: the machine parts of daemons in namespaces, and what wishes
they have while a mobile node is away.

    correspondent 198.51.100.10 -- home agent 192.0.2.1 -- router -- 203.0.113.2 far end -- mobile node

The far end is a foreign agent, or (without the last cable) the mobile node itself.
"""

import asyncio
import json
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import TypeVar

from tests.support.netns import Namespace, namespace, veth

from mobileip.agents.foreign.config import ForeignAgentConfig
from mobileip.daemon.config_file import Configuration, DaemonConfig, EngineChoice
from mobileip.daemon.machine import Machine
from mobileip.forwarding.model import (
    AgentLink,
    BindingRoute,
    ForwardingState,
    HomeAddress,
    HomeNetwork,
    ReverseExit,
    ReverseTunnel,
    TunnelExit,
    VisitorReverse,
    VisitorRoute,
    Wish,
)
from mobileip.forwarding.tunnel import Tunnel
from mobileip.linux import clock
from mobileip.linux.signalling import Receivers

CORRESPONDENT = IPv4Address("198.51.100.10")
HOME_AGENT = IPv4Address("192.0.2.1")
CARE_OF = IPv4Address("203.0.113.2")
HOME_NETWORK = IPv4Network("10.1.0.0/24")
HOME_ADDRESS = IPv4Address("10.1.0.10")
VISITED_LINK = "e1"
LONG = 3600.0
_PATIENCE_SECONDS = 20.0

T = TypeVar("T")


def until(seconds: float = LONG) -> float:
    return clock.now().boot + seconds


class End:
    """One machine's forwarding. What it does, it does in a thread of its own, which is inside the namespace."""

    def __init__(self, where: Namespace, folder: Path, engine: str, served: str | None) -> None:
        self.where = where
        self._folder = folder
        self._configuration = Configuration(
            daemon=DaemonConfig(engine=EngineChoice(engine)),
            foreign_agent=ForeignAgentConfig(links=(served,), care_of_address=CARE_OF) if served else None,
        )
        self._ready = threading.Event()
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=f"end-{where.name}")

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(_PATIENCE_SECONDS)
        if self._failed is not None:
            raise self._failed

    def stop(self) -> None:
        if self._failed is None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def do(self, what: Callable[[Machine], T]) -> T:
        """In its thread; packets wait meanwhile."""

        async def done() -> T:
            return what(self._machine)

        return asyncio.run_coroutine_threadsafe(done(), self._loop).result(_PATIENCE_SECONDS)

    def choose(self, choice: EngineChoice) -> None:
        chosen = self._machine.accelerator.choose(choice)
        asyncio.run_coroutine_threadsafe(chosen, self._loop).result(_PATIENCE_SECONDS)

    def wish(self, *wishes: Wish) -> None:
        """Nothing else is wished for from now on."""
        reconciled = self._machine_reconciled(ForwardingState.of(wishes))
        assert asyncio.run_coroutine_threadsafe(reconciled, self._loop).result(_PATIENCE_SECONDS) == []

    async def _machine_reconciled(self, state: ForwardingState) -> list[object]:
        return list(await self._machine.engine.reconcile(state))

    @contextmanager
    def dead(self) -> Iterator[None]:
        """It does nothing at all for a while, as if it had been killed; what is in the kernel goes on."""
        again, dying = threading.Event(), threading.Event()

        def stand_still() -> None:
            dying.set()
            again.wait()

        self._loop.call_soon_threadsafe(stand_still)
        assert dying.wait(_PATIENCE_SECONDS)
        try:
            yield
        finally:
            again.set()

    @property
    def engine(self) -> str:
        return self.do(lambda machine: machine.engine.name)

    @property
    def room(self) -> int:
        """Of the fast path's tables."""
        programs = self._machine.accelerator.programs
        return programs.room if programs is not None else 0

    def counted(self) -> dict[str, int]:
        return self.do(lambda machine: dict(machine.engine.counters()))

    def _run(self) -> None:
        try:
            with self.where.entered():
                asyncio.run(self._live())
        except BaseException as error:  # the test's thread raises it
            self._failed = error
            self._ready.set()

    async def _live(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        machine = self._machine = Machine(
            self._configuration,
            self._folder,
            Receivers(_ignore, _ignore, _ignore, _ignore, _ignore),
            on_link=_ignore,
            on_link_removed=_ignore,
            on_ours_changed=_ignore,
            on_news=_ignore,
            on_device_trouble=_ignore,
            on_engine=_ignore,
            on_event=_ignore,
        )
        await machine.start()
        try:
            machine.accelerator.start()
            self._ready.set()
            await self._stop.wait()
            machine.accelerator.remove()
            await machine.engine.reconcile(ForwardingState())
        finally:
            machine.stop()


def _ignore(*_: object) -> None:
    pass


@contextmanager
def end(where: Namespace, engine: str = "ebpf", served: str | None = None) -> Iterator[End]:
    """`served`: the link on which it is a foreign agent."""
    with tempfile.TemporaryDirectory() as folder:
        made = End(where, Path(folder), engine, served)
        made.start()
        try:
            yield made
        finally:
            made.stop()


class World:
    """The namespaces of the row."""

    def __init__(self, stack: ExitStack) -> None:
        self.correspondent, self.home_agent, self.router, self.far = (
            stack.enter_context(plain_namespace()) for _ in range(4)
        )
        cable((self.correspondent, "c0", "198.51.100.10/24"), (self.home_agent, "h0", "198.51.100.1/24"))
        cable((self.home_agent, "h1", "192.0.2.1/30"), (self.router, "r0", "192.0.2.2/30"))
        cable((self.router, "r1", "203.0.113.1/24"), (self.far, "e0", "203.0.113.2/24"))
        self.correspondent.ip("route add default via 198.51.100.1")
        self.home_agent.ip("route add default via 192.0.2.2")
        self.far.ip("route add default via 203.0.113.1")
        self.router.sysctl("net/ipv4/ip_forward", "1")
        self.home_agent.sysctl("net/ipv4/ip_forward", "1")


def visit(agent: Namespace, mobile_node: Namespace) -> bytes:
    """A mobile node on the link of a foreign agent; its link-layer address."""
    veth(agent, VISITED_LINK, mobile_node, "m0")
    agent.ip(f"address add 10.2.0.1/24 dev {VISITED_LINK}")
    agent.sysctl("net/ipv4/ip_forward", "1")
    mobile_node.ip(f"address add {HOME_ADDRESS}/32 dev m0")
    mobile_node.ip("route add default via 10.2.0.1 dev m0 onlink")
    return mobile_node.link_address("m0")


def cable(one: tuple[Namespace, str, str], other: tuple[Namespace, str, str]) -> None:
    """Between two interfaces with addresses."""
    veth(*one[:2], *other[:2])
    for where, name, address in (one, other):
        where.ip(f"address add {address} dev {name}")


def without_offloads(where: Namespace, *interfaces: str) -> None:
    """What leaves by them is segmented and has its checksums. A veth pair leaves both to nobody, which nobody sees who
    reads packets from a socket."""
    for interface in interfaces:
        where.run("ethtool", "-K", interface, "tx", "off", "tso", "off", "gso", "off", "tx-udp-segmentation", "off")


def packets(where: Namespace, interface: str = "mip0") -> tuple[int, int]:
    """Received and sent, as its counters say. On the fast path the tunnel device counts neither."""
    (shown,) = json.loads(where.run("ip", "-s", "-j", "link", "show", "dev", interface))
    return int(shown["stats64"]["rx"]["packets"]), int(shown["stats64"]["tx"]["packets"])


@contextmanager
def plain_namespace() -> Iterator[Namespace]:
    """Without a reverse-path filter, which a namespace inherits from the machine that we run on."""
    with namespace() as made:
        for scope in ("all", "default"):
            made.sysctl(f"net/ipv4/conf/{scope}/rp_filter", "0")
        yield made


@contextmanager
def world() -> Iterator[World]:
    with ExitStack() as stack:
        yield World(stack)


def of_home_agent(
    tunnel: Tunnel, *more: Tunnel, home: IPv4Address = HOME_ADDRESS, expires_at: float | None = None
) -> list[Wish]:
    """Without the network itself."""
    expiry = until() if expires_at is None else expires_at
    return [
        BindingRoute(home_address=home, tunnels=(tunnel, *more), expires_at=expiry),
        *(ReverseExit(home_address=home, tunnel=one, expires_at=expiry) for one in (tunnel, *more)),
    ]


def of_network() -> HomeNetwork:
    return HomeNetwork(prefix=HOME_NETWORK)


def of_mobile_node(tunnel: Tunnel, home: IPv4Address = HOME_ADDRESS) -> list[Wish]:
    return [
        HomeAddress(address=home),
        TunnelExit(home_address=home, tunnel=tunnel, expires_at=until()),
        ReverseTunnel(home_address=home, tunnel=tunnel, expires_at=until()),
    ]


def of_foreign_agent(tunnel: Tunnel, visitor: bytes, home: IPv4Address = HOME_ADDRESS) -> list[Wish]:
    fields = {"home_address": home, "tunnel": tunnel, "interface": VISITED_LINK, "link_address": visitor}
    return [
        AgentLink(interface=VISITED_LINK),
        VisitorRoute(**fields, expires_at=until()),  # type: ignore[arg-type]
        VisitorReverse(**fields, expires_at=until()),  # type: ignore[arg-type]
    ]
