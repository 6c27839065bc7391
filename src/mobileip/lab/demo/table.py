"""What the demo prints: one row per move as it goes, then the verdict."""

from mobileip.lab.demo.phases import Phase

_COLUMNS = (("link up", 9), ("agent heard", 13), ("reply", 9), ("first packet", 14), ("lost", 6), ("silence", 10))
_MOVE_WIDTH = 37

NAMES = {"foreign_agent": "foreign agent", "colocated": "co-located", "home": "at home"}


def heading() -> str:
    return f"{'move':{_MOVE_WIDTH}}" + "".join(f"{title:>{width}}" for title, width in _COLUMNS)


def row(phase: Phase) -> str:
    """`-` stands for what did not happen."""
    cells = (
        _time(phase.link_up_ms),
        _time(phase.agent_heard_ms),
        _time(phase.reply_ms),
        _time(phase.first_packet_ms),
        str(phase.lost),
        _time(phase.silence_ms),
    )
    move = f"{phase.origin} → {phase.network} ({NAMES[phase.care_of]})"
    return f"{move:{_MOVE_WIDTH}}" + "".join(
        f"{cell:>{width}}" for cell, (_, width) in zip(cells, _COLUMNS, strict=True)
    )


def _time(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} ms"
