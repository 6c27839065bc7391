"""From a topology to what must be done: namespaces, sysctls, lines for `ip` and `tc`. Pure: nothing is done here.

Every switch is a bridge in one more namespace, `switches`; the cable of an interface is a veth pair whose other end
is a port there. Every wire is a TAP device in each of two nodes with the lab's relay between them, or a veth pair with
netem on both ends.
"""

import msgspec

from mobileip.lab.topology import Node, Topology, Wire, port_name

SWITCHES = "switches"
NETEM_LIMIT_PACKETS = 1000

# What a fresh Linux host has. A new namespace inherits the values of the machine that the lab runs on, so each is set.
_HOST_DEFAULTS = {
    "accept_redirects": "1",
    "accept_source_route": "0",
    "arp_accept": "0",
    "arp_announce": "0",
    "arp_ignore": "0",
    "proxy_arp": "0",
    "secure_redirects": "1",
    "send_redirects": "1",
}

_WIRE_QUEUE = 5000
"""Frames that may wait for a wire whose process has no core: it is late, which it reports, and loses nothing."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Lines of one `ip -batch` (or `tc -batch`) in one namespace."""

    namespace: str
    lines: tuple[str, ...]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    namespaces: tuple[str, ...]
    sysctls: dict[str, dict[str, str]]
    """Namespace -> path below /proc/sys -> value; set before there are interfaces, so that `default` reaches them."""
    links: tuple[Step, ...]
    queues: tuple[Step, ...]
    """For `tc`; empty unless netem makes the wires."""
    addresses: tuple[Step, ...]


def namespace(lab: str, node: str) -> str:
    """The name under /run/netns of a node's namespace."""
    return f"mip-{lab}-{node}"


def make(topology: Topology, lab: str, *, rp_filter: int, netem: bool = False) -> Plan:
    """`rp_filter` is the host's value, set as `all` and `default` wherever the lab itself does not rely on another."""
    switches = namespace(lab, SWITCHES)
    own = {name: namespace(lab, name) for name in topology.nodes}
    cables = [
        Step(namespace=own[name], lines=_cables(topology, lab, name, number, netem=netem))
        for number, name in enumerate(topology.nodes, 1)
    ]
    return Plan(
        namespaces=(switches, *own.values()),
        sysctls={
            switches: _sysctls(forward=False, rp_filter=0),
            **{
                own[name]: _sysctls(forward=node.router, rp_filter=0 if node.router else rp_filter)
                for name, node in topology.nodes.items()
            },
        },
        links=(
            Step(namespace=switches, lines=_switches(topology)),
            *cables,
            Step(namespace=switches, lines=_ports(topology)),
        ),
        queues=tuple(_queues(topology, own)) if netem else (),
        addresses=tuple(Step(namespace=own[name], lines=_addresses(node)) for name, node in topology.nodes.items()),
    )


def _sysctls(*, forward: bool, rp_filter: int) -> dict[str, str]:
    values = {
        "net/ipv4/ip_forward": "1" if forward else "0",  # first: a change of it resets accept_redirects
        "net/ipv4/ping_group_range": "0 0",  # the echo probe uses an ICMP datagram socket
        "net/ipv6/conf/all/disable_ipv6": "1",
        "net/ipv6/conf/default/disable_ipv6": "1",
        "net/bridge/bridge-nf-call-arptables": "0",  # a switch shows no frame to a firewall
        "net/bridge/bridge-nf-call-iptables": "0",
    }
    for scope in ("all", "default"):
        values[f"net/ipv4/conf/{scope}/rp_filter"] = str(rp_filter)
        for key, value in _HOST_DEFAULTS.items():
            values[f"net/ipv4/conf/{scope}/{key}"] = value
    return values


def _switches(topology: Topology) -> tuple[str, ...]:
    lines = ["link set lo up"]
    for name in topology.networks:
        # No snooping: a switch that holds multicast back until a querier is heard is another test's subject.
        lines += [f"link add {name} type bridge forward_delay 0 mcast_snooping 0", f"link set {name} up"]
    return tuple(lines)


def _ports(topology: Topology) -> tuple[str, ...]:
    return tuple(
        f"link set {port_name(node_name, name)} master {interface.network} up"
        for node_name, node in topology.nodes.items()
        for name, interface in node.interfaces.items()
        if interface.network is not None
    )


def _cables(topology: Topology, lab: str, node: str, number: int, *, netem: bool) -> tuple[str, ...]:
    lines = ["link set lo up"]
    for place, (name, interface) in enumerate(topology.nodes[node].interfaces.items()):
        address = f"address 02:00:00:00:{number:02x}:{place:02x}"
        if interface.network is not None:
            peer = f"peer name {port_name(node, name)} netns {namespace(lab, SWITCHES)}"
            lines.append(f"link add {name} {address} type veth {peer}")
        elif netem:
            near, far = topology.wire_ends(interface.wire or "")
            # The first end of a wire makes the pair, the second end finds it there.
            peer = f"type veth peer name {far[1]} netns {namespace(lab, far[0])}"
            first = (node, name) == near
            lines.append(f"link add {name} {address} {peer}" if first else f"link set {name} {address}")
        else:
            lines += [f"tuntap add dev {name} mode tap", f"link set {name} {address} txqueuelen {_WIRE_QUEUE}"]
    return tuple(lines)


def _queues(topology: Topology, own: dict[str, str]) -> list[Step]:
    return [
        Step(namespace=own[node], lines=(netem_line("add", interface, wire),))
        for name, wire in topology.wires.items()
        for node, interface in topology.wire_ends(name)
    ]


def netem_line(verb: str, interface: str, wire: Wire) -> str:
    """A line of `tc -batch`: netem with the wire's delay, rate and loss."""
    figures = f"delay {wire.delay_ms:g}ms rate {wire.rate_mbit:g}mbit loss {wire.loss * 100:g}%"
    return f"qdisc {verb} dev {interface} root netem {figures} limit {NETEM_LIMIT_PACKETS}"


def _addresses(node: Node) -> tuple[str, ...]:
    lines = []
    for name, interface in node.interfaces.items():
        mtu = f" mtu {interface.mtu}" if interface.mtu is not None else ""
        lines.append(f"link set {name}{mtu} up")
        if interface.address is not None:
            lines.append(f"address add {interface.address} brd + dev {name}")
    lines += [f"route add {route}" for route in node.routes]
    return tuple(lines)
