"""docs/explanation/performance.svg: bars of what is left of plain forwarding. Pure: results in, SVG text out.

`python -m bench.dataplane.chart RESULTS DRAWING` draws it anew from what was measured.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import msgspec
from bench.dataplane.pairing import Result
from bench.dataplane.report import read

_WIDTH, _LABEL, _PANEL, _GAP = 1080, 256, 300, 118
_TOP, _HEADING, _ROW, _BAR, _FOOT = 116, 40, 21, 13, 56
_LIMIT = 1.1
"""The ratio at the right edge of a panel."""

_STYLE = """
  text { font-family: "Inter", "Helvetica Neue", Arial, sans-serif; fill: #1f2937; font-size: 12.5px; }
  .title { font-size: 22px; font-weight: 600; } .sub { font-size: 13.5px; fill: #4b5563; }
  .panel { font-size: 14px; font-weight: 600; } .group { font-weight: 600; } .label { text-anchor: end; }
  .value { font-size: 11.5px; fill: #4b5563; } .tick { font-size: 11px; fill: #6b7280; text-anchor: middle; }
  .grid { stroke: #e5e7eb; } .plain { stroke: #111827; stroke-width: 1.5; stroke-dasharray: 4 3; }
  .ebpf { fill: #2563eb; } .userspace { fill: #059669; } .vxlan { fill: #9ca3af; } .openvpn { fill: #d97706; }
  .spread { stroke: #111827; stroke-width: 1.2; }
"""

_PANELS = (("tcp", "One TCP stream"), ("pps", "64-octet UDP packets in a second"))

_FORMS = {"ipip": "IP-in-IP", "minimal": "minimal", "gre": "GRE with a key", "udp": "IP-in-IP in UDP"}
_KINDS = {"ebpf": "fast path", "userspace": "userspace path", "vxlan": "kernel vxlan", "openvpn": "OpenVPN, no cipher"}
_FORWARD, _BACK = "home_agent", "mobile_node"


class Row(msgspec.Struct, frozen=True):
    label: str
    kind: str
    subject: str
    """Its results are METRIC.`subject`."""
    metrics: tuple[str, ...] = tuple(metric for metric, _ in _PANELS)
    """Those that are shown."""


def groups() -> list[tuple[str, list[Row]]]:
    """Headings and what stands below them, from top to bottom."""
    many = [
        Row(f"{_KINDS[kind]}, {told} binding{'s' if end else ''}", kind, f"ipip.{_FORWARD}.{kind}{end}", ("pps",))
        for kind in ("ebpf", "userspace")
        for told, end in (("1", ""), ("10,000", ".1e4"), ("1,000,000", ".1e6"))
    ]
    return [
        ("Correspondent to mobile node, co-located care-of address", _with_others(_FORWARD)),
        ("Correspondent to a visitor behind a foreign agent", _both("foreign_agent")),
        ("Mobile node to correspondent, by the reverse tunnel", _with_others(_BACK, f".{_BACK}")),
        ("Bindings at the home agent, IP-in-IP", many),
        ("Plain packets past the same machines", [Row("beside the fast path", "ebpf", "bystander.ebpf")]),
    ]


def _with_others(role: str, way: str = "") -> list[Row]:
    """`way`: how the names of their results end."""
    vxlan, openvpn = (Row(_KINDS[kind], kind, f"{kind}{way}") for kind in ("vxlan", "openvpn"))
    return [*_forms(role, "ebpf"), vxlan, *_forms(role, "userspace"), openvpn]


def _both(role: str) -> list[Row]:
    return [*_forms(role, "ebpf"), *_forms(role, "userspace")]


def _forms(role: str, kind: str) -> list[Row]:
    return [Row(f"{_KINDS[kind]}, {told}", kind, f"{form}.{role}.{kind}") for form, told in _FORMS.items()]


def draw(results: Sequence[Result]) -> str:
    """A whole SVG file; what was not measured is left out."""
    by_name = {result.name: result for result in results}
    body, bottom = _body(by_name)
    height = bottom + _FOOT
    machine = results[0].machine if results else "nothing measured"
    runs = min((result.runs for result in results), default=0)
    told = f"Medians of {runs} paired runs, and their spread; 1.0 is plain forwarding in the same minute. {machine}"
    size = f'width="{_WIDTH}" height="{height}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" {size}>',
            f"<style>{_STYLE}</style>",
            f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
            '<text class="title" x="24" y="40">What is left of plain forwarding in a tunnel</text>',
            f'<text class="sub" x="24" y="63">{escape(told)}</text>',
            *_scales(bottom),
            *body,
            *_legend(bottom + 36),
            "</svg>\n",
        ]
    )


def _body(by_name: Mapping[str, Result]) -> tuple[list[str], int]:
    parts, y = [], _TOP
    for heading, rows in groups():
        shown = [row for row in rows if any(f"{metric}.{row.subject}" in by_name for metric in row.metrics)]
        if not shown:
            continue
        parts.append(f'<text class="group" x="24" y="{y + 24}">{escape(heading)}</text>')
        y += _HEADING
        for row in shown:
            parts.append(f'<text class="label" x="{_LABEL - 10}" y="{y + 11}">{escape(row.label)}</text>')
            for number, (metric, _) in enumerate(_PANELS):
                result = by_name.get(f"{metric}.{row.subject}")
                if result is not None and metric in row.metrics:
                    parts += _bar(result, row.kind, _left(number), y)
            y += _ROW
    return parts, y


def _bar(result: Result, kind: str, left: int, y: int) -> list[str]:
    width = _scaled(result.ratio)
    least, greatest = (left + _scaled(ratio) for ratio in result.spread)
    middle = y + _BAR / 2
    told = f"{result.value:.3g} Gbit/s" if result.unit == "Gbit/s" else f"{result.value / 1000:.0f} k/s"
    return [
        f'<rect class="{kind}" x="{left}" y="{y}" width="{width:.1f}" height="{_BAR}" rx="2"/>',
        f'<line class="spread" x1="{least:.1f}" y1="{middle}" x2="{greatest:.1f}" y2="{middle}"/>',
        f'<text class="value" x="{left + _PANEL + 6}" y="{y + 11}">{result.ratio:.2f} · {told}</text>',
    ]


def _scales(bottom: int) -> list[str]:
    parts = []
    for number, (_, title) in enumerate(_PANELS):
        left = _left(number)
        parts.append(f'<text class="panel" x="{left}" y="{_TOP - 24}">{title}</text>')
        for tenth in range(0, 11, 2):
            x = left + _scaled(tenth / 10)
            style = "plain" if tenth == 10 else "grid"
            parts.append(f'<line class="{style}" x1="{x:.1f}" y1="{_TOP + 6}" x2="{x:.1f}" y2="{bottom}"/>')
            parts.append(f'<text class="tick" x="{x:.1f}" y="{_TOP}">{tenth / 10:.1f}</text>')
    return parts


def _legend(y: int) -> list[str]:
    return [
        f'<rect class="{kind}" x="{24 + 190 * number}" y="{y - 11}" width="{_BAR}" height="{_BAR}" rx="2"/>'
        f'<text x="{44 + 190 * number}" y="{y}">{escape(told)}</text>'
        for number, (kind, told) in enumerate(_KINDS.items())
    ]


def _left(panel: int) -> int:
    return _LABEL + panel * (_PANEL + _GAP)


def _scaled(ratio: float) -> float:
    return min(ratio, _LIMIT) / _LIMIT * _PANEL


if __name__ == "__main__":
    results, drawing = map(Path, sys.argv[1:3])
    drawing.write_text(draw(read(results)), encoding="utf-8")
