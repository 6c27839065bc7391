"""`mip doctor`: a daemon's findings, or those of a program that needs none."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.configuration import key_file
from tests.support.control import Running, running

from mobileip.cli import doctor
from mobileip.cli.main import main
from mobileip.control.client import ControlClient, ControlError

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "mipd.sock") as one:
        yield one


def test_findings_have_their_verdict_in_front_and_advice_below(daemon: Running, capsys: Captured) -> None:
    assert main(["--socket", str(daemon.path), "doctor"]) == 1
    assert capsys.readouterr().out.splitlines() == ["problem  ip_forward: it is off", "         -> switch it on"]


def test_for_programs(daemon: Running, capsys: Captured) -> None:
    assert main(["--socket", str(daemon.path), "doctor", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["findings"][0]["check"] == "ip_forward"


def test_the_worst_comes_last_where_it_is_seen() -> None:
    found = [{"verdict": v, "check": "c", "found": v} for v in ("new", "problem", "ok", "warning")]
    lines = doctor.page({"findings": found}).splitlines()
    assert [line.split()[0] for line in lines] == ["ok", "warning", "problem", "new"]
    assert doctor.page({}) == ""
    assert [doctor.exit_code({"verdict": v}) for v in ("ok", "warning", "problem")] == [0, 0, 1]


def test_an_answer_that_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(ControlClient, "get", lambda *_: [])
    with pytest.raises(ControlError, match="no doctor's"):
        doctor.view(ControlClient(tmp_path / "none"), None)


# -- without a daemon


class Alone:
    """Stands in for the program."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.words: list[str] = []
        self.result: Any = subprocess.CompletedProcess([], 0, b'{"verdict": "warning", "findings": []}', b"")
        patch.setattr(doctor.subprocess, "run", self.run)

    def run(self, words: list[str], **_: object) -> Any:
        self.words = words
        if isinstance(self.result, Exception):
            raise self.result
        return self.result

    def ends(self, code: int, output: bytes = b"", errors: bytes = b"") -> None:
        self.result = subprocess.CompletedProcess([], code, output, errors)


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Alone:
    return Alone(monkeypatch)


def test_it_is_asked_where_no_daemon_answers(alone: Alone, tmp_path: Path) -> None:
    assert main(["--run-dir", str(tmp_path), "doctor", "--config", "ha.toml"]) == 0
    why = f"no daemon answers at {tmp_path / 'mipd.sock'}"
    assert alone.words[1:] == ["-m", "mobileip.daemon.doctor_collect", "--why", why, "--config", "ha.toml"]
    assert main(["--run-dir", str(tmp_path), "doctor"]) == 0
    assert "--config" not in alone.words


def test_a_daemon_that_says_no_is_not_gone_round(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_: object) -> None:
        raise ControlError("forbidden", "may not")

    monkeypatch.setattr(ControlClient, "get", refuse)
    assert main(["--run-dir", str(tmp_path), "doctor"]) == 6


def test_what_can_go_wrong_with_it(alone: Alone, tmp_path: Path, capsys: Captured) -> None:
    words = ["--run-dir", str(tmp_path), "doctor", "--config", "x"]
    alone.ends(7, errors=b"mip: x: one\nmip: x: two\n")
    assert main(words) == 7
    assert capsys.readouterr().err == "mip: x: one; x: two\n"
    alone.ends(1)
    assert main(words) == 1
    assert "it says nothing" in capsys.readouterr().err
    alone.ends(0, b"[]")
    assert main(words) == 1
    alone.ends(0, b"{")
    assert main(words) == 1
    alone.result = subprocess.TimeoutExpired("doctor", 1.0)
    assert main(words) == 1
    assert "can't look without a daemon" in capsys.readouterr().err


def test_the_program_itself(tmp_path: Path, capsys: Captured) -> None:
    key_file(tmp_path)
    code = main(["--run-dir", str(tmp_path), "doctor", "--json"])
    view = json.loads(capsys.readouterr().out)
    assert code == (view["verdict"] == "problem")
    assert not view["daemon_running"]
