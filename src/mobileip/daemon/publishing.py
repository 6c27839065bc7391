"""What happens, told to everybody who wants to know: the log, the event feed, and programs that embed a node."""

from collections import Counter
from collections.abc import Callable, Sequence

import msgspec

from mobileip.agents.notices import HandedOver, Notice
from mobileip.control.feed import Feed
from mobileip.control.schema import SCHEMA
from mobileip.daemon import views
from mobileip.daemon.handovers import Handovers
from mobileip.daemon.log import LOGGER, NoticeLog
from mobileip.daemon.runner import fields_of
from mobileip.dataplane.engine import Repair
from mobileip.dataplane.ports import Failure
from mobileip.linux import clock
from mobileip.linux.errors import MachineError

Listener = Callable[[dict[str, object]], None]


class Publisher:
    """`device`: the name of ours, in what is told of it."""

    def __init__(self, device: str) -> None:
        self._device = device
        self.feed = Feed()
        self.handovers = Handovers()
        self.failures: Counter[str] = Counter()
        """What the kernel refused, in words."""
        self.lost: MachineError | None = None
        """Why there is no tunnel device now."""
        self._log = NoticeLog()
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """`listener` gets every event of the feed as a dict; the answer ends the subscription."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def notify(self, notice: Notice) -> None:
        if isinstance(notice, HandedOver):
            self.handovers.note(notice, clock.now().boot)
        self.publish(fields_of(notice))

    def publish(self, fields: dict[str, object]) -> None:
        now = clock.now().boot
        self._log.write(fields, now)
        event = {"schema": SCHEMA, "id": 0, "time": views.wall_clock(now)(now), "boot_seconds": round(now, 6), **fields}
        number = self.feed.publish(lambda number: msgspec.json.encode({**event, "id": number}))
        for listener in tuple(self._listeners):
            try:
                listener({**event, "id": number})
            except Exception:  # a program's own fault must not keep the messages behind this notice from being sent
                LOGGER.exception("listener_failed")

    def report(self, failures: Sequence[Failure]) -> None:
        for failure in failures:
            target = failure.operation.target
            what = f"{failure.operation.action} {type(target).__name__}: {failure.text}"
            self.failures[what] += 1
            fields = msgspec.to_builtins(target, enc_hook=str, builtin_types=(bytes,))
            detail = " ".join(f"{k}={v}" for k, v in fields.items() if v is not None)
            self.publish({"event": "operation_failed", "what": what, "target": detail})

    def device_trouble(self, error: MachineError | None) -> None:
        self.lost = error
        if error is None:
            self.publish({"event": "device_restored", "device": self._device})
        else:
            self.publish({"event": "device_lost", "device": self._device, "reason": str(error), "hint": error.hint})

    def memory_trouble(self, reason: str | None) -> None:
        self.publish({"event": "memory_trouble", "reason": reason} if reason else {"event": "memory_restored"})

    def repaired(self, repair: Repair) -> None:
        self.report(repair.failures)
        if repair.restored:
            self.publish({"event": "repaired", "objects": repair.restored})
        if repair.fought_over:
            self.publish({"event": "rule_fight", "objects": [type(o).__name__ for o in repair.fought_over]})

    def not_repaired(self, what: str) -> None:
        self.failures[what] += 1
        self.publish({"event": "operation_failed", "what": what, "target": ""})
