"""The command line, as far as it needs no root; the rest is in tests/netns/test_lab_lifecycle.py."""

import json
import os
from pathlib import Path

import pytest

from mobileip.lab import commands, netem, rootless, state, topology
from mobileip.lab.errors import NOT_PERMITTED, LabError


@pytest.fixture(autouse=True)
def own_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "ROOT", tmp_path)
    monkeypatch.setenv("PATH", os.environ["PATH"])  # put back after each test
    monkeypatch.delenv("MIP_LAB", raising=False)


def test_list_tells_topologies_and_labs(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main(["list"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in shown[:-1]] == topology.names()
    assert shown[-1] == "up: none"
    assert commands.main(["list", "-j"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert list(told["topologies"]) == topology.names()
    assert told["up"] == []


@pytest.mark.parametrize("name", topology.names())
def test_show_draws(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main(["show", name]) == 0
    shown = capsys.readouterr().out
    assert topology.load(name).drawing in shown
    for node in topology.load(name).nodes:
        assert f"\n{node} " in shown


def test_show_without_a_name_draws_the_main_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main(["show", "-j"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "roaming"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["show", "moon"], 4, "no such topology: moon"),
        (["move", "mn", "home"], 4, "no lab is up"),
        (["rebind", "nat"], 4, "no lab is up"),
        (["exec", "mn", "--", "true"], 4, "no lab is up"),
        (["exec", "--name", "moon", "mn", "--", "true"], 4, "no lab named moon"),
    ],
)
def test_what_is_not_there_has_its_exit_code(
    words: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.main(words) == code
    assert f"mip lab: {said}" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["dance"], ["move", "mn"], ["up", "--rp-filter", "3"]])
def test_wrong_usage_is_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        commands.main(words)
    assert caught.value.code == 2
    assert "usage: mip lab" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["up"], ["down"]])
def test_without_root_it_says_so(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert commands.main(words) == NOT_PERMITTED
    assert "needs root" in capsys.readouterr().err


def test_root_needs_no_user_namespace() -> None:
    if os.geteuid() == 0:
        rootless.become_root_of_ones_own(["demo"])


def test_without_root_the_demo_moves_into_a_user_namespace(monkeypatch: pytest.MonkeyPatch) -> None:
    become: list[tuple[str, list[str], dict[str, str]]] = []
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(rootless, "_try", lambda: None)
    monkeypatch.setattr(os, "execvpe", lambda *words: become.append(words))
    rootless.become_root_of_ones_own(["demo", "-j"])
    ((program, words, environment),) = become
    assert program == "unshare"
    assert words[-4:] == ["-m", "mobileip.lab", "demo", "-j"]
    assert environment["MIP_LAB_ROOTLESS"] == "1"


def test_where_that_is_not_allowed_it_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(rootless, "_try", lambda: "open: Permission denied")
    with pytest.raises(LabError, match=r"needs root .* here: open: Permission denied") as caught:
        rootless.become_root_of_ones_own(["demo"])
    assert caught.value.code == NOT_PERMITTED


def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(commands, "search_path", lambda: "/nowhere")
    netem.works.cache_clear()
    assert commands.main(["up", "minimal", "--name", "test-missing"]) == 1
    assert "mip lab: ip is missing" in capsys.readouterr().err
    netem.works.cache_clear()
