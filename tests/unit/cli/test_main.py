"""`mip` as it is typed: outputs, exit codes, abbreviations."""

import json
import os
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.backend import registration
from tests.support.control import Running, running

from mobileip.cli import main as module
from mobileip.cli.main import expand, main, split
from mobileip.control.client import ControlError, EventStream
from mobileip.control.schema import ErrorView


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "mipd.sock") as one:
        yield one


@pytest.fixture
def mip(daemon: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIP_RUN_DIR", str(daemon.path.parent))


@pytest.fixture
def replaced(monkeypatch: pytest.MonkeyPatch) -> type[Exception]:
    """Raised, with its words, where this process would become another program."""

    class Replaced(Exception):
        pass

    def execv(path: str, words: list[str]) -> None:
        raise Replaced(path, *words)

    monkeypatch.setattr(os, "execv", execv)
    return Replaced


Captured = pytest.CaptureFixture[str]


# -- words


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("binding", "binding"),
        ("b", "binding"),
        ("reg", "registration"),
        ("registe", "register"),
        ("t", "t"),
        ("tu", "tunnel"),
        ("s", "status"),
        ("sto", "stop"),
        ("r", "registration"),
        ("zzz", "zzz"),
        ("ev", "events"),
        ("l", "link"),
        ("hand", "handovers"),
        ("handover", "handover"),
        ("m", "metrics"),
    ],
)
def test_abbreviations(typed: str, meant: str) -> None:
    assert expand(typed) == meant


def test_looking_comes_before_changing() -> None:
    """No abbreviation of a command that changes something hides one that only looks."""
    changing = ("register", "deregister", "restart", "stop", "clear", "handover")
    for name in module.SHOWN:
        shortened = {name[:length] for length in range(1, len(name))} - module.HELP.keys()
        assert not [word for word in shortened if expand(word) in changing]


def test_options_may_stand_before_the_object() -> None:
    assert split(["-j", "--socket", "x", "binding", "-s"]) == (["-j", "--socket", "x"], ["binding", "-s"])
    assert split(["binding"]) == ([], ["binding"])
    assert split(["-j"]) == (["-j"], [])


# -- views


@pytest.mark.usefixtures("mip")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["status"], "registered at 192.0.2.2"),
        (["b"], "HOME ADDRESS"),
        (["binding", "show", "10.1.0.11"], "10.1.0.11"),
        (["b", "sh"], "HOME ADDRESS"),
        (["visitor"], "no visitors"),
        (["agent"], "AGENT"),
        (["registration"], "state"),
        (["tunnel"], "LOCAL"),
        (["tunnel", "-s"], "LAST PACKET"),
        (["tunnel", "-s"], "12 s ago"),
        (["tunnel", "-s", "-a"], "never"),
        (["engine"], "attached by  tcx links in a bpffs"),
        (["engine", "u"], "name         userspace"),
        (["link"], "eth0   verified     200    42.3 ms  25 %  first of links"),
        (["link", "sh", "wlan0"], "wlan0  agent heard  100    -      -     second of links"),
        (["handovers"], "2026-01-01 00:00:00.250  wlan0 foreign agent  eth0 colocated  better link  1.5 ms"),
        (["hand"], "-                    eth0 colocated"),
        (["metrics"], "mip_registered 1"),
        (["traffic"], "requests_sent  2"),
        (["traffic", "-s"], "requests_sent  2"),
        (["status", "-s"], "encapsulated  5"),
    ],
)
def test_views(words: list[str], expected: str, capsys: Captured) -> None:
    assert main(words) == 0
    captured = capsys.readouterr()
    assert expected in captured.out
    assert captured.err == ""


@pytest.mark.usefixtures("mip")
@pytest.mark.parametrize("words", [["-j", "binding"], ["binding", "-j"], ["binding", "--json"]])
def test_json_before_and_behind(words: list[str], capsys: Captured) -> None:
    assert main(words) == 0
    assert [row["spi"] for row in json.loads(capsys.readouterr().out)] == [256, 256]


