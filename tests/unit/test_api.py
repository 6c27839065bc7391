"""`mobileip.Node` around a service that only pretends; the real one is embedded in tests/netns."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.backend import FakeBackend

import mobileip
from mobileip import api
from mobileip.api import Node, parse
from mobileip.control.schema import ErrorView
from mobileip.daemon.config_file import Configuration
from mobileip.daemon.lock import LOCK_NAME, DaemonLock, SecondDaemon
from mobileip.daemon.service import End
from mobileip.linux.errors import MachineError

Listener = Callable[[dict[str, object]], None]


class FakeService(FakeBackend):
    """Notes its life; `failure` is raised by the next start, `obstacle` by the next stop."""

    lives: list["FakeService"]
    failure: BaseException | None = None
    obstacle: BaseException | None = None

    def __init__(
        self, configuration: Configuration, run_directory: Path, on_end: Callable[[End], ErrorView | None]
    ) -> None:
        super().__init__()
        self.configuration, self.run_directory, self.on_end = configuration, run_directory, on_end
        self.notes: list[str] = []
        self.listeners: list[Listener] = []
        self.lives.append(self)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    async def start(self) -> None:
        assert (self.run_directory / LOCK_NAME).exists()
        self.notes.append(f"start, {len(self.listeners)} listening")
        if self.failure is not None:
            raise self.failure

    async def stop(self, how: End) -> None:
        assert (self.run_directory / LOCK_NAME).exists()
        self.notes.append(how.value)
        if self.obstacle is not None:
            raise self.obstacle

    async def reconfigure(self, configuration: Configuration) -> None:
        if configuration.daemon != self.configuration.daemon:
            raise ValueError("[daemon] differs")
        self.notes.append("reconfigured")


def configuration(**daemon: Any) -> Configuration:
    foreign = {"links": ["eth1"], "care_of_address": "192.0.2.1"}
    return parse({"foreign_agent": foreign, "daemon": daemon}, Path())


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> type[FakeService]:
    pretended = type("Service", (FakeService,), {"lives": []})
    monkeypatch.setattr(api, "Service", pretended)
    return pretended


@pytest.fixture
def node(service: type[FakeService], tmp_path: Path) -> Node:
    return Node(configuration(), tmp_path)


async def test_a_life(node: Node, service: type[FakeService], tmp_path: Path) -> None:
    await node.start()
    assert (tmp_path / LOCK_NAME).exists()
    await node.stop()
    (life,) = service.lives
    assert (life.run_directory, life.notes) == (tmp_path, ["start, 0 listening", "remove"])
    assert list(tmp_path.iterdir()) == []


async def test_it_can_leave_its_state_for_the_next(node: Node, service: type[FakeService]) -> None:
    await node.start()
    await node.stop(leave=True)
    assert service.lives[0].notes[-1] == "leave"


async def test_a_restart_is_two_lives(node: Node, service: type[FakeService]) -> None:
    await node.start()
    await node.restart()
    assert [life.notes for life in service.lives] == [["start, 0 listening", "leave"], ["start, 0 listening"]]
    await node.stop()


async def test_a_stop_without_a_start_does_nothing(node: Node, service: type[FakeService]) -> None:
    await node.stop()
    await node.start()
    await node.stop()
    await node.stop()
    assert len(service.lives) == 1
    assert service.lives[0].notes == ["start, 0 listening", "remove"]


async def test_a_second_start_is_a_mistake(node: Node) -> None:
    await node.start()
    with pytest.raises(RuntimeError, match="started already"):
        await node.start()
    await node.stop()


async def test_another_daemon_has_the_run_directory(
    node: Node, service: type[FakeService], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mobileip.daemon.lock.PAUSE_SECONDS", 0.0)
    other = DaemonLock(tmp_path)
    with pytest.raises(SecondDaemon):
        await node.start()
    assert service.lives == []
    other.release()
    await node.start()
    await node.stop()


async def test_a_start_that_fails_can_be_tried_again(node: Node, service: type[FakeService], tmp_path: Path) -> None:
    service.failure = MachineError("no luck")
    with pytest.raises(MachineError, match="no luck"):
        await node.start()
    assert list(tmp_path.iterdir()) == []
    service.failure = None
    await node.start()
    await node.stop()
    assert len(service.lives) == 2


async def test_the_lock_is_given_up_when_a_stop_fails(node: Node, service: type[FakeService], tmp_path: Path) -> None:
    await node.start()
    service.obstacle = OSError("the kernel says nothing")
    with pytest.raises(OSError, match="says nothing"):
        await node.stop()
    assert list(tmp_path.iterdir()) == []
    service.obstacle = None
    await node.start()
    await node.stop()


async def test_everything_at_one_moment(node: Node) -> None:
    await node.start()
    snapshot = node.snapshot()
    shown = FakeBackend()
    assert snapshot.status.verdict == "registered at 192.0.2.2"
    assert (snapshot.bindings, snapshot.visitors) == (shown.bindings(), [])
    assert (snapshot.links, snapshot.handovers) == (shown.links(), shown.handovers())
    assert node.metrics() == shown.metrics()
    assert (snapshot.agents, snapshot.tunnels, snapshot.traffic) == (shown.agents(), shown.tunnels(), shown.traffic())
    await node.stop()


async def test_link_managers_say_what_they_know(node: Node, service: type[FakeService]) -> None:
    await node.start()
    node.handover("eth0")
    node.handover(None)
    node.prefer_link("eth0")
    node.prefer_link(None)
    node.link_leaving("eth0")
    node.link_staying("eth0")
    node.resumed()
    (life,) = service.lives
    told = ["handover eth0", "handover None", "prefer eth0", "prefer None", "leaving eth0", "staying eth0"]
    assert life.commands == [*told, "resumed None"]
    await node.stop()


@pytest.mark.parametrize(("hint", "words"), [("it has eth0", r"no link \(it has eth0\)$"), ("", "no link$")])
async def test_a_link_that_is_not_the_nodes_is_an_error(
    node: Node, service: type[FakeService], hint: str, words: str
) -> None:
    await node.start()
    service.lives[0].refusal = ErrorView(code="not_found", message="no link", hint=hint)
    with pytest.raises(ValueError, match=words):
        node.link_leaving("eth9")
    await node.stop()


async def test_what_needs_a_running_node_says_so(node: Node) -> None:
    with pytest.raises(RuntimeError, match="not started"):
        node.snapshot()
    with pytest.raises(RuntimeError, match="not started"):
        node.handover("eth0")
    with pytest.raises(RuntimeError, match="not started"):
        await node.reconfigure(configuration())


async def test_listeners_hear_every_life(node: Node, service: type[FakeService]) -> None:
    early: list[object] = []
    late: list[object] = []
    node.subscribe(early.append)
    await node.start()
    node.subscribe(late.append)
    await node.restart()
    assert [life.notes[0] for life in service.lives] == ["start, 1 listening", "start, 2 listening"]
    for life in service.lives:
        for listener in life.listeners:
            listener({"event": "something"})
    assert (len(early), len(late)) == (2, 2)
    await node.stop()


async def test_the_end_that_an_operator_asks_for_is_the_programs_to_decide(
    node: Node, service: type[FakeService]
) -> None:
    asked: list[End] = []
    await node.start()
    (life,) = service.lives
    assert life.on_end(End.REMOVE) is None
    node.on_end = asked.append
    assert life.on_end(End.RESTART) is None
    assert asked == [End.RESTART]
    assert life.notes == ["start, 0 listening"]
    await node.stop()


async def test_a_new_configuration_outlives_a_restart(node: Node, service: type[FakeService]) -> None:
    await node.start()
    changed = parse({"foreign_agent": {"links": ["eth2"], "care_of_address": "192.0.2.9"}}, Path())
    await node.reconfigure(changed)
    await node.restart()
    assert service.lives[-1].configuration == changed
    await node.stop()


async def test_a_configuration_that_is_refused_changes_nothing(node: Node, service: type[FakeService]) -> None:
    await node.start()
    with pytest.raises(ValueError, match="differs"):
        await node.reconfigure(configuration(device="mip9"))
    await node.restart()
    assert service.lives[-1].configuration == configuration()
    await node.stop()


@pytest.mark.parametrize(
    ("configured", "environment", "chosen"),
    [("/run/mine", "/run/other", "/run/mine"), (None, "/run/other", "/run/other"), (None, "", "/run/mip")],
)
def test_which_run_directory(
    configured: str | None, environment: str, chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIP_RUN_DIR", environment)
    settings = {"run_dir": configured} if configured else {}
    assert Node(configuration(**settings))._run_directory == Path(chosen)


def test_the_package_offers_it_all_under_its_own_name(tmp_path: Path) -> None:
    """And a file may be named by a string, as the documentation does."""
    file = tmp_path / "fa.toml"
    file.write_text('[foreign_agent]\nlinks = ["eth1"]\ncare_of_address = "192.0.2.1"\n')
    assert mobileip.load(str(file)) == configuration()
    assert {name: getattr(mobileip, name) for name in mobileip.__all__} == {n: getattr(api, n) for n in api.__all__}
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = mobileip.nothing


async def test_a_restart_that_fails_leaves_its_traces_to_the_sweeper(
    node: Node, service: type[FakeService], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept: list[tuple[Path, str]] = []
    monkeypatch.setattr(api.sweep, "start", lambda folder, device: swept.append((folder, device)))
    await node.start()
    monkeypatch.setattr(service, "failure", MachineError("no"))
    with pytest.raises(MachineError, match="no"):
        await node.restart()
    assert [device for _, device in swept] == ["mip0"]
