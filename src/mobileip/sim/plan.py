"""`mip simulate plan`: signalling load and loss against the number of nodes, measured, and carried on to a million.

Each size is simulated; every figure that grows with the nodes is then a straight line through zero (each node moves,
renews and hears advertisements by itself), fitted by least squares, so that a network of 10^6 nodes can be planned on
paper. The worst difference between a measured figure and its line is shown: it says whether the line is one.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from mobileip.sim.report import Figures
from mobileip.sim.scenario import Scenario
from mobileip.sim.simulation import Simulation

SIZES = (100, 1_000, 10_000)
GOAL = 1_000_000
SECONDS = 300.0
"""Counted for each size, unless told otherwise, after as long a time as a registration lasts."""


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """Of one size; octets are those of IP packets."""

    nodes: int
    foreign_agents: float
    registrations_per_second: float
    home_agent_messages_per_second: float
    """Requests in and replies out, all home agents together."""
    core_octets_per_second: float
    """Signalling over the core."""
    link_octets_per_second: float
    """Signalling on one foreign link, mean."""
    bindings: float
    lost_percent: float = 0.0
    """Of the streams' packets."""
    median_handover_ms: float = 0.0
    is_measured: bool = True


GROWING = (
    "foreign_agents",
    "registrations_per_second",
    "home_agent_messages_per_second",
    "core_octets_per_second",
    "bindings",
)
"""What is proportional to the number of nodes; the rest is of one link or one node."""


