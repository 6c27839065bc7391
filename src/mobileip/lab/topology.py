"""A topology is data: nodes, the networks (switches) and wires that their interfaces are plugged into, and their roles.

Each topology is one TOML file in `topologies/`, with a drawing of itself. This module reads and checks it.
"""

from importlib import resources
from importlib.resources.abc import Traversable
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Any

import msgspec

from mobileip.lab.errors import NO_SUCH_OBJECT, LabError

Setting = str | int | float | bool | list[str]
"""A value of a daemon's configuration file."""


class Wire(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A point-to-point line with its own delay each way, rate and loss."""

    delay_ms: float = 3.0
    """One way, milliseconds."""
    rate_mbit: float = 100.0
    """Megabits a second each way, counted over whole Ethernet frames."""
    loss: float = 0.0
    """Probability that a frame is lost, 0 to 1."""


class Interface(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One end of a cable: in a switch (`network`) or on a `wire`."""

    network: str | None = None
    wire: str | None = None
    address: IPv4Interface | None = None
    mtu: int | None = None
    """Octets; None: 1500."""


class DhcpServer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    interface: str
    first: IPv4Address
    last: IPv4Address
    lease: str = "2m"
    """dnsmasq's shortest lease is two minutes."""


class Node(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A machine: one network namespace."""

    summary: str
    interfaces: dict[str, Interface]
    routes: tuple[str, ...] = ()
    """Arguments of `ip route add`."""
    router: bool = False
    """A plain router of the lab: it forwards, and filters no source address."""
    nat: str | None = None
    """The interface whose address stands for everybody behind this router; ports are drawn at random."""
    ingress_filter: str | None = None
    """The interface from which only packets of its own network are forwarded (RFC 2827)."""
    roles: dict[str, dict[str, Setting]] = {}
    """Tables of the daemon's configuration file by name; none = no daemon runs here."""
    dhcp_client: str | None = None
    """The interface on which a DHCP client waits for carrier."""
    dhcp_server: DhcpServer | None = None


class Topology(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    summary: str
    drawing: str
    networks: dict[str, IPv4Network]
    wires: dict[str, Wire]
    nodes: dict[str, Node]
    name: str = ""

    def wire_ends(self, wire: str) -> tuple[tuple[str, str], ...]:
        """The (node, interface) pairs on a wire: always two."""
        return tuple(
            (node_name, interface_name)
            for node_name, node in self.nodes.items()
            for interface_name, interface in node.interfaces.items()
            if interface.wire == wire
        )

    def daemons(self) -> tuple[str, ...]:
        """The nodes that run a daemon; mobile nodes last, so that agents are there first."""
        with_roles = [name for name, node in self.nodes.items() if node.roles]
        return tuple(sorted(with_roles, key=lambda name: "mobile_node" in self.nodes[name].roles))


def _convert(kind: type, value: Any) -> Any:
    if kind in (IPv4Address, IPv4Interface, IPv4Network):
        return kind(value)
    raise NotImplementedError(kind)


def _folder() -> Traversable:
    return resources.files("mobileip.lab") / "topologies"


def names() -> list[str]:
    """The topologies that there are."""
    return sorted(file.name.removesuffix(".toml") for file in _folder().iterdir() if file.name.endswith(".toml"))


def load(name: str) -> Topology:
    """Reads the topology `name`. Raises LabError when there is none, ValueError when its file is wrong."""
    if name not in names():
        raise LabError(f"no such topology: {name} (there are: {', '.join(names())})", NO_SUCH_OBJECT)
    return decode(name, (_folder() / f"{name}.toml").read_bytes())


def decode(name: str, text: bytes) -> Topology:
    """Raises ValueError (msgspec.ValidationError is one) when the text is no sound topology."""
    topology = msgspec.toml.decode(text, type=Topology, dec_hook=_convert)
    _check(topology)
    return msgspec.structs.replace(topology, name=name)


def _check(topology: Topology) -> None:
    for node_name, node in topology.nodes.items():
        _check_firewall(node_name, node)
        for interface_name, interface in node.interfaces.items():
            where = f"nodes.{node_name}.interfaces.{interface_name}"
            if (interface.network is None) == (interface.wire is None):
                raise ValueError(f"{where}: plug it into either a network or a wire")
            if interface.wire is not None and interface.wire not in topology.wires:
                raise ValueError(f"{where}: no wire {interface.wire}")
            if interface.network is not None and interface.network not in topology.networks:
                raise ValueError(f"{where}: no network {interface.network}")
            if len(port_name(node_name, interface_name)) > 15:
                raise ValueError(f"{where}: {port_name(node_name, interface_name)} is too long for Linux")
    for wire in topology.wires:
        if len(topology.wire_ends(wire)) != 2:
            raise ValueError(f"wire {wire} needs two ends, has {len(topology.wire_ends(wire))}")


def _check_firewall(name: str, node: Node) -> None:
    for key in ("nat", "ingress_filter"):
        if getattr(node, key) not in (None, *node.interfaces):
            raise ValueError(f"nodes.{name}.{key}: no interface {getattr(node, key)}")
    if node.ingress_filter is not None and node.interfaces[node.ingress_filter].address is None:
        raise ValueError(f"nodes.{name}.ingress_filter: {node.ingress_filter} has no address")


def port_name(node: str, interface: str) -> str:
    """The name of the switch port that a node's interface is plugged into."""
    return f"{node}-{interface}"
