"""A node inside another program: `mobileip.Node` in a real namespace, and the example that shows it."""

import asyncio
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path

import msgspec
import pytest
from tests.support.machine import Picture, picture
from tests.support.roaming import HOME_ADDRESS, go, reachable

import mobileip
from mobileip.control.client import ControlClient
from mobileip.lab.laboratory import Lab

pytestmark = pytest.mark.netns

EXAMPLE = Path(__file__).parents[2] / "examples" / "embed.py"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab("router", name="test-embed", daemons=False) as made:
        made.daemon("mn").start()
        yield made


@pytest.fixture(scope="module")
def untouched(lab: Lab) -> Picture:
    return picture(lab, "router")


@pytest.fixture
def run_directory(lab: Lab, untouched: Picture) -> Iterator[Path]:
    """Of the node under test; when it has ended, nothing of it is left in there or on the machine."""
    folder = lab.daemon("router").run_dir
    folder.mkdir(exist_ok=True)
    yield folder
    assert picture(lab, "router") == untouched
    for remembered in folder.glob("home_agent.*"):
        remembered.unlink()  # or the next test would go on with these bindings
    assert list(folder.iterdir()) == []


def configuration(lab: Lab) -> mobileip.Configuration:
    return mobileip.load(lab.daemon("router").configuration)


@asynccontextmanager
async def embedded(lab: Lab, run_directory: Path) -> AsyncIterator[mobileip.Node]:
    """A started node in the namespace of the router; the test's own thread is in there meanwhile."""
    with lab.inside("router"):
        node = mobileip.Node(configuration(lab), run_directory)
        await node.start()
        try:
            yield node
        finally:
            await node.stop()


async def until(condition: Callable[[], object], what: str) -> None:
    async with asyncio.timeout(20.0):
        while not condition():
            await asyncio.sleep(0.02)
    assert condition(), what


async def register_in(lab: Lab, network: str) -> None:
    if lab.where("mn") != network:
        await asyncio.to_thread(go, lab, network)


# -- the object


async def test_a_node_starts_shows_itself_and_stops(lab: Lab, run_directory: Path) -> None:
    async with embedded(lab, run_directory) as node:
        shown = node.snapshot()
        assert shown.status.roles == ["home_agent", "foreign_agent"]
        assert (shown.bindings, shown.visitors, shown.agents, shown.tunnels) == ([], [], [], [])
        status = await asyncio.to_thread(ControlClient(run_directory / "mipd.sock").get, "status")
        assert isinstance(status, dict)
        assert status["verdict"] == shown.status.verdict, "`mip` works on an embedded node too"
        with pytest.raises(RuntimeError, match="started already"):
            await node.start()
    with pytest.raises(RuntimeError, match="not started"):
        node.snapshot()
    await node.stop()  # once more is harmless


async def test_subscribers_get_every_event_also_after_a_restart(lab: Lab, run_directory: Path) -> None:
    events: list[dict[str, object]] = []

    def heard(name: str) -> int:
        return sum(event["event"] == name for event in events)

    async with embedded(lab, run_directory) as node:
        node.subscribe(events.append)
        await asyncio.to_thread(go, lab, "home")
        await asyncio.to_thread(go, lab, "foreign1")
        assert heard("visitor_added") == 1
        assert {"schema", "id", "time", "boot_seconds", "event"} <= events[0].keys()
        device = picture(lab, "router")["link mip0"]
        await node.restart()
        assert picture(lab, "router")["link mip0"] == device, "nothing was torn down between"
        await asyncio.to_thread(lab.daemon("mn").tell, "register")
        await until(lambda: heard("visitor_added") == 2, "the visitor is told of again")
        assert await asyncio.to_thread(reachable, lab)


async def test_a_new_configuration_keeps_the_bindings_of_a_role_that_did_not_change(
    lab: Lab, run_directory: Path
) -> None:
    async with embedded(lab, run_directory) as node:
        await register_in(lab, "foreign1")
        await asyncio.to_thread(lab.daemon("mn").tell, "register")
        await until(lambda: node.snapshot().bindings and node.snapshot().visitors, "binding and visitor")
        before = node.snapshot()
        old = configuration(lab)
        assert old.foreign_agent is not None
        foreign = msgspec.structs.replace(old.foreign_agent, maximum_visitors=7)
        await node.reconfigure(msgspec.structs.replace(old, foreign_agent=foreign))
        after = node.snapshot()
        assert [b.registered_at[:21] for b in after.bindings] == [b.registered_at[:21] for b in before.bindings]
        assert after.visitors == [], "the changed role begins anew"
        await asyncio.to_thread(lab.daemon("mn").tell, "register")
        await until(lambda: node.snapshot().visitors, "the visitor is there again")
        assert await asyncio.to_thread(reachable, lab)