def sized(scenario: Scenario, nodes: int, seconds: float) -> Scenario:
    """The same scenario with so many nodes, and as many agents as those need."""
    per_agent = scenario.foreign.nodes_per_agent or max(1, scenario.mobile.nodes // max(1, scenario.foreign_agents))
    # From here on first registrations, which came all at once, are renewed as those of a network that has stood long.
    warm_up = float(scenario.mobile.lifetime)
    return msgspec.structs.replace(
        scenario,
        warm_up=warm_up,
        duration=warm_up + seconds,
        calm=min(scenario.calm_time, 30.0),
        mobile=msgspec.structs.replace(scenario.mobile, nodes=nodes, start=warm_up / 5),
        foreign=msgspec.structs.replace(scenario.foreign, nodes_per_agent=per_agent),
        traffic=msgspec.structs.replace(scenario.traffic, streams=min(scenario.traffic.streams, nodes)),
    )


def measure(simulation: Simulation, found: Figures) -> Load:
    """From the figures of a finished run."""
    seconds, meter = found["scenario"]["counted_seconds"], simulation.meter
    replies = meter.sent["home", "reply"]
    relayed = meter.sent["foreign", "request"] or meter.sent["mobile", "request"]
    foreign = [s.traffic.signalling_octets for s in simulation.links if s.name.startswith("foreign")]
    return Load(
        nodes=len(simulation.world.nodes),
        foreign_agents=len(simulation.world.foreign),
        registrations_per_second=found["registrations"]["per_second"],
        home_agent_messages_per_second=(relayed + replies) / seconds,
        core_octets_per_second=simulation.world.network.core_traffic.signalling_octets / seconds,
        link_octets_per_second=sum(foreign) / seconds / max(1, len(foreign)),
        bindings=meter.peaks.get("bindings of a home agent", 0) * len(simulation.world.homes),
        lost_percent=found["traffic"]["lost_percent"],
        median_handover_ms=found["registrations"]["handover_ms"]["median"] or 0.0,
    )


def extrapolate(loads: Sequence[Load], nodes: int) -> tuple[Load, float]:
    """The load of `nodes` by straight lines through zero, and how far (part of 1) a measured figure is off its line."""
    worst, values = 0.0, {}
    for name in GROWING:
        # Relative errors count, so that small networks have their say.
        slope = sum(getattr(load, name) / load.nodes for load in loads) / len(loads)
        values[name] = slope * nodes
        for load in loads:
            if slope:
                worst = max(worst, abs(getattr(load, name) / load.nodes / slope - 1))
    largest = max(loads, key=lambda load: load.nodes)
    return msgspec.structs.replace(largest, nodes=nodes, is_measured=False, **values), worst


def run(
    scenario: Scenario,
    sizes: Sequence[int],
    seconds: float,
    simulate: Callable[[Scenario], tuple[Simulation, Figures]],
) -> dict[str, Any]:
    """Measures every size and goes on to `GOAL`."""
    loads = [measure(*simulate(sized(scenario, nodes, seconds))) for nodes in sizes]
    goal, worst = extrapolate(loads, GOAL)
    return {
        "title": scenario.title,
        "seed": scenario.seed,
        "counted_seconds": seconds,
        "loads": [msgspec.to_builtins(load) for load in (*loads, goal)],
        "worst_deviation_percent": round(100 * worst, 1),
    }


_COLUMNS = (
    ("nodes", "nodes", "{:,.0f}"),
    ("foreign agents", "foreign_agents", "{:,.0f}"),
    ("bindings", "bindings", "{:,.0f}"),
    ("registrations/s", "registrations_per_second", "{:,.1f}"),
    ("home agents' messages/s", "home_agent_messages_per_second", "{:,.1f}"),
    ("core kbit/s", "core_octets_per_second", "{:,.1f}"),
    ("a link's kbit/s", "link_octets_per_second", "{:,.3f}"),
    ("lost %", "lost_percent", "{:.3f}"),
    ("handover ms", "median_handover_ms", "{:.1f}"),
)
_KILOBITS = ("core_octets_per_second", "link_octets_per_second")


def page(planned: dict[str, Any]) -> str:
    rows = [[name for name, _, _ in _COLUMNS] + [""]]
    for load in planned["loads"]:
        values = [load[key] * (8 / 1000 if key in _KILOBITS else 1) for _, key, _ in _COLUMNS]
        cells = [form.format(value) for (_, _, form), value in zip(_COLUMNS, values, strict=True)]
        rows.append([*cells, "measured" if load["is_measured"] else "on paper"])
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    off = f"No measured figure is further than {planned['worst_deviation_percent']} % off the line it is carried on by."
    return "\n".join([planned["title"], "", *lines, "", off, ""])


# -- as a drawing

_WIDTH, _HEIGHT, _MARGIN = 760, 470, 76
_LINES = (
    ("registrations_per_second", "registrations/s", "#2563eb"),
    ("home_agent_messages_per_second", "home agents' messages/s", "#7c3aed"),
    ("core_octets_per_second", "core signalling, octets/s", "#059669"),
    ("bindings", "bindings", "#d97706"),
)

_STYLE = (
    '<style>text { font-family: "Inter", "Helvetica Neue", Arial, sans-serif; font-size: 12px; fill: #374151; }'
    " .title { font-size: 17px; font-weight: 600; } .grid { stroke: #e5e7eb; } .axis { text-anchor: middle; }"
    " .left { text-anchor: end; }</style>"
)


def draw(planned: dict[str, Any]) -> str:
    """A small chart, both axes logarithmic; hollow points are on paper."""
    loads = planned["loads"]
    xs = _Axis(min(load["nodes"] for load in loads), max(load["nodes"] for load in loads), _MARGIN, _WIDTH - 210)
    values = [load[key] for load in loads for key, _, _ in _LINES if load[key] > 0]
    ys = _Axis(min(values), max(values), _HEIGHT - _MARGIN, _MARGIN)
    size = f'width="{_WIDTH}" height="{_HEIGHT}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" {size}>',
        _STYLE,
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        '<text class="title" x="20" y="30">Signalling load against the number of nodes</text>',
    ]  # fmt: skip
    for power in xs.powers:
        x = xs.place(10.0**power)
        parts.append(f'<line class="grid" x1="{x:.1f}" y1="{_MARGIN}" x2="{x:.1f}" y2="{_HEIGHT - _MARGIN}"/>')
        parts.append(f'<text class="axis" x="{x:.1f}" y="{_HEIGHT - _MARGIN + 20}">{10**power:,}</text>')
    for power in ys.powers:
        y = ys.place(10.0**power)
        parts.append(f'<line class="grid" x1="{_MARGIN}" y1="{y:.1f}" x2="{_WIDTH - 210}" y2="{y:.1f}"/>')
        parts.append(f'<text class="left" x="{_MARGIN - 8}" y="{y + 4:.1f}">{_power(power)}</text>')
    parts.append(f'<text class="axis" x="{(_MARGIN + _WIDTH - 210) / 2}" y="{_HEIGHT - 24}">mobile nodes</text>')
    for key, name, colour in _LINES:
        points = [(xs.place(o["nodes"]), ys.place(o[key]), o["is_measured"]) for o in loads if o[key] > 0]
        parts += _line(points, name, colour)
    return "\n".join([*parts, "</svg>\n"])


class _Axis:
    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self.powers = list(range(_floor_power(low), _floor_power(high * 0.999) + 2))
        self._start, self._end = start, end

    def place(self, value: float) -> float:
        span = self.powers[-1] - self.powers[0]
        return self._start + (self._end - self._start) * (_log10(value) - self.powers[0]) / span


def _log10(value: float) -> float:
    return math.log10(value)


def _floor_power(value: float) -> int:
    return math.floor(_log10(value) + 1e-9)


def _power(power: int) -> str:
    return f"{10**power:,}" if power >= 0 else f"{10.0**power:g}"


def _line(points: Sequence[tuple[float, float, bool]], name: str, colour: str) -> list[str]:
    if not points:
        return []
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in points)
    parts = [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>']
    for x, y, is_measured in points:
        fill = colour if is_measured else "#ffffff"
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{fill}" stroke="{colour}" stroke-width="2"/>')
    x, y, _ = points[-1]
    parts.append(f'<text x="{x + 10:.1f}" y="{y + 4:.1f}">{name}</text>')
    return parts
