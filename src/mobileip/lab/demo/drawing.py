"""build/demo.svg: the topology once for each phase, with the path of the packets. Pure: a result in, SVG text out."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

from mobileip.lab.demo.phases import Phase, Result
from mobileip.lab.demo.table import NAMES

_PANEL_WIDTH, _PANEL_HEIGHT = 690, 356
_MARGIN, _GAP, _HEAD, _FOOT = 28, 22, 92, 56
_CORRESPONDENT_Y, _INTERNET_Y, _ROUTER_Y, _SWITCH_Y, _MOBILE_Y = 72, 142, 222, 276, 322
_MIDDLE = _PANEL_WIDTH // 2

Points = Sequence[tuple[float, float]]

# Network -> x of its column, its router, what the router is.
_COLUMNS = {
    "home": (79, "ha", "home agent"),
    "foreign1": (212, "fa1", "foreign agent"),
    "foreign2": (345, "fa2", "foreign agent"),
    "visited": (478, "visited", "DHCP only"),
    "behind": (611, "nat", "NAT"),
}

_STYLE = """
  text { font-family: "Inter", "Helvetica Neue", Arial, sans-serif; fill: #1f2937; }
  .title { font-size: 24px; font-weight: 600; } .sub { font-size: 14px; fill: #4b5563; }
  .panel { fill: #ffffff; stroke: #d9dee7; } .caption { font-size: 15px; font-weight: 600; }
  .figures { font-size: 12.5px; fill: #4b5563; text-anchor: end; }
  .wire { stroke: #cbd2dd; stroke-width: 2; fill: none; }
  .switch { stroke: #aab4c3; stroke-width: 5; stroke-linecap: round; }
  .box { fill: #f5f7fa; stroke: #aab4c3; } .box.on { fill: #e8f0fe; stroke: #2563eb; }
  .mobile { fill: #111827; } .gone { fill: none; stroke: #aab4c3; stroke-dasharray: 3 3; }
  .name { font-size: 13px; text-anchor: middle; } .name.mobile-text { fill: #ffffff; font-weight: 600; }
  .role { font-size: 10.5px; text-anchor: middle; fill: #6b7280; }
  .there, .tunnel, .back { fill: none; stroke-linejoin: round; stroke-linecap: round; }
  .there { stroke: #2563eb; stroke-width: 3; } .tunnel { stroke: #f59e0b; stroke-width: 7; stroke-opacity: .55; }
  .back { stroke: #059669; stroke-width: 2.5; stroke-dasharray: 7 5; }
"""


def _marker(name: str, colour: str) -> str:
    size = 'viewBox="0 0 10 10" refX="8" refY="5" markerWidth="5" markerHeight="5" orient="auto"'
    return f'<marker id="{name}" {size}><path d="M0 0 10 5 0 10z" fill="{colour}"/></marker>'


_MARKERS = f"<defs>{_marker('blue', '#2563eb')}{_marker('green', '#059669')}</defs>"


def draw(result: Result) -> str:
    """A whole SVG file."""
    rows = (len(result.phases) + 1) // 2
    width = 2 * _MARGIN + 2 * _PANEL_WIDTH + _GAP
    height = _HEAD + rows * (_PANEL_HEIGHT + _GAP) + _FOOT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        f"<style>{_STYLE}</style>",
        _MARKERS,
        f'<rect width="{width}" height="{height}" fill="#f0f2f6"/>',
        f'<text class="title" x="{_MARGIN}" y="44">A mobile node roams, its connections stay</text>',
        f'<text class="sub" x="{_MARGIN}" y="70">{escape(_download(result))}</text>',
    ]
    for number, phase in enumerate(result.phases):
        x = _MARGIN + number % 2 * (_PANEL_WIDTH + _GAP)
        y = _HEAD + number // 2 * (_PANEL_HEIGHT + _GAP)
        parts.append(f'<g transform="translate({x} {y})">{_panel(number + 1, phase)}</g>')
    parts.append(_legend(_MARGIN, height - 34))
    parts.append("</svg>\n")
    return "\n".join(parts)


def _download(result: Result) -> str:
    octets = f"{result.download.octets / 2**20:.0f} MiB"
    whole = "complete" if result.download.complete else "not complete"
    equal = "checksum equal" if result.download.checksum_equal else "checksum different"
    judged = f"verdict: {result.verdict} · engine: {result.engine}"
    return f"One download of {octets} by plain curl, {whole}, {equal} · {judged}"


def _panel(number: int, phase: Phase) -> str:
    caption = escape(f"{number}  {phase.origin} → {phase.network}, {NAMES[phase.care_of]}")
    parts = [
        f'<rect class="panel" width="{_PANEL_WIDTH}" height="{_PANEL_HEIGHT}" rx="10"/>',
        f'<text class="caption" x="18" y="28">{caption}</text>',
        *_figures(phase),
    ]
    parts += _wires()
    parts += _paths(phase)
    parts += _nodes(phase)
    return "\n".join(parts)


def _figures(phase: Phase) -> list[str]:
    """At the right, one under another."""
    told = [("link up", phase.link_up_ms), ("agent heard", phase.agent_heard_ms), ("reply", phase.reply_ms)]
    told.append(("first packet", phase.first_packet_ms))
    lines = [f"{name} {value:.0f} ms" for name, value in told if value is not None]
    lines += [f"{phase.lost} packets lost", f"silence {phase.silence_ms:.0f} ms"]
    return [
        f'<text class="figures" x="{_PANEL_WIDTH - 18}" y="{28 + 18 * number}">{line}</text>'
        for number, line in enumerate(lines)
    ]


def _wires() -> list[str]:
    parts = [_line("wire", [(_MIDDLE, _CORRESPONDENT_Y), (_MIDDLE, _INTERNET_Y)])]
    for x, _, _ in _COLUMNS.values():
        parts.append(_line("wire", [(_MIDDLE, _INTERNET_Y), (x, _ROUTER_Y), (x, _SWITCH_Y)]))
        parts.append(f'<line class="switch" x1="{x - 44}" y1="{_SWITCH_Y}" x2="{x + 44}" y2="{_SWITCH_Y}"/>')
    return parts


def _paths(phase: Phase) -> list[str]:
    """There: to the home network, and on by the tunnel. Back: by the reverse tunnel and the home network, or straight
    by the network where the node is."""
    here, home = _COLUMNS[phase.network][0], _COLUMNS["home"][0]
    mobile = _MOBILE_Y - 17
    back = [(here, mobile), (here, _ROUTER_Y), (_MIDDLE, _INTERNET_Y), (_MIDDLE, _CORRESPONDENT_Y + 17)]
    start = [(_MIDDLE, _CORRESPONDENT_Y), (_MIDDLE, _INTERNET_Y), (home, _ROUTER_Y)]
    if phase.network == "home":
        return [
            _line("there", _beside([*start, (home, mobile)], -5), "blue"),
            _line("back", _beside(back, -5), "green"),
        ]
    onward = [(home, _ROUTER_Y), (_MIDDLE, _INTERNET_Y), (here, _ROUTER_Y), (here, mobile)]
    # The tunnel ends at the foreign agent, or at the mobile node itself.
    tunnel = onward[:3] if phase.care_of == "foreign_agent" else onward
    if phase.reverse_tunnel:
        back = [(here, mobile), (here, _ROUTER_Y), (_MIDDLE, _INTERNET_Y), (home, _ROUTER_Y)]
        back += [(_MIDDLE, _INTERNET_Y), (_MIDDLE, _CORRESPONDENT_Y + 17)]
    return [
        _line("tunnel", _beside(tunnel, -5)),
        _line("there", _beside(start, -5)),
        _line("there", _beside(onward, -5), "blue"),
        _line("back", _beside(back, -5), "green"),
    ]


def _beside(points: Points, distance: float) -> Points:
    """The line moved sideways, to its right where `distance` is negative: two ways shall not cover one another."""
    moved: list[tuple[float, float]] = []
    for number, (x, y) in enumerate(points):
        ahead = points[min(number + 1, len(points) - 1)]
        behind = points[max(number - 1, 0)]
        along_x, along_y = ahead[0] - behind[0], ahead[1] - behind[1]
        length = (along_x**2 + along_y**2) ** 0.5 or 1.0
        moved.append((x + along_y / length * distance, y - along_x / length * distance))
    return moved


def _line(kind: str, points: Points, marker: str = "") -> str:
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    end = f' marker-end="url(#{marker})"' if marker else ""
    return f'<polyline class="{kind}" points="{joined}"{end}/>'


def _nodes(phase: Phase) -> list[str]:
    parts = [
        _box(_MIDDLE, _CORRESPONDENT_Y, "correspondent", "web server, voice", on=True),
        f'<ellipse class="box" cx="{_MIDDLE}" cy="{_INTERNET_Y}" rx="60" ry="17"/>',
        f'<text class="name" x="{_MIDDLE}" y="{_INTERNET_Y + 4}">internet</text>',
    ]
    for network, (x, router, role) in _COLUMNS.items():
        used = network in {phase.network, "home"}
        parts.append(_box(x, _ROUTER_Y, router, role, on=used))
        aside = 34 if network == phase.network else 0
        parts.append(f'<text class="role" x="{x + aside}" y="{_SWITCH_Y + 17}">{network}</text>')
    parts.append(_mobile(_COLUMNS[phase.network][0], there=True))
    parts.append(_mobile(_COLUMNS[phase.origin][0], there=False))
    return parts


def _box(x: float, y: float, name: str, role: str, *, on: bool) -> str:
    return (
        f'<rect class="box{" on" if on else ""}" x="{x - 58}" y="{y - 18}" width="116" height="36" rx="6"/>'
        f'<text class="name" x="{x}" y="{y - 2}">{name}</text><text class="role" x="{x}" y="{y + 12}">{role}</text>'
    )


def _mobile(x: float, *, there: bool) -> str:
    if not there:
        return f'<circle class="gone" cx="{x}" cy="{_MOBILE_Y}" r="15"/>'
    return (
        f'<circle class="mobile" cx="{x}" cy="{_MOBILE_Y}" r="17"/>'
        f'<text class="name mobile-text" x="{x}" y="{_MOBILE_Y + 5}">mn</text>'
    )


def _legend(x: float, y: float) -> str:
    entries = (
        ("there", "to the mobile node's home address", 0),
        ("tunnel", "in the tunnel (IP in IP, behind the NAT in UDP), both ways", 350),
        ("back", "from the mobile node", 860),
    )
    return "".join(
        f'<line class="{kind}" x1="{x + at}" y1="{y}" x2="{x + at + 44}" y2="{y}"/>'
        f'<text class="sub" x="{x + at + 56}" y="{y + 5}">{text}</text>'
        for kind, text, at in entries
    )
