"""The generator of octets: it repeats itself, reaches what lies behind checks, and finds bugs that are there."""

import importlib.util
from collections.abc import Callable
from random import Random

import pytest
from tools.fuzz.__main__ import main
from tools.fuzz.generate import generate
from tools.fuzz.plain import Finding, examine, run
from tools.fuzz.target import Target
from tools.fuzz.targets import TARGETS

from mobileip.wire.errors import DecodeError, DecodeReason

NAMES = [target.name for target in TARGETS]


def _reads_too_far(octets: bytes) -> bytes:
    """Trusts a length."""
    if not octets:
        raise DecodeError(DecodeReason.TRUNCATED, 0, "nothing")
    if octets[0] and octets[octets[0]] == 0:
        raise DecodeError(DecodeReason.BAD_VALUE, octets[0], "zero")
    return octets


def _loses_reserved_bits(octets: bytes) -> bytes:
    """Breaks law 4 where a bit is set that no valid message of its own sets."""
    return octets[:1] + bytes(octet & 0x7F for octet in octets[1:])


PLANTED = {
    "IndexError": Target(name="planted", again=_reads_too_far, seeds=(b"\2\1\1\1",)),
    "NotTheSame": Target(name="planted", again=_loses_reserved_bits, seeds=(b"\2\1\1\1",)),
}


def test_nothing_is_found_in_two_thousand_inputs() -> None:
    outcome = run(TARGETS, seed=5944, count=2000)
    assert outcome.finding is None, outcome.finding.report()
    assert outcome.inputs.total() == 2000
    assert set(outcome.inputs) == set(NAMES)


@pytest.mark.parametrize("target", TARGETS, ids=NAMES)
def test_every_target_begins_with_octets_that_are_accepted(target: Target) -> None:
    assert examine(target, target.seeds[0]) is True


@pytest.mark.parametrize("target", TARGETS, ids=NAMES)
def test_some_inputs_are_accepted_and_every_target_that_refuses_refuses_some(target: Target) -> None:
    outcome = run([target], seed=1, count=300)
    assert outcome.finding is None, outcome.finding.report()
    assert outcome.accepted.total() > 0
    assert (outcome.accepted.total() < 300) is bool(target.refusals)


def test_the_same_seed_gives_the_same_inputs() -> None:
    first, second = (
        [generate(random, target) for target in TARGETS for _ in range(20)] for random in (Random(1), Random(1))
    )
    assert first == second
    assert len(set(first)) > 150


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_bug_is_found(kind: str) -> None:
    outcome = run([*TARGETS, PLANTED[kind]], seed=1, count=20_000)
    assert isinstance(outcome.finding, Finding)
    assert outcome.finding.target == "planted"
    assert type(outcome.finding.error).__name__ == kind
    again = examine(PLANTED[kind], outcome.finding.octets)
    assert isinstance(again, Finding)


def test_a_finding_is_told_with_all_that_repeats_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seed", "7", "--count", "5000"], [PLANTED["IndexError"]]) == 1
    told = capsys.readouterr().out
    assert "seed 7" in told.splitlines()[0]
    assert "IndexError" in told
    last = told.splitlines()[-1]
    assert last.startswith("BUG: decoder planted, octets ")
    assert "seed 7, input " in last
    digits = last.split("octets ")[1].split(",")[0]
    assert main(["--replay", "planted", digits], [PLANTED["IndexError"]]) == 1
    assert f"octets {digits}" in capsys.readouterr().out


def test_the_seed_is_told_when_it_was_not_given(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--count", "100"]) == 0
    told = capsys.readouterr().out
    assert f"100 inputs for {len(TARGETS)} decoders, seed " in told
    assert "nothing found" in told
    assert all(name in told for name in NAMES)


@pytest.mark.parametrize(("digits", "verdict"), [("0a00f5ff00000000", "accepted"), ("0a", "refused")])
def test_one_input_again(capsys: pytest.CaptureFixture[str], digits: str, verdict: str) -> None:
    assert main(["--replay", "discovery", digits]) == 0
    assert capsys.readouterr().out == f"fuzz: {verdict}\n"


def test_a_decoder_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--replay", "none", "00"]) == 2
    assert "message, control extensions" in capsys.readouterr().err


def test_progress_is_shown_on_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert main(["--seed", "1", "--count", "6000"]) == 0
    assert capsys.readouterr().err == "\r  0 % \r 83 % \r100 % \n"


def test_without_atheris_one_line_says_so(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec: Callable[..., object] = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "atheris" else find_spec(name))
    assert main(["--guided", "1"]) == 2
    assert capsys.readouterr().err == "fuzz: atheris is missing: tools/setup fuzz installs it\n"
