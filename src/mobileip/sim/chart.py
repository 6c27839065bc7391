"""A sequence chart of the control messages as SVG: machines side by side, time downwards, lost messages end in a cross.

Time is not drawn to scale: a step for each message, its time at the left, and a gap where nothing happened for long.
"""

from collections.abc import Sequence
from xml.sax.saxutils import escape

import msgspec

from mobileip.sim.network import Passage
from mobileip.sim.packet import ADVERTISEMENT, ANNOUNCEMENT, REPLY, REQUEST, SIGNALLING, Packet
from mobileip.wire.agent_discovery import AgentAdvertisement, decode_icmp
from mobileip.wire.errors import DecodeError
from mobileip.wire.message import decode_message
from mobileip.wire.numbers import ReplyCode
from mobileip.wire.registration import RegistrationReply, RegistrationRequest

MOST_ARROWS = 400
MOST_LANES = 16
LONG = 2.0
"""Nothing for so long is shown as a gap, s."""

_LEFT, _TOP, _LANE, _STEP, _GAP, _FOOT = 96, 92, 190, 30, 26, 40

_STYLE = """
  text { font-family: "Inter", "Helvetica Neue", Arial, sans-serif; fill: #1f2937; font-size: 12px; }
  .title { font-size: 20px; font-weight: 600; } .sub { fill: #4b5563; font-size: 13px; }
  .name { text-anchor: middle; font-weight: 600; } .time { text-anchor: end; fill: #6b7280; font-size: 11px; }
  .lane { stroke: #d1d5db; } .box { fill: #f5f7fa; stroke: #aab4c3; } .label { text-anchor: middle; font-size: 11px; }
  .request { stroke: #2563eb; } .reply { stroke: #059669; } .denied { stroke: #d97706; }
  .discovery { stroke: #9ca3af; } .attack { stroke: #dc2626; } .lost { stroke: #dc2626; stroke-width: 2; }
  .arrow { stroke-width: 1.6; fill: none; } .quiet { stroke: #d1d5db; stroke-dasharray: 2 4; }
"""

_HEAD = (
    '<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0 0 10 5 0 10z" fill="#374151"/></marker></defs>'
)


class Arrow(msgspec.Struct, frozen=True):
    sender: str
    receiver: str
    sent_at: float
    lost: bool
    label: str
    style: str


class Chart:
    """Collects the control messages of a time window, up to `MOST_ARROWS`.

    `advertisements`: whether they are shown too; solicited ones (to one node) are always.
    """

    def __init__(self, start: float = 0.0, end: float = 1e9, *, advertisements: bool = False) -> None:
        self._start = start
        self._end = end
        self._advertisements = advertisements
        self.arrows: list[Arrow] = []
        self.left_out = 0
        self._last: Packet | None = None

    def pass_on(self, passage: Passage) -> None:
        """A tap."""
        packet = passage.packet
        if packet.kind not in SIGNALLING or not self._start <= passage.sent_at <= self._end:
            return
        if packet.kind == ADVERTISEMENT and packet.destination.is_multicast and not self._advertisements:
            return
        is_copy = packet.kind == ANNOUNCEMENT and packet is self._last
        self._last = packet
        if is_copy:
            return  # one broadcast is one arrow
        if len(self.arrows) >= MOST_ARROWS:
            self.left_out += 1
            return
        label, style = describe(packet)
        lost = passage.arrived_at is None
        self.arrows.append(Arrow(passage.sender, passage.receiver, passage.sent_at, lost, label, style))

    def draw(self, title: str) -> str:
        """A whole SVG file."""
        lanes = _lanes(self.arrows)
        shown = [arrow for arrow in self.arrows if arrow.sender in lanes and arrow.receiver in lanes]
        width = _LEFT + _LANE * max(2, len(lanes))
        body, bottom = _arrows(shown, lanes)
        missing = self.left_out + len(self.arrows) - len(shown)
        told = f"{len(shown)} control messages" + (f", {missing} more are not shown" if missing else "")
        height = bottom + _FOOT
        size = f'width="{width}" height="{height}"'
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" {size}>',
                f"<style>{_STYLE}</style>",
                _HEAD,
                f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
                f'<text class="title" x="20" y="30">{escape(title)}</text>',
                f'<text class="sub" x="20" y="50">{told}; seconds at the left</text>',
                *_heads(lanes, bottom),
                *body,
                "</svg>\n",
            ]
        )


