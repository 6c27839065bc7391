"""Where packets were dropped: counters of daemons, kernels and wires, by name; what grew between two looks.

A name says the place first: `fa1.daemon.no_visitor`, `mn.kernel.TcpExt.IPReversePathFilter`, `ha.eth0.tx_drop`,
`mn.sockets.raw`, `wire.home.overflowed`, `machine.softnet_dropped`,
`neighbours.unresolved_discards`.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mobileip.control.client import ControlError
from mobileip.lab.laboratory import Lab
from mobileip.lab.plan import SWITCHES

Counters = dict[str, int]

KERNEL = {
    "Ip": "InHdrErrors InAddrErrors InUnknownProtos InDiscards OutDiscards OutNoRoutes ReasmFails FragFails",
    "Icmp": "InDestUnreachs OutDestUnreachs InTimeExcds OutTimeExcds",
    "Udp": "NoPorts InErrors RcvbufErrors SndbufErrors InCsumErrors MemErrors",
    "IpExt": "InNoRoutes InTruncatedPkts InCsumErrors",
    "TcpExt": "IPReversePathFilter",
}
"""The tables of /proc/net/snmp and netstat, and the counters in them that tell of a packet that went no further."""
LINK_COLUMNS = {
    2: "rx_errors",
    3: "rx_drop",
    4: "rx_fifo",
    10: "tx_errors",
    11: "tx_drop",
    12: "tx_fifo",
    14: "tx_carrier",
}
"""Of /proc/net/dev."""
DROPPED = "dropped_"
"""Before the reason, in the names of an engine's counters."""
_PROC = Path("/proc/thread-self/net")
"""Of the namespace that the calling thread is in (/proc/net is the process's)."""


def look(lab: Lab) -> Counters:
    """All counters of a lab now."""
    found: Counters = {}
    for node in lab.topology.daemons():
        found |= {f"{node}.daemon.{name}": count for name, count in _daemon(lab, node).items()}
    for node in (*lab.topology.nodes, SWITCHES):
        with lab.inside(node):
            found |= {f"{node}.{name}": count for name, count in namespace()}
    found |= machine()
    report = lab.wires()
    for name, lanes in (report.wires if report is not None else {}).items():
        found[f"wire.{name}.overflowed"] = sum(lane.overflowed for lane in lanes)
        found[f"wire.{name}.lost"] = sum(lane.lost for lane in lanes)
    return found


def grown(before: Mapping[str, int], after: Mapping[str, int]) -> Counters:
    """What was counted in between; a counter that fell began anew (a socket was opened, an interface made)."""
    since = {name: count - before.get(name, 0) for name, count in after.items()}
    return {name: more if more > 0 else after[name] for name, more in sorted(since.items()) if more and after[name]}


def of_laboratory(lab: Lab, drops: Mapping[str, int]) -> Counters:
    """Those that are no fault of what is measured: the wires', their devices', and the machine's queues."""
    ends = [f"{node}.{interface}." for name in lab.topology.wires for node, interface in lab.topology.wire_ends(name)]
    return {name: count for name, count in drops.items() if name.startswith(("wire.", "machine.", *ends))}


def _daemon(lab: Lab, node: str) -> Counters:
    try:
        return of_daemon(lab.daemon(node).ask("traffic"))
    except ControlError:
        return {}  # none runs there


def of_daemon(traffic: Mapping[str, Any]) -> Counters:
    """Packets and messages that a daemon dropped, by reason, from its `traffic` (a TrafficView)."""
    packets = {
        name.removeprefix(DROPPED): count for name, count in traffic["packets"].items() if name.startswith(DROPPED)
    }
    return packets | {f"message.{name}": count for name, count in traffic["discarded"].items()}


def namespace(folder: Path = _PROC) -> Iterator[tuple[str, int]]:
    """Of the namespace that the calling thread is in, or of a copy of its files."""
    for file in ("snmp", "netstat"):
        yield from kernel((folder / file).read_text())
    yield from links((folder / "dev").read_text())
    for protocol in ("udp", "raw"):
        rows = (folder / protocol).read_text().splitlines()[1:]
        yield f"sockets.{protocol}", sum(int(row.split()[-1]) for row in rows)


def kernel(text: str) -> Iterator[tuple[str, int]]:
    """From /proc/net/snmp or netstat: a line of names, a line of numbers."""
    lines = text.splitlines()
    for names, numbers in zip(lines[::2], lines[1::2], strict=True):
        table, *columns = names.split()
        wanted = KERNEL.get(table.rstrip(":"), "").split()
        for column, number in zip(columns, numbers.split()[1:], strict=True):
            if column in wanted:
                yield f"kernel.{table.rstrip(':')}.{column}", int(number)


def links(text: str) -> Iterator[tuple[str, int]]:
    """From /proc/net/dev."""
    for line in text.splitlines()[2:]:
        name, _, numbers = line.partition(":")
        columns = numbers.split()
        for index, what in LINK_COLUMNS.items():
            yield f"{name.strip()}.{what}", int(columns[index])


def idle_percent(before: str, after: str) -> float:
    """What of the processors' time nobody wanted between two looks at /proc/stat."""
    old, new = ([int(word) for word in text.splitlines()[0].split()[1:]] for text in (before, after))
    spent = [b - a for a, b in zip(old, new, strict=True)][:8]  # guests' time is in user's already
    return round(100 * spent[3] / max(1, sum(spent)), 1)


def machine(folder: Path = Path("/proc/net")) -> Counters:
    """What all namespaces share: the processors' queues of packets, and those that waited for an answer by ARP."""
    rows = [line.split() for line in (folder / "softnet_stat").read_text().splitlines()]
    head, *counts = [line.split() for line in (folder / "stat/arp_cache").read_text().splitlines()]
    return {"machine.softnet_dropped": sum(int(row[1], 16) for row in rows)} | {
        f"neighbours.{what}": sum(int(row[head.index(what)], 16) for row in counts)
        for what in ("unresolved_discards", "table_fulls")
        if what in head
    }
