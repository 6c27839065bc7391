"""Moves as a table: who is plugged in where and when, as CSV.

    # lines like this one say where the trace comes from
    at,link,to,announced
    12.4,radio1,foreign2,
    25.0,radio1,nowhere,1.5

The first line that is no comment names the columns: those of a `scenario.Step` that are wanted. An empty cell is the
step's default.
"""

import csv
from collections.abc import Callable, Mapping

_COLUMNS: Mapping[str, Callable[[str], object]] = {
    "at": float,
    "node": int,
    "link": str,
    "to": str,
    "silent": {"true": True, "false": False}.__getitem__,
    "announced": float,
}


class TraceError(Exception):
    """What is wrong with a trace, with its line."""


def read_trace(text: str) -> list[dict[str, object]]:
    """Steps as a scenario's TOML would have them.

    Raises: `TraceError`.
    """
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line and not line.startswith("#")]
    if not lines:
        raise TraceError("there is no line with the names of columns")
    rows = list(csv.reader(line for _, line in lines))
    head = rows[0]
    unknown = [name for name in head if name not in _COLUMNS]
    if unknown:
        raise TraceError(f"line {lines[0][0]}: no column {unknown[0]!r} is known (there are {', '.join(_COLUMNS)})")
    return [_step(head, cells, number) for (number, _), cells in zip(lines[1:], rows[1:], strict=True)]


def _step(head: list[str], cells: list[str], line: int) -> dict[str, object]:
    if len(cells) != len(head):
        raise TraceError(f"line {line}: {len(cells)} cells, expected are {len(head)}")
    step: dict[str, object] = {}
    for name, cell in zip(head, cells, strict=True):
        if cell:
            try:
                step[name] = _COLUMNS[name](cell)
            except (ValueError, KeyError) as error:
                raise TraceError(f"line {line}: {name}: {cell!r} is wrong") from error
    return step
