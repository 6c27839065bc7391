"""The soak's scenarios, short: some hundred handovers each under its faults, and no invariant is broken.

`make soak` goes on until there are a million of them.
"""

import json
from functools import cache
from pathlib import Path

import pytest

import soak
from mobileip.sim.invariants import InvariantBroken, Invariants

SCENARIOS = sorted(path.stem for path in soak.SCENARIOS.glob("*.toml"))
SECONDS = 45.0


@cache
def played(scenario: str) -> soak.Outcome:
    return soak.play(soak.Task(scenario, seed=1, duration=SECONDS))


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_no_invariant_is_broken(scenario: str) -> None:
    outcome = played(scenario)
    assert outcome.failure is None, f"{outcome.failure}; to see it again: {outcome.task.command}"
    assert outcome.handovers > 100
    assert outcome.checks > 10 * outcome.handovers
    assert outcome.messages > 4 * outcome.handovers


def test_the_scenarios_bring_every_kind_of_fault_and_attack() -> None:
    befell = set().union(*(played(name).befell for name in SCENARIOS))
    attacks = {f"attack_{kind}" for kind in ("replay", "forge", "reflect", "deny", "advertise", "flood")}
    assert befell >= {"reboot_home", "reboot_foreign", "reboot_mobile", "suspend", "clock_jump", *attacks}


def test_a_run_gives_the_same_figures_again() -> None:
    first, second = (soak.play(soak.Task("links", 7, 10.0)) for _ in range(2))
    assert first._replace(processor=0.0) == second._replace(processor=0.0)
    assert soak.play(soak.Task("links", 8, 10.0)).messages != first.messages


@pytest.mark.parametrize("error", [InvariantBroken("at 30 s, invariant 5: it is nowhere"), RuntimeError("a bug")])
def test_a_run_that_breaks_tells_how_to_see_it_again(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def broken(_: Invariants) -> None:
        raise error

    monkeypatch.setattr(Invariants, "check_convergence", broken)
    outcome = soak.play(soak.Task("links", 4, 10.0))
    assert str(error) in (outcome.failure or "")
    assert outcome.task.command == "mip simulate tools/soak_scenarios/links.toml --seed 4 --duration 10"


def test_all_that_was_run_is_counted(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "soak.json"
    words = ["links", "--handovers", "1", "--duration", "10", "--seed", "5", "--processes", "1", "--result", str(file)]
    assert soak.main(words) == soak.DONE
    result = json.loads(file.read_text())
    each = [soak.play(soak.Task("links", seed, 10.0)) for seed in (5, 6)]
    assert result["value"] == sum(outcome.handovers for outcome in each) > 1
    assert result["invariant_checks"] == sum(outcome.checks for outcome in each)
    assert (result["runs"], result["seeds"], result["violations"], result["baseline"]) == (2, [5, 6], 0, 1)
    assert "0 runs failed" in capfd.readouterr().out


def test_a_failure_is_an_exit_code_and_part_of_the_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file, task = tmp_path / "soak.json", soak.Task("storm", 9)
    outcome = soak.Outcome(task, 10, 50, 200, 60.0, 0.1, {"suspend": 1}, "at 3 s, invariant 1: a packet went astray")

    def failing(_: object, tally: soak.Tally) -> None:
        tally.add(outcome)
        soak.tell(outcome, tally)

    monkeypatch.setattr(soak, "soak", failing)
    assert soak.main(["--result", str(file)]) == soak.FAILED
    assert json.loads(file.read_text())["failures"] == [task.command]
    said = capsys.readouterr().err
    assert "storm, seed 9: at 3 s, invariant 1: a packet went astray" in said
    assert "mip simulate tools/soak_scenarios/storm.toml --seed 9" in said
