"""What the machine tells of paths becomes events, each with fresh entropy."""

from ipaddress import IPv4Address
from typing import Any

import pytest

from mobileip.agents.events import Event, LinkUsed, ProbeAnswered, Resumed
from mobileip.agents.outputs import Departure
from mobileip.daemon import paths as module
from mobileip.daemon.paths import Paths
from mobileip.linux.link_use import LinkUse

DEPARTURE = Departure(destination=IPv4Address("10.1.0.1"), interface="eth0")


class Part:
    """Prober or sleep watch: notes what is done with it, and can be called back."""

    def __init__(self, notes: list[Any], *callbacks: Any) -> None:
        self._notes = notes
        self.callbacks = callbacks

    def start(self) -> None:
        self._notes.append("start")

    def stop(self) -> None:
        self._notes.append("stop")

    def send(self, *arguments: object) -> int:
        self._notes.append(arguments)
        return 0


class Workshop:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.notes: list[Any] = []
        self.events: list[Event] = []
        self.parts: dict[str, Part] = {}
        for name in ("Prober", "SleepWatch"):
            monkeypatch.setattr(module, name, self._maker(name))
        self.paths = Paths(lambda *_: 0, self.events.append)

    def _maker(self, name: str) -> Any:
        def make(*callbacks: Any) -> Part:
            self.parts[name] = Part(self.notes, *callbacks)
            return self.parts[name]

        return make


@pytest.fixture
def workshop(monkeypatch: pytest.MonkeyPatch) -> Workshop:
    return Workshop(monkeypatch)


def test_an_answer(workshop: Workshop) -> None:
    workshop.parts["Prober"].callbacks[1]("eth0", 7)
    (event,) = workshop.events
    assert isinstance(event, ProbeAnswered)
    assert (event.interface, event.number, len(event.entropy)) == ("eth0", 7, 32)


def test_a_sleep(workshop: Workshop) -> None:
    workshop.parts["SleepWatch"].callbacks[0]()
    (event,) = workshop.events
    assert isinstance(event, Resumed)


def test_the_use_of_a_link(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "link_use", lambda name: LinkUse(3, 4) if name == "eth0" else None)
    used = workshop.paths.use("eth0")
    assert isinstance(used, LinkUsed)
    assert (used.interface, used.sent, used.received) == ("eth0", 3, 4)
    assert workshop.paths.use("gone") is None


def test_a_kernel_that_does_not_count_so(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: str) -> LinkUse:
        raise OSError

    monkeypatch.setattr(module, "link_use", refuse)
    assert workshop.paths.use("eth0") is None


def test_its_life(workshop: Workshop) -> None:
    workshop.paths.start()
    workshop.paths.probe(DEPARTURE, 7)
    workshop.paths.stop()
    assert workshop.notes == ["start", "start", (DEPARTURE, 7), "stop", "stop"]
