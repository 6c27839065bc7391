"""Building a lab and removing it, step by step; what to do is in `plan`, here it is done."""

import shutil
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from mobileip.lab import dhcp, firewall, netns, plan, processes, roles
from mobileip.lab.daemon import Daemon
from mobileip.lab.errors import LabError
from mobileip.lab.processes import Process
from mobileip.lab.state import Folder, State
from mobileip.lab.topology import Topology
from mobileip.lab.wires import protocol

WIRES = "wires"
_READY_SECONDS = 10.0


def build(name: str, topology: Topology, known: State, folder: Folder) -> None:
    """Everything but the daemons. Raises LabError with what failed."""
    planned = plan.make(topology, name, rp_filter=known.rp_filter, netem=known.netem)
    netns.add(planned.namespaces)
    for namespace, values in planned.sysctls.items():
        netns.set_sysctls(namespace, values)
    for step in planned.links:
        netns.ip(step)
    for step in planned.queues:
        netns.tc(step)
    if not known.netem:
        _start_wires(name, topology, folder)
    for step in planned.addresses:
        netns.ip(step)
    for node_name, node in topology.nodes.items():
        firewall.install(plan.namespace(name, node_name), node)
    roles.write_all(topology, known.settings, folder.nodes)
    _start_dhcp(name, topology, folder)


def _start_wires(name: str, topology: Topology, folder: Folder) -> None:
    lines = tuple(
        protocol.Line(
            name=wire_name,
            wire=wire,
            ends=_ends(name, topology, wire_name),
        )
        for wire_name, wire in topology.wires.items()
    )
    order = folder.path / "wires.json"
    order.write_bytes(msgspec.json.encode(protocol.Order(socket=str(folder.wires), lines=lines)))
    program = [sys.executable, "-m", "mobileip.lab.wires.relay", str(order)]
    log = folder.logs / f"{WIRES}.log"
    relay = processes.start(program, label=WIRES, notes=folder.notes, log=log)
    _until(lambda: _wires_answer(folder), "the wires", log, relay)


def _ends(name: str, topology: Topology, wire: str) -> tuple[protocol.End, protocol.End]:
    near, far = (
        protocol.End(namespace=plan.namespace(name, node), interface=interface)
        for node, interface in topology.wire_ends(wire)
    )
    return near, far


def _wires_answer(folder: Folder) -> bool:
    try:
        protocol.ask(folder.wires, protocol.Question())
    except OSError:
        return False
    return True


def _until(ready: Callable[[], bool], what: str, log: Path, process: Process) -> None:
    give_up = time.monotonic() + _READY_SECONDS
    while not ready():
        if not processes.is_alive(process) or time.monotonic() > give_up:
            raise LabError(f"{what} did not start: {processes.last_lines(log)}")
        time.sleep(0.005)


def _start_dhcp(name: str, topology: Topology, folder: Folder) -> None:
    for node_name, node in topology.nodes.items():
        namespace = plan.namespace(name, node_name)
        commands = {}
        if (server := node.dhcp_server) is not None:
            leases = folder.path / f"{node_name}.leases"
            interface = node.interfaces[server.interface]
            commands["dnsmasq"] = dhcp.server_command(namespace, interface, server, leases)
        if node.dhcp_client is not None:
            commands["dhcpcd"] = dhcp.client_command(namespace, node.dhcp_client)
        for program, command in commands.items():
            if shutil.which(program) is None:
                raise LabError(f"{program} is missing (Debian: apt-get install {program}-base)")
            label = f"{node_name}.{program}"
            log = folder.logs / f"{label}.log"
            process = processes.start(command, label=label, notes=folder.notes, log=log)
            if program == "dnsmasq":
                _until(partial(dhcp.server_listens, process.pid), "the DHCP server", log, process)


def daemon(name: str, node: str, folder: Folder) -> Daemon:
    """The handle of a node's daemon."""
    return Daemon(
        node=node,
        namespace=plan.namespace(name, node),
        folder=folder.nodes / node,
        notes=folder.notes,
        logs=folder.logs,
    )


def remove(name: str, topology: Topology, folder: Folder) -> None:
    """Ends the lab's processes and whatever else runs in its namespaces, removes these and the lab's files.

    Harmless when there is nothing; so it also clears what a crash left.
    """
    noted = processes.noted(folder.notes)
    for process in noted:
        if process.label == WIRES:
            processes.end(process, signal.SIGTERM, 1.0)  # it prints its report
    processes.kill_ids([process.pid for process in noted if processes.is_alive(process)])
    namespaces = [plan.namespace(name, node) for node in (plan.SWITCHES, *topology.nodes)]
    processes.kill_ids(netns.inhabitants(namespaces))
    netns.remove(set(namespaces) & set(netns.existing(plan.namespace(name, ""))))
    shutil.rmtree(folder.path, ignore_errors=True)
