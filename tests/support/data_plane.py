"""Our data plane in a namespace: the daemon's machine (TUN, raw sockets, engine, the kernel's tables) without agents.

    with data_plane(node, links=["visited"]) as ours:
        ours.wish(HomeNetwork(...), BindingRoute(...))

It runs in a thread of its own, since a network namespace is a thread's matter.
"""

import asyncio
import tempfile
from collections.abc import Coroutine, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from tests.support.netns import Namespace

from mobileip.agents.foreign.config import ForeignAgentConfig
from mobileip.daemon.config_file import Configuration
from mobileip.daemon.machine import Machine
from mobileip.forwarding.model import ForwardingState, Wish
from mobileip.linux.signalling import Receivers

PATIENCE_SECONDS = 20.0
NOWHERE = IPv4Address(0)


class DataPlane:
    """To be used from the test's thread."""

    def __init__(self, machine: Machine, loop: asyncio.AbstractEventLoop) -> None:
        self._machine = machine
        self.loop = loop

    def wish(self, *wishes: Wish) -> None:
        """Makes these the whole wish; when it returns they are in force. Raises: AssertionError for a refusal."""
        failures = self._perform(self._machine.engine.reconcile(ForwardingState.of(wishes)))
        assert not failures, failures

    def counters(self) -> dict[str, int]:
        return self._perform(self._counters())

    def drops(self) -> dict[str, int]:
        """Those that are not 0, by name."""
        return {name: count for name, count in self.counters().items() if name.startswith("dropped_") and count}

    async def _counters(self) -> dict[str, int]:
        return dict(self._machine.engine.counters())

    def _perform(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(PATIENCE_SECONDS)


@contextmanager
def data_plane(where: Namespace, links: Sequence[str] = ()) -> Iterator[DataPlane]:
    """`links`: where visitors are. In the end no wish is left, and nothing of ours is in the namespace."""
    started: Future[tuple[DataPlane, asyncio.Event]] = Future()
    thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="data-plane")
    with thread:
        life = thread.submit(_live, where, links, started)
        life.add_done_callback(lambda _: started.cancel())  # where it never came so far, `life` says why
        wait([started, life], return_when=FIRST_COMPLETED)
        if started.cancelled() or not started.done():
            life.result()
        plane, end = started.result()
        try:
            yield plane
        finally:
            plane.loop.call_soon_threadsafe(end.set)
            life.result()


def _live(where: Namespace, links: Sequence[str], started: "Future[tuple[DataPlane, asyncio.Event]]") -> None:
    """The thread."""

    async def live(folder: Path) -> None:
        machine = Machine(
            _configuration(links),
            folder,
            _deaf(),
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
            end = asyncio.Event()
            started.set_result((DataPlane(machine, asyncio.get_running_loop()), end))
            await end.wait()
            assert await machine.engine.reconcile(ForwardingState()) == []
        finally:
            machine.stop()

    with where.entered(), tempfile.TemporaryDirectory() as folder:
        asyncio.run(live(Path(folder)))


def _configuration(links: Sequence[str]) -> Configuration:
    """Of a foreign agent that listens on these links; without them of nobody."""
    if not links:
        return Configuration()
    return Configuration(foreign_agent=ForeignAgentConfig(links=tuple(links), care_of_address=NOWHERE))


def _deaf() -> Receivers:
    return Receivers(
        on_messages=_ignore,
        on_discovery=_ignore,
        on_router=_ignore,
        on_undecodable=_ignore,
        on_delivery_failed=_ignore,
    )


def _ignore(*_: object) -> None:
    pass