@pytest.mark.usefixtures("mip")
def test_only_one_entry(capsys: Captured) -> None:
    assert main(["-j", "binding", "show", "10.1.0.11"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["home_address"] == "10.1.0.11"


@pytest.mark.usefixtures("mip")
def test_no_such_entry(capsys: Captured) -> None:
    assert main(["binding", "show", "10.9.9.9"]) == 4
    assert capsys.readouterr().err == "mip: no binding 10.9.9.9\n"


def test_the_socket_may_be_named(daemon: Running, capsys: Captured) -> None:
    assert main(["--socket", str(daemon.path), "status"]) == 0
    assert main(["status", "--run-dir", str(daemon.path.parent)]) == 0
    assert capsys.readouterr().out.count("registered at") == 2


# -- commands


@pytest.mark.usefixtures("mip")
@pytest.mark.parametrize("name", ["register", "deregister", "restart", "stop"])
def test_commands(name: str, daemon: Running, capsys: Captured) -> None:
    assert main([name]) == 0
    assert main(["-j", name]) == 0
    assert daemon.backend.commands == [name, name]
    assert capsys.readouterr().out.splitlines() == [f"{name}: done", json.dumps({"done": name})]


@pytest.mark.usefixtures("mip")
@pytest.mark.parametrize(
    ("code", "exit_code"), [("failed", 1), ("not_found", 4), ("forbidden", 6), ("configuration", 7)]
)
def test_what_the_daemon_refuses(code: str, exit_code: int, daemon: Running, capsys: Captured) -> None:
    daemon.backend.refusal = ErrorView(code=code, message="it can't be", hint="try later")
    assert main(["register"]) == exit_code
    assert capsys.readouterr().err == "mip: it can't be (try later)\n"
    assert main(["-j", "register"]) == exit_code
    error = json.loads(capsys.readouterr().err)["error"]
    assert error == {"code": code, "message": "it can't be", "hint": "try later"}


@pytest.mark.usefixtures("mip")
@pytest.mark.parametrize("what", ["binding", "visitor"])
def test_what_is_cleared_is_confirmed_in_one_line(what: str, daemon: Running, capsys: Captured) -> None:
    assert main(["clear", what, "10.1.0.10"]) == 0
    assert main(["clear", what[0], "10.1.0.10", "-j"]) == 0
    text, as_json = capsys.readouterr().out.splitlines()
    assert text == f"1 {what} of 10.1.0.10 revoked; 192.0.2.2 is being told"
    assert json.loads(as_json) == {"home_address": "10.1.0.10", "revoked": 1, "told": ["192.0.2.2"], "not_told": []}
    assert daemon.backend.commands == [f"clear {what}s 10.1.0.10"] * 2


@pytest.mark.usefixtures("mip")
def test_what_is_not_there_can_not_be_cleared(daemon: Running, capsys: Captured) -> None:
    daemon.backend.refusal = ErrorView(code="not_found", message="no binding 10.1.0.10")
    assert main(["clear", "binding", "10.1.0.10"]) == 4
    assert capsys.readouterr().err == "mip: no binding 10.1.0.10\n"
    assert main(["clear", "binding", "10.1.0.10", "-j"]) == 4
    assert json.loads(capsys.readouterr().err)["error"]["code"] == "not_found"


@pytest.mark.parametrize("words", [[], ["binding"], ["agent", "10.1.0.10"], ["", "10.1.0.10"], ["binding", "10.1.0"]])
def test_clearing_needs_a_kind_and_an_address(words: list[str], capsys: Captured) -> None:
    assert main(["clear", *words]) == 2
    assert capsys.readouterr().err.startswith("usage: mip clear")


@pytest.mark.usefixtures("mip")
def test_a_confirmation_of_another_form(daemon: Running, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setattr(daemon.backend, "clear", lambda *_: [])
    assert main(["clear", "binding", "10.1.0.10"]) == 0
    assert capsys.readouterr().out == "done\n"


def test_no_daemon(tmp_path: Path, capsys: Captured) -> None:
    assert main(["--run-dir", str(tmp_path), "status"]) == 3
    assert "no daemon answers" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["nonsense"], ["binding", "fly"], ["wait", "--for", "luck"], ["t"]])
def test_usage(words: list[str], capsys: Captured) -> None:
    assert main(words) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("usage: mip")
    assert lines[-1].startswith("mip")
    assert ": error: " in lines[-1]


@pytest.mark.parametrize(
    ("words", "program"),
    [
        (["-j"], "mip"),
        (["--json", "nonsense"], "mip"),
        (["binding", "fly", "-j"], "mip binding"),
        (["binding", "fly", "-sj"], "mip binding"),
        (["wait", "--for", "luck", "--js"], "mip wait"),
        (["-j", "wait", "--timeout", "soon"], "mip wait"),
    ],
)
def test_usage_errors_are_json_where_json_is_asked_for(words: list[str], program: str, capsys: Captured) -> None:
    assert main(words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    error = json.loads(captured.err)["error"]
    assert (error["code"], error["hint"]) == ("usage", f"see {program} --help")
    assert error["message"]


@pytest.mark.parametrize("seconds", ["nan", "inf", "-1", "1e300", "soon", ""])
def test_a_time_that_can_not_be_waited_for(seconds: str, capsys: Captured) -> None:
    assert main(["wait", "--timeout", seconds]) == 2
    assert f"{seconds} is wrong: seconds from 0 to 1000000 are expected" in capsys.readouterr().err


def test_options_are_not_abbreviated(capsys: Captured) -> None:
    """A word behind `--sock` would be taken for the object."""
    assert main(["--sock", "/run/x", "status"]) == 2
    assert "--sock" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["-j", "status"], ["status", "--json"], ["stop", "-j"]])