async def test_a_role_can_be_taken_away_while_the_other_goes_on(lab: Lab, run_directory: Path) -> None:
    async with embedded(lab, run_directory) as node:
        old = configuration(lab)
        with pytest.raises(ValueError, match="the links that are heard differ"):
            await node.reconfigure(msgspec.structs.replace(old, foreign_agent=None))
        daemon = msgspec.structs.replace(old.daemon, tunnel_mtu=1400)
        with pytest.raises(ValueError, match=r"\[daemon\] differs"):
            await node.reconfigure(msgspec.structs.replace(old, daemon=daemon))
        assert node.snapshot().status.roles == ["home_agent", "foreign_agent"], "a refused one changes nothing"


async def test_mip_stop_asks_the_program(lab: Lab, run_directory: Path) -> None:
    async with embedded(lab, run_directory) as node:
        asked: list[object] = []
        node.on_end = asked.append
        await asyncio.to_thread(ControlClient(run_directory / "mipd.sock").post, "stop")
        assert asked == [mobileip.End.REMOVE]
        assert node.snapshot().status.roles, "it is the program that decides"


async def test_a_refused_start_leaves_nothing_and_can_be_tried_again(lab: Lab, run_directory: Path) -> None:
    with lab.inside("router"):
        node = mobileip.Node(configuration(lab), run_directory)
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as other:
            other.bind(("127.0.0.1", 434))
            with pytest.raises(mobileip.MachineError, match="UDP port 434 is in use"):
                await node.start()
        assert list(run_directory.iterdir()) == []
        await node.start()
        await node.stop()


async def test_a_start_that_fails_late_leaves_nothing(
    lab: Lab, run_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with lab.inside("router"):
        node = mobileip.Node(configuration(lab), run_directory)
        monkeypatch.setattr("mobileip.control.server.web.UnixSite.start", refuse)
        with pytest.raises(mobileip.MachineError, match=r"can't start: .*No space left"):
            await node.start()


# -- the example


@contextmanager
def example(lab: Lab, run_directory: Path, *words: str) -> Iterator["subprocess.Popen[str]"]:
    program = [sys.executable, str(EXAMPLE), str(lab.daemon("router").configuration), "--run-dir", str(run_directory)]
    command = lab.command("router", *program, *words)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        try:
            yield running
        finally:
            running.kill()


def end_of(running: "subprocess.Popen[str]") -> tuple[int, str]:
    """Exit code and complaints."""
    complaints = running.communicate(timeout=30)[1]
    return running.returncode, complaints


def verdict(running: "subprocess.Popen[str]") -> str:
    """From this line on it is started; only what it remembered may be told before."""
    assert running.stdout is not None
    return next(line for line in running.stdout if not line.startswith("bindings_restored"))


def test_the_example_runs_for_some_seconds(lab: Lab, run_directory: Path) -> None:
    with example(lab, run_directory, "--seconds", "0.1") as running:
        assert verdict(running) == "home agent 10.1.0.1 serves 0 bindings; foreign agent 192.0.2.2 has 0 visitors\n"
        assert end_of(running) == (0, "")


def test_the_example_prints_events_until_it_is_interrupted(lab: Lab, run_directory: Path) -> None:
    with example(lab, run_directory) as running:
        verdict(running)
        go(lab, "home")
        go(lab, "foreign1")
        running.send_signal(signal.SIGINT)
        assert running.stdout is not None
        said = running.stdout.read()  # what came with the verdict is in its buffer already
        assert end_of(running) == (0, "")
    events = {line.split()[0]: line for line in said.splitlines()}
    assert f"home_address={HOME_ADDRESS}" in events["binding_created"]
    assert f"home_address={HOME_ADDRESS}" in events["visitor_added"]


def test_the_example_ends_at_sigterm_and_at_mip_stop(lab: Lab, run_directory: Path) -> None:
    with example(lab, run_directory) as running:
        verdict(running)
        running.send_signal(signal.SIGTERM)
        assert end_of(running) == (0, "")
    with example(lab, run_directory) as running:
        verdict(running)
        assert lab.run("router", "mip", "stop").returncode == 0
        assert end_of(running) == (0, "")


def test_the_example_says_in_one_line_what_is_wrong(lab: Lab, run_directory: Path, tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text("")
    done = lab.run("router", sys.executable, str(EXAMPLE), str(file), check=False)
    assert done.returncode == 1
    assert done.stderr == "no role: one of [home_agent], [foreign_agent], [mobile_node] is expected\n"


# -- the import


def test_a_name_is_loaded_when_it_is_asked_for() -> None:
    loaded = "print('mobileip.api' in sys.modules)"
    code = f"import mobileip, sys; {loaded}; mobileip.Node; {loaded}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\nTrue\n"
    with pytest.raises(AttributeError, match="no attribute 'Nodes'"):
        _ = mobileip.Nodes  # type: ignore[attr-defined]  # that is the point
