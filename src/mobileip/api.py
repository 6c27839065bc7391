"""The daemon as an object, for programs that embed it: `mobileip.Node`.

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

from mobileip.control.schema import AgentView, BindingView, StatusView, TrafficView, TunnelView, VisitorView
from mobileip.daemon.config_file import DEFAULT_RUN_DIRECTORY, Configuration, ConfigurationError, load, parse
from mobileip.daemon.lock import DaemonLock
from mobileip.daemon.service import End, Service
from mobileip.linux.errors import MachineError

__all__ = ["Configuration", "ConfigurationError", "MachineError", "Node", "Snapshot", "load", "parse"]


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a node shows of itself, at one moment."""

    status: StatusView
    bindings: list[BindingView]
    visitors: list[VisitorView]
    agents: list[AgentView]
    tunnels: list[TunnelView]
    traffic: TrafficView


class Node:
    """One node with the roles of its configuration.

    Raises: `MachineError` from `start` when the machine lacks something; nothing of ours stays on it then.
    """

    def __init__(self, configuration: Configuration, run_directory: Path = DEFAULT_RUN_DIRECTORY) -> None:
        self._configuration = configuration
        self._run_directory = run_directory
        self._service: Service | None = None
        self._lock: DaemonLock | None = None
        self._listeners: list[Callable[[dict[str, object]], None]] = []
        self.on_end: Callable[[End], None] = lambda _: None
        """Called when an operator says `mip stop` or `mip restart`; the program decides what follows."""

    async def start(self) -> None:
        self._lock = DaemonLock(self._run_directory)
        try:
            self._service = Service(self._configuration, self._run_directory, self._end_asked)
        except BaseException:
            self._lock.release()
            raise
        for listener in self._listeners:
            self._service.subscribe(listener)
        await self._service.start()

    async def stop(self, *, leave: bool = False) -> None:
        """`leave`: marked state stays for the next start to adopt; else nothing stays."""
        if self._service is None or self._lock is None:
            return
        service, self._service = self._service, None
        await service.stop(End.LEAVE if leave else End.REMOVE)
        self._lock.release()

    async def restart(self) -> None:
        """Stops and starts with nothing torn down between."""
        await self.stop(leave=True)
        await self.start()

    async def reconfigure(self, configuration: Configuration) -> None:
        """A role whose configuration did not change keeps its bindings, visitors and registration.

        Raises: ValueError when only a restart can take the change over.
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
            tunnels=service.tunnels(),
            traffic=service.traffic(),
        )

    def subscribe(self, listener: Callable[[dict[str, object]], None]) -> None:
        """`listener` gets every event as a dict, in the form of the control API's event feed."""
        self._listeners.append(listener)
        if self._service is not None:
            self._service.subscribe(listener)

    def _end_asked(self, end: End) -> None:
        """`on_end` may be set at any time, so it is looked up when it is needed."""
        self.on_end(end)

    def _running(self) -> Service:
        if self._service is None:
            raise RuntimeError("the node is not started")
        return self._service
