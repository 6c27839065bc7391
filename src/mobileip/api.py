"""The daemon as an object, for programs that embed it: `mobileip.Node`, `mobileip.load`.

    node = Node(mobileip.load("mn.toml"))
    await node.start()
    node.subscribe(print)
    ...
    await node.stop()

All methods belong to one asyncio loop. The control socket is there as well, so `mip` works on an embedded node too.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec

from mobileip.control.schema import (
    AgentView,
    BindingView,
    ErrorView,
    HandoverView,
    LinkView,
    StatusView,
    TrafficView,
    TunnelView,
    VisitorView,
)
from mobileip.daemon import sweep
from mobileip.daemon.config_file import Configuration, ConfigurationError, load, parse
from mobileip.daemon.lock import DaemonLock, run_directory_of
from mobileip.daemon.service import End, Service
from mobileip.linux.errors import MachineError

__all__ = ["Configuration", "ConfigurationError", "End", "MachineError", "Node", "Snapshot", "load", "parse"]


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a node shows of itself, at one moment."""

    status: StatusView
    bindings: list[BindingView]
    visitors: list[VisitorView]
    agents: list[AgentView]
    tunnels: list[TunnelView]
    traffic: TrafficView
    links: list[LinkView]
    handovers: list[HandoverView]


class Node:
    """One node with the roles of its configuration.

    Raises: `MachineError` from `start` when the machine lacks something; nothing of ours stays on it then.
    """

    def __init__(self, configuration: Configuration, run_directory: Path | None = None) -> None:
        """`run_directory` None: that of the configuration, else $MIP_RUN_DIR, else /run/mip."""
        self._configuration = configuration
        self._run_directory = run_directory or run_directory_of(configuration.daemon)
        self._service: Service | None = None
        self._lock: DaemonLock | None = None
        self._listeners: list[Callable[[dict[str, object]], None]] = []
        self.on_end: Callable[[End], None] = lambda _: None
        """Called when an operator says `mip stop` or `mip restart`; the program decides what follows."""

    async def start(self) -> None:
        if self._service is not None:
            raise RuntimeError("the node is started already")
        lock = DaemonLock(self._run_directory)
        try:
            service = Service(self._configuration, self._run_directory, self._end_asked)
            for listener in self._listeners:
                service.subscribe(listener)
            await service.start()
        except BaseException:
            lock.release()
            raise
        self._lock, self._service = lock, service

    async def stop(self, *, leave: bool = False) -> None:
        """`leave`: marked state stays for the next start to adopt; else nothing stays."""
        if self._service is None or self._lock is None:
            return
        service, self._service = self._service, None
        try:
            await service.stop(End.LEAVE if leave else End.REMOVE)
        finally:
            self._lock.release()

    async def restart(self) -> None:
        """Stops and starts with nothing torn down between; what a start that fails leaves is swept up in a minute."""
        await self.stop(leave=True)
        try:
            await self.start()
        except BaseException:
            sweep.start(self._run_directory, self._configuration.daemon.device)
            raise

    async def reconfigure(self, configuration: Configuration) -> None:
        """A role whose configuration did not change keeps its bindings, visitors and registration.

        Raises: ValueError when only a restart can take the change over; nothing is changed then.
        """
        await self._running().reconfigure(configuration)
        self._configuration = configuration

    def snapshot(self) -> Snapshot:
        service = self._running()
        return Snapshot(
            status=service.status(),
            bindings=service.bindings(),
            visitors=service.visitors(),
            agents=service.agents(),
            tunnels=list(service.tunnels()),
            traffic=service.traffic(),
            links=service.links(),
            handovers=service.handovers(),
        )

    # -- for Wi-Fi and modem managers, and whoever decides about links. Each raises ValueError where this node has no
    # such link, or is no mobile node.

    def handover(self, interface: str | None) -> None:
        """The mobile node takes this link now, for as long as it offers anything; None: it decides by itself again."""
        self._say("handover", interface)

    def prefer_link(self, interface: str | None) -> None:
        """This link before all others from now on; None: none is preferred."""
        self._say("prefer", interface)

    def link_leaving(self, interface: str) -> None:
        """The link will go down soon: the node leaves it while it still carries packets."""
        self._say("leaving", interface)

    def link_staying(self, interface: str) -> None:
        """What `link_leaving` said is no longer so."""
        self._say("staying", interface)

    def resumed(self) -> None:
        """The machine slept, or was a virtual one that stood still. A suspend is noticed without this."""
        self._say("resumed", None)

    def metrics(self) -> str:
        """All counters in Prometheus' text format."""
        return self._running().metrics()

    def _say(self, action: str, interface: str | None) -> None:
        error = self._running().link_command(action, interface)
        if error is not None:
            raise ValueError(f"{error.message} ({error.hint})" if error.hint else error.message)

    def subscribe(self, listener: Callable[[dict[str, object]], None]) -> None:
        """`listener` gets every event from now on, across restarts, as a dict in the form of the control API's feed."""
        self._listeners.append(listener)
        if self._service is not None:
            self._service.subscribe(listener)

    def _end_asked(self, end: End) -> ErrorView | None:
        """`on_end` may be set at any time, so it is looked up when it is needed."""
        self.on_end(end)
        return None

    def _running(self) -> Service:
        if self._service is None:
            raise RuntimeError("the node is not started")
        return self._service
