"""build/demo-sequence.svg: which packet of the voice-like stream arrived when, around each move. Pure: flows in, SVG
text out.

Each dot is a packet: the later it came the further right, the later it was sent the higher. A straight line is a call
that nobody notices anything of; a step to the right is silence; a red dot never came, and stands where it was sent.
"""

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

import msgspec

from mobileip.lab.demo.measure import Flow

BEFORE, AFTER = 0.3, 1.4
"""Seconds of the stream that a panel shows, from the move on and before it."""
_COLUMNS = 3
_WIDTH, _HEIGHT = 450, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 16, 44, 40
_MARGIN, _GAP, _HEAD, _FOOT = 28, 20, 84, 48
_BESIDE = 12
"""By so many packets one direction is drawn below the other, or one would cover it."""
_AIR = 8
"""Packets' worth of room below them, for words."""
_DIRECTIONS = (("there", 0), ("back", _BESIDE))

_STYLE = """
  text { font-family: "Inter", "Helvetica Neue", Arial, sans-serif; fill: #1f2937; font-size: 12px; }
  .title { font-size: 24px; font-weight: 600; } .sub { font-size: 14px; fill: #4b5563; }
  .panel { fill: #ffffff; stroke: #d9dee7; } .caption { font-size: 15px; font-weight: 600; }
  .tick { fill: #6b7280; font-size: 11px; text-anchor: middle; } .axis { stroke: #cbd2dd; }
  .mark { stroke: #aab4c3; stroke-dasharray: 4 3; } .what { fill: #6b7280; font-size: 11px; }
  .there { fill: #2563eb; } .back { fill: #059669; } .lost { fill: #dc2626; }
"""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A move. Times in seconds of CLOCK_BOOTTIME; None: it did not happen."""

    label: str
    started: float
    link_up: float
    registered: float | None


def draw(changes: Sequence[Change], to_mobile_node: Flow, from_mobile_node: Flow) -> str:
    """A whole SVG file."""
    rows = -(-len(changes) // _COLUMNS)
    width = 2 * _MARGIN + _COLUMNS * _WIDTH + (_COLUMNS - 1) * _GAP
    height = _HEAD + rows * (_HEIGHT + _GAP) + _FOOT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        f"<style>{_STYLE}</style>",
        f'<rect width="{width}" height="{height}" fill="#f0f2f6"/>',
        f'<text class="title" x="{_MARGIN}" y="40">Each packet of the stream, around each move</text>',
        f'<text class="sub" x="{_MARGIN}" y="64">to the right: when it arrived; upwards: its number</text>',
    ]
    for number, change in enumerate(changes):
        x = _MARGIN + number % _COLUMNS * (_WIDTH + _GAP)
        y = _HEAD + number // _COLUMNS * (_HEIGHT + _GAP)
        parts.append(f'<g transform="translate({x} {y})">')
        parts += _panel(f"{number + 1}  {change.label}", change, (to_mobile_node, from_mobile_node))
        parts.append("</g>")
    parts += [_legend(height - 24), "</svg>\n"]
    return "\n".join(parts)


class _Scale:
    """From seconds after the move, and packets after the first of the panel, to places in it."""

    def __init__(self, packets: int) -> None:
        self._per_second = (_WIDTH - _LEFT - _RIGHT) / (BEFORE + AFTER)
        self._per_packet = (_HEIGHT - _TOP - _BOTTOM) / (packets + _BESIDE + _AIR)

    def x(self, seconds: float) -> float:
        return _LEFT + (seconds + BEFORE) * self._per_second

    def y(self, packets: float) -> float:
        return _HEIGHT - _BOTTOM - (packets + _AIR) * self._per_packet


def _panel(caption: str, change: Change, flows: tuple[Flow, Flow]) -> Iterator[str]:
    begin, end = change.started - BEFORE, change.started + AFTER
    shown = [sorted(number for number, at in flow.sent.items() if begin <= at <= end) for flow in flows]
    scale = _Scale(max(map(len, shown)))
    yield f'<rect class="panel" width="{_WIDTH}" height="{_HEIGHT}" rx="10"/>'
    yield f'<text class="caption" x="18" y="26">{escape(caption)}</text>'
    yield from _axis(scale)
    told = [("unplugged", change.started), ("link up", change.link_up), ("registered", change.registered)]
    yield from _marks(scale, [(what, at - change.started) for what, at in told if at is not None])
    for flow, numbers, (kind, below) in zip(flows, shown, _DIRECTIONS, strict=True):
        for place, number in enumerate(numbers):
            arrived = flow.received.get(number)
            at = flow.sent[number] if arrived is None else arrived
            if at > end:
                continue  # outside of the panel: it is in none
            x, y = scale.x(at - change.started), scale.y(place + _BESIDE - below)
            yield f'<circle class="{"lost" if arrived is None else kind}" cx="{x:.1f}" cy="{y:.1f}" r="2"/>'


def _axis(scale: _Scale) -> Iterator[str]:
    floor = _HEIGHT - _BOTTOM
    yield f'<line class="axis" x1="{_LEFT}" y1="{floor}" x2="{_WIDTH - _RIGHT}" y2="{floor}"/>'
    for tenths in range(0, int(AFTER * 10) + 1, 4):
        x = scale.x(tenths / 10)
        yield f'<line class="axis" x1="{x:.1f}" y1="{floor}" x2="{x:.1f}" y2="{floor + 4}"/>'
        yield f'<text class="tick" x="{x:.1f}" y="{floor + 17}">{tenths / 10:.1f} s</text>'


def _marks(scale: _Scale, told: Sequence[tuple[str, float]]) -> Iterator[str]:
    """Words one above another: the moments may be close."""
    for row, (what, seconds) in enumerate(told):
        if seconds <= AFTER:
            x = scale.x(seconds)
            yield f'<line class="mark" x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{_HEIGHT - _BOTTOM}"/>'
            words = f"{what} {seconds * 1e3:.0f} ms" if seconds else what
            yield f'<text class="what" x="{x + 4:.1f}" y="{_HEIGHT - _BOTTOM - 6 - 14 * row}">{words}</text>'


def _legend(y: float) -> str:
    entries = (("there", "to the mobile node", 0), ("back", "from the mobile node", 190), ("lost", "lost", 390))
    return "".join(
        f'<circle class="{kind}" cx="{_MARGIN + at + 6}" cy="{y - 4}" r="4"/>'
        f'<text class="sub" x="{_MARGIN + at + 18}" y="{y}">{text}</text>'
        for kind, text, at in entries
    )
