import itertools
import json
import subprocess
import sys
from pathlib import Path

import pytest

from mobileip.cli.main import PROGRAMS
from mobileip.sim import commands
from mobileip.sim.commands import main
from mobileip.sim.invariants import InvariantBroken, Invariants
from mobileip.sim.scenario import shipped

QUICK = ["--nodes", "2", "--duration", "5"]


def stopwatch() -> float:
    return next(TIMES)


TIMES = itertools.count()


def run(*words: str) -> int:
    return main(words, stopwatch)


def test_a_scenario_that_ships_runs_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("roaming", *QUICK) == 0
    shown = capsys.readouterr().out
    assert "2 mobile nodes" in shown
    assert "none broken" in shown


def test_a_file_runs_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('title = "mine"\nduration = 3.0\ncalm = 2.0\n')
    assert run(str(file), "--json", "--seed", "9") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["scenario"] | {"title": "mine", "seed": 9} == found["scenario"]
    assert found["scenario"]["simulated_seconds"] == 5.0


def test_drawings_and_captures_are_written(tmp_path: Path) -> None:
    svg, pcap = tmp_path / "a.svg", tmp_path / "a.pcap"
    assert run("roaming", *QUICK, "--svg", str(svg), "--pcap", str(pcap), "--window", "0", "3") == 0
    assert svg.read_text().startswith("<svg")
    assert pcap.stat().st_size > 1000


def test_a_capture_alone(tmp_path: Path) -> None:
    pcap = tmp_path / "a.pcap"
    assert run("roaming", *QUICK, "--pcap", str(pcap)) == 0
    assert pcap.stat().st_size > 1000


def test_what_ships_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--list") == 0
    shown = capsys.readouterr().out
    assert all(f"mip simulate {name}\n" in shown for name in shipped())
    assert "[foreign agent]  [attacker]" in shown
    assert run("--list", "--json") == 0
    assert set(json.loads(capsys.readouterr().out)) == set(shipped())


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "which scenario?"),
        (["nowhere"], "scenarios that come with it: attack, city"),
        (["roaming", "--nodes", "0"], "mobile.nodes: 0 is not from 1"),
        (["roaming", "--duration", "-1"], "duration: -1 s"),
    ],
)
def test_wrong_usage_is_explained(words: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*words) == 2
    assert complaint in capsys.readouterr().err


def test_a_broken_invariant_tells_how_to_see_it_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def broken(_self: Invariants) -> None:
        raise InvariantBroken("at 5 s, invariant 5: all is lost")

    monkeypatch.setattr(Invariants, "check_convergence", broken)
    svg = tmp_path / "a.svg"
    assert run("roaming", *QUICK, "--seed", "17", "--svg", str(svg)) == 1
    told = capsys.readouterr().err
    assert "invariant 5: all is lost" in told
    assert f"seed 17; to see it again: mip simulate roaming --nodes 2 --duration 5 --seed 17 --svg {svg}" in told
    assert svg.read_text().startswith("<svg")
    assert run("lossy", *QUICK) == 1
    assert "mip simulate lossy --nodes 2 --duration 5 --seed 1\n" in capsys.readouterr().err


def test_whatever_an_agent_raises_is_told_with_the_seed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_self: Invariants, _some: int) -> None:
        raise KeyError("an agent's own mistake")

    monkeypatch.setattr(Invariants, "check_tables", broken)
    assert run("roaming", *QUICK) == 1
    told = capsys.readouterr().err
    assert "an agent's own mistake" in told
    assert "seed 1; to see it again" in told


def test_a_plan(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    svg = tmp_path / "plan.svg"
    assert run("plan", "--nodes", "20,10", "--duration", "20", "--svg", str(svg)) == 0
    shown = capsys.readouterr().out
    assert "Ten thousand nodes" in shown
    assert "1,000,000" in shown
    assert svg.read_text().startswith("<svg")
    assert run("plan", "city", "--nodes", "10", "--duration", "20", "--json") == 0
    assert [load["nodes"] for load in json.loads(capsys.readouterr().out)["loads"]] == [10, 1_000_000]


def test_a_plan_that_fails(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(_self: Invariants) -> None:
        raise InvariantBroken("all is lost")

    monkeypatch.setattr(Invariants, "check_convergence", broken)
    assert run("plan", "--nodes", "10", "--duration", "5") == 1
    assert "all is lost" in capsys.readouterr().err


@pytest.mark.parametrize("sizes", ["0", "ten", ""])
def test_sizes_are_numbers(sizes: str) -> None:
    with pytest.raises(SystemExit) as raised:
        run("plan", "--nodes", sizes)
    assert raised.value.code == 2


def test_an_interruption_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_self: commands.Command) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(commands.Command, "run", interrupted)
    assert run("roaming") == 130


def test_a_file_that_can_not_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("roaming", *QUICK, "--pcap", str(tmp_path / "no" / "a.pcap")) == 1
    assert "No such file" in capsys.readouterr().err


def test_mip_simulate_starts_it() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", PROGRAMS["simulate"], "--list"], capture_output=True, text=True, check=True
    )
    assert "mip simulate roaming" in shown.stdout
    assert shown.stderr == ""


def test_a_reader_that_has_seen_enough_is_no_failure() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "mobileip.sim", "--list"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        program.stdout.close()
        assert program.stderr.read() == b""
        assert program.wait() == 0
