"""Figures from notes."""

from pathlib import Path

import pytest

from mobileip.lab.demo import measure
from mobileip.lab.demo.measure import Flow

# Ten packets, one each 20 ms, 5 ms under way; 3, 4 and 5 are lost.
FLOW = Flow(
    sent={number: number * 0.02 for number in range(10)},
    received={number: number * 0.02 + 0.005 for number in range(10) if number not in {3, 4, 5}},
    sources=frozenset({"10.1.0.10"}),
)


def test_losses_belong_to_the_time_when_they_were_sent() -> None:
    assert FLOW.lost(0.0, 1.0) == 3
    assert FLOW.lost(0.0, 0.08) == 1
    assert FLOW.lost(0.12, 1.0) == 0


def test_silence_is_the_longest_gap_between_arrivals() -> None:
    assert FLOW.silence(0.0, 0.185) == pytest.approx(0.08)


def test_silence_counts_up_to_both_ends() -> None:
    assert FLOW.silence(0.0, 0.5) == pytest.approx(0.5 - 0.185)
    assert FLOW.silence(-1.0, 0.185) == pytest.approx(1.005)
    assert FLOW.silence(0.05, 0.06) == pytest.approx(0.01)


def test_the_first_arrival_of_what_was_sent_later() -> None:
    assert FLOW.first_arrival(0.05) == pytest.approx(0.125)
    assert FLOW.first_arrival(0.2) is None


def test_notes_are_read_and_an_unfinished_line_is_left(tmp_path: Path) -> None:
    (tmp_path / "sent").write_text("0 1000000000\n1 1020000000\n2 10400")
    (tmp_path / "received").write_text("0 1005000000 10.1.0.10\n0 1006000000 10.1.0.10\n1 1025000000 10.1")
    flow = measure.read(tmp_path / "sent", tmp_path / "received")
    assert flow == Flow(sent={0: 1.0, 1: 1.02}, received={0: 1.005}, sources=frozenset({"10.1.0.10"}))


def test_no_notes_yet_is_nothing_sent(tmp_path: Path) -> None:
    assert measure.read(tmp_path / "sent", tmp_path / "received").sent == {}


def test_milliseconds_since() -> None:
    assert measure.milliseconds(2.5, 2.4) == 100.0
    assert measure.milliseconds(None, 2.4) is None
