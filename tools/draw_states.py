#!/usr/bin/env python3
"""Draws the mobile node's state machine from its table: docs/explanation/mobile-node-states.svg and .md.

tools/draw_states.py            writes both
tools/draw_states.py --check    exit code 1 when they are not what the table says
"""

import argparse
import math
import sys
from pathlib import Path

from mobileip.agents.mobile.fsm import TRANSITIONS, Cause, State

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "explanation"
NAME = "mobile-node-states"

WIDTH, HEIGHT = 1000, 720
BOX_WIDTH, BOX_HEIGHT = 136, 40

PLACES = {
    State.SEARCHING: (500, 40),
    State.RETURNING: (150, 190),
    State.AT_HOME: (150, 420),
    State.REGISTERING: (500, 220),
    State.DENIED: (310, 330),
    State.REGISTERED: (500, 450),
    State.RENEWING: (740, 400),
    State.LINGERING: (880, 210),
    State.DEREGISTERING: (640, 610),
    State.DEREGISTERED: (300, 610),
}

DRAWN_ONCE = {
    Cause.CHOSEN_AWAY: State.SEARCHING,
    Cause.CHOSEN_HOME: State.SEARCHING,
    Cause.LEFT: State.REGISTERED,
    Cause.DEREGISTER: State.REGISTERED,
    Cause.RELEASED: State.LINGERING,
    Cause.LINK_LOST: State.LINGERING,
}
"""These lead from many states to the same one: drawn from one of them, the others are said in words."""

LEGEND = (
    "From every state chosen_away leads to registering and chosen_home to returning.",
    (
        "From every state but searching link_lost and released lead to searching (released from deregistering: "
        "to deregistered)."
    ),
    (
        "left leads to lingering from registering, renewing and denied too, deregister to deregistering from these and "
        "lingering."
    ),
)


def drawn_arrows() -> dict[tuple[State, State], list[Cause]]:
    """Causes by arrow, without loops and what the legend says."""
    arrows: dict[tuple[State, State], list[Cause]] = {}
    for state, row in TRANSITIONS.items():
        for cause, target in row.items():
            if target is not state and DRAWN_ONCE.get(cause, state) is state:
                arrows.setdefault((state, target), []).append(cause)
    return arrows


def edge_of_box(center: tuple[float, float], toward: tuple[float, float]) -> tuple[float, float]:
    """Where the line from `center` to `toward` leaves the box."""
    dx, dy = toward[0] - center[0], toward[1] - center[1]
    scale = min((BOX_WIDTH / 2 + 4) / abs(dx) if dx else math.inf, (BOX_HEIGHT / 2 + 4) / abs(dy) if dy else math.inf)
    return center[0] + dx * scale, center[1] + dy * scale


def draw_arrow(source: State, target: State, causes: list[Cause]) -> list[str]:
    """A curve bent to its left, so that the way back has a curve of its own."""
    (x1, y1), (x2, y2) = PLACES[source], PLACES[target]
    length = math.hypot(x2 - x1, y2 - y1)
    bend = 48.0
    middle = (x1 + x2) / 2 + (y2 - y1) / length * bend, (y1 + y2) / 2 - (x2 - x1) / length * bend
    start, end = edge_of_box((x1, y1), middle), edge_of_box((x2, y2), middle)
    label_x, label_y = (start[0] + 2 * middle[0] + end[0]) / 4, (start[1] + 2 * middle[1] + end[1]) / 4
    first_line = label_y - 7 * (len(causes) - 1) + 4
    return [
        f'<path d="M{start[0]:.0f},{start[1]:.0f} Q{middle[0]:.0f},{middle[1]:.0f} {end[0]:.0f},{end[1]:.0f}"/>',
        *(
            f'<text class="cause" x="{label_x:.0f}" y="{first_line + 14 * line:.0f}">{cause}</text>'
            for line, cause in enumerate(causes)
        ),
    ]


def draw_box(state: State) -> list[str]:
    x, y = PLACES[state]
    left, top = x - BOX_WIDTH // 2, y - BOX_HEIGHT // 2
    return [
        f'<rect x="{left}" y="{top}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="8"/>',
        f'<text class="state" x="{x}" y="{y + 5}">{state}</text>',
    ]


def svg() -> str:
    """The drawing."""
    style = (
        "svg{background:#fff;font-family:sans-serif}"
        "rect{fill:#eef4fb;stroke:#2b5c8a;stroke-width:1.5}"
        "path{fill:none;stroke:#667;stroke-width:1.3;marker-end:url(#arrow)}"
        "text{text-anchor:middle;fill:#123}"
        ".state{font-size:15px;font-weight:600}"
        ".cause{font-size:12px;paint-order:stroke;stroke:#fff;stroke-width:4px}"
        ".legend{font-size:13px;text-anchor:start}"
    )
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        "<title>States of a mobile node's registration on one link</title>",
        f"<style>{style}</style>",
        (
            '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
            'orient="auto"><path d="M0,0 L8,4 L0,8 z" style="fill:#667;stroke:none;marker-end:none"/></marker></defs>'
        ),
    ]
    for (source, target), causes in drawn_arrows().items():
        lines += draw_arrow(source, target, causes)
    for state in State:
        lines += draw_box(state)
    lines += [f'<text class="legend" x="14" y="{HEIGHT - 46 + 17 * n}">{text}</text>' for n, text in enumerate(LEGEND)]
    return "\n".join([*lines, "</svg>", ""])


def markdown() -> str:
    """The whole table, loops and all."""
    lines = [
        "---",
        "orphan: true",
        "---",
        "# States of a mobile node's registration",
        "",
        "Drawn by `tools/draw_states.py` from the table in `src/mobileip/agents/mobile/fsm.py`; do not edit.",
        "Each link has one such machine; the chooser above them decides which link is active.",
        "",
        f"![States of a mobile node's registration on one link]({NAME}.svg)",
        "",
        "| state | cause | next state |",
        "|---|---|---|",
    ]
    for state, row in TRANSITIONS.items():
        lines += [f"| {state} | {cause} | {target} |" for cause, target in row.items()]
    return "\n".join([*lines, ""])


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail when a drawing is stale")
    check = parser.parse_args().check
    stale = 0
    for suffix, content in ((".svg", svg()), (".md", markdown())):
        path = FOLDER / f"{NAME}{suffix}"
        if path.exists() and path.read_text(encoding="utf-8") == content:
            continue
        if check:
            print(f"{path} is not what the state table says: run tools/draw_states.py", file=sys.stderr)
            stale = 1
        else:
            path.write_text(content, encoding="utf-8")
    return stale


if __name__ == "__main__":
    sys.exit(main())
