"""The figures of a run: as plain values (JSON), and as a page to read."""

from array import array
from collections.abc import Iterable, Sequence
from typing import Any

from mobileip.sim.meter import quantile
from mobileip.sim.network import CORE, Traffic
from mobileip.sim.simulation import Simulation

Figures = dict[str, Any]

_BUSIEST = 3


def figures(simulation: Simulation, real_seconds: float) -> Figures:
    """Everything measured; times in seconds unless the name says otherwise."""
    scenario, meter, world = simulation.scenario, simulation.meter, simulation.world
    seconds = world.schedule.now - meter.begun_at
    accepted = meter.notices["mobile", "Registered"]
    return {
        "scenario": {
            "title": scenario.title,
            "seed": scenario.seed,
            "mobile_nodes": len(world.nodes),
            "home_agents": len(world.homes),
            "foreign_agents": len(world.foreign),
            "plain_networks": scenario.plain.networks,
            "simulated_seconds": world.schedule.now,
            "counted_seconds": seconds,
        },
        "speed": {
            "real_seconds": round(real_seconds, 3),
            "simulated_seconds_per_real_second": _ratio(world.schedule.now, real_seconds),
            "events_per_real_second": _ratio(world.schedule.happened, real_seconds),
        },
        "registrations": {
            "accepted": accepted,
            "per_second": _ratio(accepted, seconds),
            "moves": simulation.moves.made,
            "latency_ms": _spread(meter.registrations),
            "handover_ms": _spread(meter.handovers),
        },
        "messages": _messages(simulation, seconds),
        "links": _links(simulation, seconds),
        "machines": _machines(simulation, seconds),
        "denials": {f"{role} {code}": number for (role, code), number in sorted(meter.denials.items())},
        "discards": {f"{role} {reason}": number for (role, reason), number in sorted(meter.discards.items())},
        "traffic": _traffic(simulation),
        "faults": dict(sorted(simulation.faults.happened.items())),
        "attacks": dict(sorted(simulation.attackers.sent.items())),
        "peaks": meter.peaks,
        "invariants": {"checks": simulation.invariants.checked, "broken": 0},
    }


def _messages(simulation: Simulation, seconds: float) -> Figures:
    meter = simulation.meter
    return {
        f"{role} {kind}": {
            "number": number,
            "per_second": _ratio(number, seconds),
            "octets": meter.octets[role, kind],
        }
        for (role, kind), number in sorted(meter.sent.items())
    }


def _links(simulation: Simulation, seconds: float) -> Figures:
    traffic = {CORE: simulation.world.network.core_traffic}
    segments = {segment.name: segment.traffic for segment in simulation.links}
    busiest = sorted(segments, key=lambda name: -segments[name].signalling_octets)[:_BUSIEST]
    traffic |= {name: segments[name] for name in busiest}
    shown: Figures = {name: _link(one, seconds) for name, one in traffic.items()}
    octets = sum(one.signalling_octets for one in segments.values())
    shown["mean of all segments"] = {
        "signalling_octets_per_second": _ratio(octets, seconds * len(segments)),
        "lost_packets": sum(one.lost for one in segments.values()),
    }
    return shown


def _link(traffic: Traffic, seconds: float) -> Figures:
    return {
        "signalling_messages": traffic.messages,
        "signalling_octets_per_second": _ratio(traffic.signalling_octets, seconds),
        "data_packets": traffic.packets,
        "data_octets": traffic.octets,
        "lost_packets": traffic.lost,
        "too_big_packets": traffic.too_big,
    }


def _machines(simulation: Simulation, seconds: float) -> Figures:
    """Signalling sent, on average, by one machine of each role."""
    world = simulation.world
    roles = {
        "home agent": [home.host for home in world.homes],
        "foreign agent": world.foreign,
        "mobile node": [node.host for node in world.nodes],
    }
    return {
        role: {
            "messages_per_second": _ratio(sum(host.messages_sent for host in hosts), seconds * len(hosts)),
            "octets_per_second": _ratio(sum(host.octets_sent for host in hosts), seconds * len(hosts)),
        }
        for role, hosts in roles.items()
        if hosts
    }


def _traffic(simulation: Simulation) -> Figures:
    streams = simulation.streams.streams
    sent, received = sum(s.sent for s in streams), sum(s.received for s in streams)
    silences = array("d", [silence for stream in streams for silence in stream.silences])
    return {
        "streams": len(streams),
        "sent": sent,
        "received": received,
        "lost": sent - received,
        "lost_percent": round(100 * (sent - received) / sent, 3) if sent else 0.0,
        "duplicates": sum(s.duplicates for s in streams),
        "handovers": len(silences),
        "lost_per_handover": _ratio(sent - received, len(silences)),
        "longest_silence_ms": _spread(silences),
    }


