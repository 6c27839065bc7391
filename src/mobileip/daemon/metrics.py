"""All counters as text for Prometheus (its text format, version 0.0.4)."""

from collections.abc import Iterable, Iterator, Mapping

from mobileip.control.schema import StatusView, TrafficView
from mobileip.daemon.handovers import BOUNDS, Handovers, Histogram, Kind

Labels = Mapping[str, str]
Sample = tuple[str, Labels, float]
"""What follows the family's name in its own, its labels, its value."""


def text(status: StatusView, traffic: TrafficView, handovers: Handovers) -> str:
    links = status.links
    registered = status.registration is not None and status.registration.registered
    roles = {
        role: counters
        for role in ("home_agent", "foreign_agent", "mobile_node")
        if (counters := getattr(traffic, role)) is not None
    }
    families = (
        _family("mip_info", "gauge", "The engine that forwards.", [("", {"engine": status.engine.name}, 1)]),
        _family("mip_uptime_seconds", "gauge", "Since the daemon started.", [("", {}, status.uptime_seconds)]),
        _family("mip_bindings", "gauge", "Of the home agent.", _one(status.bindings)),
        _family("mip_visitors", "gauge", "Of the foreign agent.", _one(status.visitors)),
        _family(
            "mip_registered",
            "gauge",
            "Whether packets for the home address reach the mobile node.",
            _one(int(registered) if status.registration is not None else None),
        ),
        _family(
            "mip_agent_events_total",
            "counter",
            "What each role counts, as in mip traffic.",
            [("", {"role": role, "event": name}, n) for role, found in roles.items() for name, n in found.items()],
        ),
        _family("mip_packets_total", "counter", "What became of packets.", _by("outcome", traffic.packets)),
        _family("mip_discarded_total", "counter", "Messages not decoded.", _by("reason", traffic.discarded)),
        _family(
            "mip_link_delay_seconds",
            "gauge",
            "To the home agent and back, as probes found it.",
            [("", {"interface": link.name}, link.delay_seconds) for link in links if link.delay_seconds is not None],
        ),
        _family(
            "mip_link_loss_ratio",
            "gauge",
            "Part of the latest probes that stayed unanswered.",
            [("", {"interface": link.name}, link.loss) for link in links if link.loss is not None],
        ),
        _family(
            "mip_handover_duration_seconds",
            "histogram",
            "From what happened to the link until the registration by another.",
            _histograms(handovers.durations),
        ),
        _family(
            "mip_handover_silence_seconds",
            "histogram",
            "For how long there was no way for packets.",
            _histograms(handovers.silences),
        ),
    )
    return "".join(line + "\n" for family in families for line in family)


def _family(name: str, kind: str, about: str, samples: Iterable[Sample]) -> Iterator[str]:
    yield f"# HELP {name} {about}"
    yield f"# TYPE {name} {kind}"
    for suffix, labels, value in samples:
        words = ",".join(f'{label}="{escaped(content)}"' for label, content in labels.items())
        yield f"{name}{suffix}{{{words}}} {value:.15g}" if words else f"{name}{suffix} {value:.15g}"


def escaped(content: str) -> str:
    """The value of a label: backslash, quotation mark and the end of a line are the only octets that mean something."""
    return content.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _one(value: float | None) -> list[Sample]:
    """None: there is no such role."""
    return [] if value is None else [("", {}, value)]


def _by(label: str, counters: Mapping[str, int]) -> list[Sample]:
    return [("", {label: name}, count) for name, count in counters.items()]


def _histograms(histograms: Mapping[Kind, Histogram]) -> Iterator[Sample]:
    for kind, histogram in histograms.items():
        labels = {"trigger": kind.trigger, "make_before_break": str(kind.make_before_break).lower()}
        total = 0
        for bound, count in zip((*BOUNDS, float("inf")), histogram.counts, strict=True):
            total += count
            yield "_bucket", {**labels, "le": "+Inf" if bound == float("inf") else f"{bound:g}"}, total
        yield "_sum", labels, histogram.sum
        yield "_count", labels, total
