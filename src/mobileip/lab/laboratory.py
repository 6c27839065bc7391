"""A lab: one topology, built, moved about in and removed. The command line, the demo and tests use this object.

with Lab("minimal", name="my-test", rp_filter=1) as lab:
    move = lab.move("mn", "foreign1")
    lab.events("mn").wait_for("registered", after=move.started, care_of="foreign_agent")
"""

import os
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

import msgspec

from mobileip.lab import builder, firewall, moves, netem, netns, plan, processes, state, topology
from mobileip.lab.capture import Capture, Place
from mobileip.lab.daemon import Daemon
from mobileip.lab.errors import NO_SUCH_OBJECT, LabError
from mobileip.lab.feed import Feed
from mobileip.lab.moves import Move
from mobileip.lab.processes import Process
from mobileip.lab.roles import ENGINE_VARIABLE, Settings, with_engine
from mobileip.lab.rootless import search_path
from mobileip.lab.topology import Wire
from mobileip.lab.wires import protocol


class Lab:
    """`name` tells it from other labs on the same machine; `settings` changes the daemons' configuration, which has the
    engine that MIP_LAB_ENGINE names unless they say otherwise."""

    def __init__(
        self,
        topology_name: str = "roaming",
        *,
        name: str | None = None,
        rp_filter: int = 1,
        settings: Settings | None = None,
        daemons: bool = True,
        use_netem: bool | None = None,
    ) -> None:
        """`daemons=False`: they are started later, by `daemon(node).start()`.

        `use_netem=None`: netem makes the wires where the kernel has it.
        """
        self.topology = topology.load(topology_name)
        self.name = name or topology_name
        self.folder = state.Folder(self.name)
        self._known = state.State(
            topology=topology_name,
            rp_filter=rp_filter,
            netem=netem.works() if use_netem is None else use_netem,
            ready=False,
            settings=with_engine(self.topology, settings or {}, os.environ.get(ENGINE_VARIABLE)),
        )
        self._start_daemons = daemons
        self._cables = moves.Cables(self.name, self.topology)
        self._feeds: dict[str, Feed] = {}
        self._captures: list[Capture] = []

    @classmethod
    def open(cls, name: str | None = None) -> "Lab":
        """A lab that is up; None = the only one, or that of MIP_LAB. Raises LabError when there is none."""
        chosen = state.choose(name)
        known = state.Folder(chosen).read()
        if known is None:
            raise LabError(f"no lab named {chosen} is up", NO_SUCH_OBJECT)
        return cls(
            known.topology,
            name=chosen,
            rp_filter=known.rp_filter,
            settings=known.settings,
            use_netem=known.netem,
        )

    # -- building and removing

    def __enter__(self) -> "Lab":
        self._up(processes.ourselves())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    def up(self) -> None:
        """Builds it; what a crash left of this name is removed first. Raises LabError when it is up already."""
        self._up(None)

    def _up(self, holder: processes.Process | None) -> None:
        with state.locked(self.name):
            known = self.folder.read()
            if known is not None and known.is_up:
                raise LabError(f"lab {self.name} is up already (mip lab down --name {self.name})")
            builder.remove(self.name, self._there(), self.folder)
            try:
                self.folder.make()
                self.folder.write(self._known)
                builder.build(self.name, self.topology, self._known, self.folder)
                if self._start_daemons:
                    self.start_daemons()
                self.folder.write(msgspec.structs.replace(self._known, ready=True, holder=holder))
            except BaseException:  # Ctrl-C too: nothing half-made stays
                builder.remove(self.name, self.topology, self.folder)
                raise

    def down(self) -> None:
        """Ends its processes and whatever else runs in its namespaces, removes these. Harmless when there is none."""
        for feed in self._feeds.values():
            feed.close()
        for capture in self._captures:
            capture.close()
        self._captures.clear()
        with state.locked(self.name):
            builder.remove(self.name, self._there(), self.folder)
        for feed in self._feeds.values():
            feed.join()
        self._feeds.clear()

    def _there(self) -> topology.Topology:
        """What a lab of this name was built from, if that was another topology."""
        known = self.folder.read()
        return self.topology if known is None else topology.load(known.topology)

    # -- daemons

    def start_daemons(self) -> None:
        """All of them; returns when each answers on its control socket."""
        daemons = [self.daemon(node) for node in self.topology.daemons()]
        for daemon in daemons:
            daemon.start(wait=False)
        for daemon in daemons:
            daemon.wait_ready()

    def daemon(self, node: str) -> Daemon:
        """The handle of a node's daemon, running or not."""
        if not self._node(node).roles:
            raise LabError(f"{node} runs no daemon", NO_SUCH_OBJECT)
        return builder.daemon(self.name, node, self.folder)

    def events(self, node: str) -> Feed:
        """The events of a node's daemon, followed from now on until `down`."""
        if node not in self._feeds:
            self._feeds[node] = self.daemon(node).follow()
        return self._feeds[node]

    # -- cables and wires

    def move(
        self,
        node: str,
        network: str,
        *,
        silent: bool = False,
        gap: float = moves.GAP_SECONDS,
        interface: str | None = None,
    ) -> Move:
        """Replugs a node's cable: out for `gap` seconds, or (`silent`) without a carrier event at the node."""
        return self._cables.move(node, network, silent=silent, gap=gap, interface=interface)

    def unplug(self, node: str, interface: str | None = None) -> float:
        """The carrier goes; returns when (CLOCK_BOOTTIME, seconds)."""
        return self._cables.unplug(node, interface)

    def plug(self, node: str, interface: str | None = None) -> float:
        """The carrier comes back in the same network; returns when (CLOCK_BOOTTIME, seconds)."""
        return self._cables.plug(node, interface)

    def rebind(self, node: str) -> float:
        """The NAT at a node forgets its mappings, as after a restart; returns when (CLOCK_BOOTTIME, seconds)."""
        if self._node(node).nat is None:
            raise LabError(f"{node} translates no addresses", NO_SUCH_OBJECT)
        firewall.forget_connections(self.namespace(node))
        return moves.boot_seconds()

    def where(self, node: str, interface: str | None = None) -> str | None:
        """The network that a node's cable is plugged into; None while it is out."""
        return self._cables.where(node, interface)

    def set_wire(self, name: str, wire: Wire) -> None:
        """Changes a wire's delay, rate and loss, both ways, from now on."""
        if name not in self.topology.wires:
            raise LabError(f"no such wire: {name}", NO_SUCH_OBJECT)
        if not self._known.netem:
            protocol.ask(self.folder.wires, protocol.Question(set={name: wire}))
            return
        for node, interface in self.topology.wire_ends(name):
            line = plan.netem_line("change", interface, wire)
            netns.tc(plan.Step(namespace=self.namespace(node), lines=(line,)))

    def wires(self, *, forget_lateness: bool = False) -> protocol.Report | None:
        """What the relay has counted; None where netem makes the wires. `forget_lateness`: it is counted anew."""
        question = protocol.Question(forget_lateness=forget_lateness)
        return None if self._known.netem else protocol.ask(self.folder.wires, question)

    # -- programs in nodes

    def namespace(self, node: str) -> str:
        """The name under /run/netns; `plan.SWITCHES` is a node too."""
        if node != plan.SWITCHES:
            self._node(node)
        return plan.namespace(self.name, node)

    def inside(self, node: str) -> AbstractContextManager[None]:
        """The calling thread is in the node's namespace; sockets that it makes stay there."""
        return netns.inside(self.namespace(node))

    def command(self, node: str, *argv: str) -> list[str]:
        """The words that run a program in a node."""
        return ["nsenter", f"--net={netns.path(self.namespace(node))}", *argv]

    def environment(self, node: str) -> dict[str, str]:
        """What a program in a node finds set: `mip` is on PATH and asks that node's daemon."""
        return {
            "PATH": f"{Path(sys.executable).parent}:{search_path()}",
            "MIP_LAB": self.name,
            "MIP_RUN_DIR": str(self.folder.nodes / node / "run"),
        }

    def run(
        self, node: str, *argv: str, check: bool = True, timeout: float = 30.0, text_in: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Runs a program in a node to its end. Raises CalledProcessError (when `check`) and TimeoutExpired."""
        return subprocess.run(
            self.command(node, *argv),
            check=check,
            timeout=timeout,
            input=text_in,
            capture_output=True,
            text=True,
            env={**os.environ, **self.environment(node)},
        )

    def spawn(self, node: str, label: str, *argv: str, environment: dict[str, str] | None = None) -> Process:
        """Starts a program in a node that lives until `end` or `down`; its output is in `log(node, label)`."""
        return processes.start(
            self.command(node, *argv),
            label=f"{node}.{label}",
            notes=self.folder.notes,
            log=self.log(node, label),
            environment={**self.environment(node), **(environment or {})},
        )

    def log(self, node: str, label: str) -> Path:
        return self.folder.logs / f"{node}.{label}.log"

    def processes(self) -> list[Process]:
        """Those of the lab's own that are alive, the daemons among them."""
        return [process for process in processes.noted(self.folder.notes) if processes.is_alive(process)]

    def capture(self, *places: tuple[str, str], snap_octets: int = 65550) -> Capture:
        """Captures at (node, interface) places from now until its `close`, or `down`."""
        capture = Capture(
            (Place(node=node, interface=interface, namespace=self.namespace(node)) for node, interface in places),
            snap_octets=snap_octets,
        )
        self._captures.append(capture)
        return capture

    def _node(self, name: str) -> topology.Node:
        if name not in self.topology.nodes:
            raise LabError(f"no such node: {name} (there are: {', '.join(self.topology.nodes)})", NO_SUCH_OBJECT)
        return self.topology.nodes[name]
