"""Stands in for `daemon.machine.Machine`: nothing of it touches a machine, everything is noted in order."""

import errno
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from mobileip.agents.events import Link, LinkUsed
from mobileip.agents.outputs import Departure
from mobileip.daemon.config_file import Configuration, EngineChoice
from mobileip.dataplane.fake import FakeEngine
from mobileip.forwarding.model import ForwardingState
from mobileip.linux.signalling import Receivers


class FakeMachine:
    """The last one made is `FakeMachine.last`; `failure` is raised by every start."""

    last: "FakeMachine"
    failure: BaseException | None = None

    def __init__(
        self, configuration: Configuration, run_directory: Path, receivers: Receivers, **callbacks: Callable[..., None]
    ) -> None:
        self.on_device_trouble = callbacks["on_device_trouble"]
        self.on_engine = callbacks["on_engine"]
        self.notes: list[str] = []
        self.receivers = receivers
        self.on_link: Callable[[Link], None] = callbacks["on_link"]
        self.on_link_removed: Callable[[str], None] = callbacks["on_link_removed"]
        self.on_ours_changed: Callable[[], None] = callbacks["on_ours_changed"]
        self.engine = NotingEngine(self.notes)
        self.device = self.kernel = self.signalling = self.watch = self.paths = self
        self.on_event = callbacks["on_event"]
        self.probes: list[tuple[str | None, int]] = []
        self.accelerator = FakeAccelerator(self.notes, self.engine)
        self.known_links: dict[str, Link] = {}
        self.sent: list[bytes] = []
        self.error = 0
        """What sending returns."""
        type(self).last = self

    async def start(self) -> None:
        self.notes.append("start")
        if self.failure is not None:
            raise self.failure

    def stop(self) -> None:
        self.notes.append("stop")

    # -- device, kernel, watch

    def persist(self, on: bool) -> None:
        self.notes.append(f"persist {on}")

    def restore_sysctls(self) -> None:
        self.notes.append("restore sysctls")

    def links(self) -> Mapping[str, Link]:
        return self.known_links

    # -- signalling

    def send(self, octets: bytes, departure: Departure) -> int:
        self.sent.append(octets)
        return self.error

    def send_icmp(self, octets: bytes, departure: Departure) -> int:
        return self.send(octets, departure)

    def announce(self, interface: str, address: IPv4Address, link_address: bytes | None) -> int:
        return errno.ENETDOWN

    # -- paths

    def probe(self, departure: Departure, number: int) -> None:
        self.probes.append((departure.interface, number))

    def use(self, interface: str) -> LinkUsed | None:
        return LinkUsed(interface=interface, sent=2, received=1) if interface in self.known_links else None


class NotingEngine(FakeEngine):
    def __init__(self, notes: list[str]) -> None:
        super().__init__()
        self._notes = notes
        self.forwards_by = "userspace"

    @property
    def name(self) -> str:
        return self.forwards_by

    async def reconcile(self, state: ForwardingState) -> list[Any]:
        self._notes.append(f"reconcile {len(state.wishes)}")
        return await super().reconcile(state)


class FakeAccelerator:
    """Stands in for `daemon.accelerator.Accelerator`."""

    reason = "a test"
    attached_by: str | None = None

    def __init__(self, notes: list[str], engine: NotingEngine) -> None:
        self._notes = notes
        self._engine = engine
        self.choice = EngineChoice.AUTO
        self.is_possible = True
        """Whether there can be a fast path here."""

    async def choose(self, choice: EngineChoice) -> None:
        self._notes.append(f"choose {choice}")
        self.choice = choice
        self._engine.forwards_by = "userspace" if choice is EngineChoice.USERSPACE or not self.is_possible else "ebpf"
        self.reason = "chosen" if self.is_possible else "no fast path: a test"

    def start(self) -> None:
        self._notes.append("accelerate")

    def leave(self) -> None:
        self._notes.append("leave the fast path")

    def remove(self) -> None:
        self._notes.append("remove the fast path")