def describe(packet: Packet) -> tuple[str, str]:
    """What an arrow says, and its style."""
    style = "attack" if packet.attack else "discovery"
    name = f"{packet.attack}: " if packet.attack else ""
    if packet.kind in (REQUEST, REPLY):
        try:
            message = decode_message(packet.payload).message
        except DecodeError:
            return f"{name}{packet.kind} (malformed)", style
        if isinstance(message, RegistrationRequest):
            what = f"request {message.lifetime} s at {message.care_of_address}"
            return name + (what if message.lifetime else "deregistration"), style if packet.attack else "request"
        if isinstance(message, RegistrationReply):
            is_accepted = message.code in (0, 1)
            what = f"reply: accepted, {message.lifetime} s" if is_accepted else f"reply: {_code(message.code)}"
            return name + what, style if packet.attack else "reply" if is_accepted else "denied"
    if packet.kind == ADVERTISEMENT:
        return name + _advertisement(packet), style
    return name + packet.kind.replace("_", " "), style


def _code(code: int) -> str:
    try:
        return f"{code} {ReplyCode(code).name.lower().replace('_', ' ')}"
    except ValueError:
        return str(code)


def _advertisement(packet: Packet) -> str:
    message = decode_icmp(packet.payload)
    mobility = message.mobility if isinstance(message, AgentAdvertisement) else None
    number = f" {mobility.sequence_number}" if mobility is not None else ""
    return f"advertisement{number}" + (" (multicast)" if packet.destination.is_multicast else "")


def _lanes(arrows: Sequence[Arrow]) -> dict[str, int]:
    """Machines from left to right: mobile nodes, foreign agents, routers and others, home agents."""
    names = dict.fromkeys(name for arrow in arrows for name in (arrow.sender, arrow.receiver))
    ordered = sorted(names, key=lambda name: (_rank(name), len(name), name))[:MOST_LANES]
    return {name: _LEFT + _LANE // 2 + _LANE * place for place, name in enumerate(ordered)}


def _rank(name: str) -> int:
    order = ("mobile", "attacker", "foreign", "router", "home")
    return next((place for place, kind in enumerate(order) if name.startswith(kind)), 3)


def _heads(lanes: dict[str, int], bottom: int) -> list[str]:
    parts = []
    for name, x in lanes.items():
        parts.append(f'<line class="lane" x1="{x}" y1="{_TOP}" x2="{x}" y2="{bottom}"/>')
        parts.append(f'<rect class="box" x="{x - 60}" y="{_TOP - 26}" width="120" height="24" rx="5"/>')
        parts.append(f'<text class="name" x="{x}" y="{_TOP - 10}">{escape(name)}</text>')
    return parts


def _arrows(arrows: Sequence[Arrow], lanes: dict[str, int]) -> tuple[list[str], int]:
    parts, y, last = [], _TOP + 8, None
    for arrow in arrows:
        if last is not None and arrow.sent_at - last > LONG:
            right = max(lanes.values()) + 60
            parts.append(f'<line class="quiet" x1="{_LEFT}" y1="{y + _GAP - 8}" x2="{right}" y2="{y + _GAP - 8}"/>')
            y += _GAP
        y += _STEP
        parts.append(_arrow(arrow, lanes, y))
        last = arrow.sent_at
    return parts, y + 20


def _arrow(arrow: Arrow, lanes: dict[str, int], y: int) -> str:
    start, end = lanes[arrow.sender], lanes[arrow.receiver]
    parts = [f'<text class="time" x="{_LEFT - 16}" y="{y + 4}">{arrow.sent_at:.3f}</text>']
    middle, head = (start + end) // 2, ' marker-end="url(#head)"'
    if arrow.lost:
        end, head = start + (end - start) * 2 // 3, ""
        cross = f"M{end - 5} {y - 5}l10 10m0 -10l-10 10"
        parts.append(f'<path class="arrow lost" d="{cross}"/>')
    parts.append(f'<line class="arrow {arrow.style}" x1="{start}" y1="{y}" x2="{end}" y2="{y}"{head}/>')
    parts.append(f'<text class="label" x="{middle}" y="{y - 5}">{escape(arrow.label)}</text>')
    return "".join(parts)
