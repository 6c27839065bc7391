"""What is known of labs between commands."""

import threading
from pathlib import Path

import pytest

from mobileip.lab import state
from mobileip.lab.errors import NO_SUCH_OBJECT, NOT_PERMITTED, LabError
from mobileip.lab.state import Folder, State


@pytest.fixture(autouse=True)
def own_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(state, "ROOT", tmp_path / "lab")
    monkeypatch.delenv("MIP_LAB", raising=False)
    return tmp_path / "lab"


def note(name: str, *, ready: bool = True) -> State:
    known = State(topology="minimal", rp_filter=1, netem=False, ready=ready, settings={"ha": {"daemon": {"x": 1}}})
    folder = Folder(name)
    folder.make()
    folder.write(known)
    return known


def test_what_is_written_is_read() -> None:
    assert Folder("one").read() is None
    assert Folder("one").read() is None
    known = note("one")
    assert Folder("one").read() == known


def test_a_half_written_note_is_no_lab(own_root: Path) -> None:
    note("one")
    (own_root / "one" / "lab.json").write_text('{"topology": "mini')
    assert Folder("one").read() is None
    assert state.running() == []
    assert state.leftovers() == ["one"]


def test_only_what_is_ready_runs() -> None:
    assert state.running() == state.leftovers() == []
    note("whole")
    note("half", ready=False)
    assert state.running() == ["whole"]
    assert state.leftovers() == ["half"]


def test_a_command_without_a_name_means_the_only_lab() -> None:
    note("one")
    assert state.choose(None) == "one"


def test_several_must_be_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    note("one")
    note("two")
    with pytest.raises(LabError, match="several labs are up, say which with --name: one, two"):
        state.choose(None)
    assert state.choose("two") == "two"
    monkeypatch.setenv("MIP_LAB", "one")
    assert state.choose(None) == "one"


@pytest.mark.parametrize(("name", "message"), [(None, "no lab is up"), ("moon", "no lab named moon is up")])
def test_none_is_told(name: str | None, message: str) -> None:
    with pytest.raises(LabError, match=message) as caught:
        state.choose(name)
    assert caught.value.code == NO_SUCH_OBJECT


def test_the_lock_is_for_one_and_leaves_no_file(own_root: Path) -> None:
    with (
        state.locked("one"),
        pytest.raises(LabError, match="one is at work already"),
        state.locked("one", wait=False),
    ):
        pytest.fail("two held it")
    with state.locked("one", wait=False):
        pass
    assert list(own_root.iterdir()) == []


def test_who_waits_gets_it_after_the_other() -> None:
    order = []
    waiting = threading.Event()

    def wait() -> None:
        waiting.set()
        with state.locked("one"):
            order.append("second")

    with state.locked("one"):
        thread = threading.Thread(target=wait)
        thread.start()
        waiting.wait()
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_who_may_not_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "/run/mip/lab")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with (
        pytest.raises(LabError, match="a lab needs root: /run/mip/lab: Permission denied") as caught,
        state.locked("x"),
    ):
        pass
    assert caught.value.code == NOT_PERMITTED