def test_errors_are_json_where_json_is_asked_for(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("MIP_RUN_DIR", str(tmp_path))
    assert main(words) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    error = json.loads(captured.err)["error"]
    assert error == {
        "code": "not_running",
        "message": f"no daemon answers at {tmp_path}/mipd.sock",
        "hint": "start one: mipd --config FILE",
    }


# -- a daemon of another version


@pytest.mark.usefixtures("mip")
@pytest.mark.parametrize("view", [{}, {"links": [{}, 3], "warnings": 3, "engine": 3}, {"links": "x", "new": [1]}])
def test_fields_that_are_missing_or_unknown_are_no_hindrance(
    view: object, daemon: Running, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    for name, shown in (("status", view), ("registration", view), ("traffic", view), ("bindings", [view])):
        monkeypatch.setattr(daemon.backend, name, lambda shown=shown: shown)
    for words in (["status"], ["registration"], ["traffic"], ["binding"]):
        assert main(words) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("mip")
@pytest.mark.parametrize(("shown", "view"), [("status", []), ("binding", {})])
def test_an_answer_of_another_form_is_one_line(
    shown: str, view: object, daemon: Running, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setattr(daemon.backend, module.SHOWN[shown], lambda: view)
    assert main([shown]) == 1
    assert capsys.readouterr().err == f"mip: the daemon's answer is no {shown} (see it with --json)\n"
    assert main([shown, "-j"]) == 0
    assert json.loads(capsys.readouterr().out) == view


@pytest.mark.usefixtures("mip")
def test_counters_of_another_form_are_left_out(
    daemon: Running, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setattr(daemon.backend, "traffic", list)
    assert main(["status", "-s"]) == 0
    assert capsys.readouterr().out.endswith("process 7\n\n")


# -- events


@pytest.mark.usefixtures("mip")
def test_events_that_are_kept(daemon: Running, capsys: Captured) -> None:
    daemon.publish(event="registered", time="2026-01-01T10:11:12.345+00:00")
    assert main(["events"]) == 0
    assert capsys.readouterr().out == "10:11:12.345 registered\n"
    assert main(["events", "-j"]) == 0
    assert json.loads(capsys.readouterr().out)["event"] == "registered"


@pytest.mark.usefixtures("mip")
def test_following_ends_with_the_daemon(daemon: Running, capsys: Captured) -> None:
    def and_end(_: object) -> str:
        daemon.end_server()
        return "one"

    daemon.publish(event="one")
    original, module.tables.event = module.tables.event, and_end  # type: ignore[assignment]
    try:
        assert main(["events", "--follow"]) in (0, 3)
    finally:
        module.tables.event = original
    assert capsys.readouterr().out == "one\n"


# -- waiting


@pytest.mark.usefixtures("mip")
@pytest.mark.parametrize("condition", ["registered", "foreign_agent"])
def test_what_is_true_already(condition: str) -> None:
    assert main(["wait", "--for", condition]) == 0


@pytest.mark.usefixtures("mip")
def test_what_does_not_become_true(capsys: Captured) -> None:
    assert main(["wait", "--for", "home", "--timeout", "0.05"]) == 5
    assert capsys.readouterr().err == "mip: not home within 0.05 s\n"


@pytest.mark.usefixtures("mip")
def test_each_event_is_a_reason_to_look_again(daemon: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []

    def holds(_: object, condition: str) -> bool:
        looked.append(condition)
        if len(looked) == 1:
            daemon.publish(event="something")
        return len(looked) == 2

    monkeypatch.setattr(module, "_holds", holds)
    assert main(["wait"]) == 0
    assert looked == ["registered"] * 2


@pytest.mark.usefixtures("mip")
def test_a_daemon_that_ends_meanwhile(daemon: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    def holds(*_: object) -> bool:
        daemon.end_server()
        return False

    monkeypatch.setattr(module, "_holds", holds)
    assert main(["wait"]) == 3


@pytest.mark.usefixtures("mip")
def test_not_registered_is_not_registered(daemon: Running) -> None:
    daemon.backend.shown_registration = registration(registered=False)
    assert main(["wait", "--timeout", "0.01"]) == 5
    daemon.backend.shown_registration = None
    assert main(["wait", "--timeout", "0.01"]) == 4


# -- ends that people cause


@pytest.mark.usefixtures("mip")
def test_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "run", interrupt)
    assert main(["status"]) == 130


def test_a_reader_that_has_seen_enough(daemon: Running) -> None:
    for _ in range(3):
        daemon.publish(event="one")
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "mobileip.cli.main", "--socket", str(daemon.path), "events"]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("words", [["status"], ["-j", "binding"], ["events"]])
def test_a_reader_that_never_looks(
    words: list[str], daemon: Running, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """What was printed is in a buffer: it is written before the end, not by the interpreter behind it."""
    daemon.publish(event="one")
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as nobody:
        monkeypatch.setattr(sys, "stdout", nobody)
        assert main(["--socket", str(daemon.path), *words]) == 0
    assert capsys.readouterr().err == ""


def test_a_full_disk(daemon: Running, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert main(["--socket", str(daemon.path), "status"]) == 1
    assert capsys.readouterr().err == "mip: can't write: No space left on device\n"


def test_no_output_at_all(daemon: Running, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    """`mip status >&-`: the interpreter has no stdout then."""
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["--socket", str(daemon.path), "status"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("mip")
def test_a_feed_that_breaks_is_an_error(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ControlError("not_running", "the daemon went away")

    monkeypatch.setattr(module.ControlClient, "events", broken)
    assert main(["events"]) == 3
    assert capsys.readouterr().err == "mip: the daemon went away\n"


@pytest.mark.usefixtures("mip")
def test_waiting_ends_with_the_feed(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    def broken(*_: object) -> None:
        raise ControlError("not_running", "the daemon went away")

    for end, said in ((lambda *_: None, "the daemon ended"), (broken, "the daemon went away")):
        monkeypatch.setattr(EventStream, "next", end)
        assert main(["wait", "--for", "home"]) == 3
        assert capsys.readouterr().err == f"mip: {said}\n"


@pytest.mark.parametrize(
    ("word", "program"),
    [("lab", "mobileip.lab"), ("check", "mobileip.daemon.check"), ("gen", "mobileip.daemon.genkey")],
)
def test_programs_of_their_own(word: str, program: str, replaced: type[Exception]) -> None:
    with pytest.raises(replaced) as caught:
        main([word, "--help"])
    assert caught.value.args == (sys.executable, sys.executable, "-m", program, "--help")


@pytest.mark.parametrize("words", [["--version"], ["-j", "--version"], ["--version", "status"]])
def test_the_version_is_a_program_too(words: list[str], replaced: type[Exception]) -> None:
    with pytest.raises(replaced) as caught:
        main(words)
    assert caught.value.args == (sys.executable, sys.executable, "-m", "mobileip.control.version")


def test_it_is_a_program(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setattr(sys, "argv", ["mip", "--help"])
    monkeypatch.delitem(sys.modules, "mobileip.cli.main")
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("mobileip.cli.main", run_name="__main__")
    assert ended.value.code == 0
    assert "usage: mip" in capsys.readouterr().out


# -- links


@pytest.mark.usefixtures("mip")
@pytest.mark.parametrize(
    ("words", "told", "action"),
    [
        (["handover", "eth0"], "handover eth0", "handover"),
        (["handover", "auto"], "handover None", "handover"),
        (["link", "prefer", "eth0"], "prefer eth0", "prefer"),
        (["l", "p", "none"], "prefer None", "prefer"),
        (["link", "leaving", "eth0"], "leaving eth0", "leaving"),
        (["link", "leaving", "none"], "leaving none", "leaving"),
        (["link", "staying", "eth0"], "staying eth0", "staying"),
        (["link", "st", "eth0"], "staying eth0", "staying"),
        (["link", "resumed"], "resumed None", "resumed"),
    ],
)
def test_what_is_said_of_links(words: list[str], told: str, action: str, daemon: Running, capsys: Captured) -> None:
    assert main(words) == 0
    assert capsys.readouterr().out == f"{action}: done\n"
    assert main(["-j", *words]) == 0
    assert json.loads(capsys.readouterr().out) == {"done": action}
    assert daemon.backend.commands == [told, told]


@pytest.mark.usefixtures("mip")
def test_a_link_that_the_node_has_not(daemon: Running, capsys: Captured) -> None:
    daemon.backend.refusal = ErrorView(code="not_found", message="handover: eth9 is no link", hint="it has eth0")
    assert main(["handover", "eth9"]) == 4
    assert capsys.readouterr().err == "mip: handover: eth9 is no link (it has eth0)\n"
    assert main(["link", "show", "eth9"]) == 4
    assert capsys.readouterr().err == "mip: no link eth9\n"
    assert main(["handovers", "show", "eth9"]) == 4
    assert capsys.readouterr().err == "mip: no handover eth9\n"


@pytest.mark.usefixtures("mip")
@pytest.mark.parametrize("words", [["link", "prefer"], ["link", "leaving"], ["handover"], ["link", "eth0"]])
def test_a_link_has_to_be_named(words: list[str], daemon: Running, capsys: Captured) -> None:
    assert main(words) == 2
    assert capsys.readouterr().err
    assert daemon.backend.commands == []


@pytest.mark.usefixtures("mip")
def test_metrics_as_they_are_and_in_json(daemon: Running, capsys: Captured) -> None:
    assert main(["metrics"]) == 0
    assert capsys.readouterr().out == daemon.backend.metrics()
    assert main(["metrics", "-j"]) == 0
    assert json.loads(capsys.readouterr().out) == {"metrics": daemon.backend.metrics()}
