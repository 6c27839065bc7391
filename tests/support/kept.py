"""The dumbest store of what a home agent wants to be remembered: a dictionary, through the octets of its records."""

from collections.abc import Iterable
from typing import Any

import msgspec

from mobileip.agents.memory import Moment, Record, Remembered
from mobileip.agents.outputs import Forget, Output, Remember

DECODER = msgspec.msgpack.Decoder(Record)


class Kept:
    def __init__(self) -> None:
        self.rows: dict[int | str, bytes] = {}
        self.at: Moment | None = None

    def take(self, outputs: Iterable[Output]) -> None:
        for output in outputs:
            if isinstance(output, Remember):
                self.rows[output.record.name] = msgspec.msgpack.encode(output.record)
                self.at = output.moment
            elif isinstance(output, Forget):
                self.rows.pop(output.name, None)

    def record(self, name: int | str) -> Any:
        return DECODER.decode(self.rows[name])

    def copy(self) -> "Kept":
        copied = Kept()
        copied.rows, copied.at = dict(self.rows), self.at
        return copied

    def remembered(self, **fields: Any) -> Remembered:
        return Remembered(records=tuple(DECODER.decode(row) for row in self.rows.values()), at=self.at, **fields)