def _spread(values: "array[float]") -> Figures:
    names = (("median", 0.5), ("p95", 0.95), ("max", 1.0))
    found = {name: quantile(values, part) for name, part in names}
    return {"number": len(values)} | {name: None if v is None else round(v * 1e3, 3) for name, v in found.items()}


def _ratio(one: float, other: float) -> float:
    return round(one / other, 3) if other else 0.0


# -- as a page


def page(found: Figures) -> str:
    """For people."""
    parts = [
        *_head_lines(found),
        "",
        *_registration_lines(found["registrations"]),
        "",
        *_columns(
            ("messages sent", "number", "1/s", "octets"),
            ((name, f"{m['number']:,}", f"{m['per_second']:g}", f"{m['octets']:,}")
             for name, m in found["messages"].items()),
        ),
        "",
        *_columns(
            ("link", "signalling octets/s", "data packets", "lost"),
            ((name, f"{m['signalling_octets_per_second']:g}", f"{m.get('data_packets', ''):}", f"{m['lost_packets']}")
             for name, m in found["links"].items()),
        ),
        "",
        *_columns(
            ("one machine sends", "messages/s", "octets/s"),
            ((name, f"{m['messages_per_second']:g}", f"{m['octets_per_second']:g}")
             for name, m in found["machines"].items()),
        ),
        *_traffic_lines(found["traffic"]),
        *_counted("denials (role, code)", found["denials"]),
        *_counted("discarded (role, reason)", found["discards"]),
        *_counted("faults", found["faults"]),
        *_counted("attacks", found["attacks"]),
        *_counted("largest tables", found["peaks"]),
        "",
        f"invariants: {found['invariants']['checks']:,} checks, none broken",
    ]  # fmt: skip
    return "\n".join(parts) + "\n"


def _head_lines(found: Figures) -> list[str]:
    scenario, speed = found["scenario"], found["speed"]
    title = f"{scenario['title'] or 'a scenario'} (seed {scenario['seed']})"
    machines = (
        f"  {scenario['mobile_nodes']} mobile nodes, {scenario['home_agents']} home agents, "
        f"{scenario['foreign_agents']} foreign agents, {scenario['plain_networks']} plain networks"
    )
    pace = (
        f"  {scenario['simulated_seconds']:g} s simulated in {speed['real_seconds']:.1f} s: "
        f"{speed['simulated_seconds_per_real_second']:g} times real time, "
        f"{speed['events_per_real_second']:,.0f} events/s"
    )
    return [title, machines, pace]


def _registration_lines(found: Figures) -> list[str]:
    return [
        f"registrations: {found['accepted']:,} accepted, {found['per_second']:g} a second; {found['moves']:,} moves",
        *_columns(
            ("ms", "number", "median", "p95", "max"),
            [
                _spread_row("request to reply", found["latency_ms"]),
                _spread_row("new link to reply", found["handover_ms"]),
            ],
        ),
    ]


def _traffic_lines(found: Figures) -> list[str]:
    if not found["streams"]:
        return []
    told = (
        f"traffic: {found['streams']} streams, {found['sent']:,} packets sent, {found['lost']:,} lost "
        f"({found['lost_percent']:g} %), {found['duplicates']:,} duplicates, "
        f"{found['lost_per_handover']:g} lost for each handover"
    )
    silence = _spread_row("longest silence", found["longest_silence_ms"])
    return ["", told, *_columns(("ms", "number", "median", "p95", "max"), [silence])]


def _spread_row(name: str, spread: Figures) -> tuple[str, ...]:
    values = (spread[key] for key in ("median", "p95", "max"))
    return (name, f"{spread['number']:,}", *("-" if value is None else f"{value:g}" for value in values))


def _counted(title: str, found: dict[str, int]) -> list[str]:
    if not found:
        return []
    return ["", *_columns((title, "number"), ((name, f"{number:,}") for name, number in found.items()))]


def _columns(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The first column to the left, the others to the right."""
    table = [head, *rows]
    widths = [max(len(row[n]) for row in table) for n in range(len(head))]
    return [
        "  "
        + row[0].ljust(widths[0])
        + "".join("  " + cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))
        for row in table
    ]
