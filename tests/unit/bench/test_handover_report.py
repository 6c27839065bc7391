"""Verdicts, the table, and the file that keeps results."""

import io
from pathlib import Path

import msgspec
import pytest
from bench.handover import report
from bench.handover.combinations import Kind, Part
from bench.handover.evaluate import Stream, Way
from bench.handover.results import Handover, Lab, Result, results
from bench.handover.verdict import broken
from rich.console import Console

MS = 1_000_000
LAB = Lab(
    worst_added_ms=1.5, late=(), sender_late_ms=0.5, idle_percent=40.0, drops={}, ours={"fa1.daemon.no_visitor": 1}
)


def measured(kind: Kind = Kind.MAKE_BEFORE_BREAK, without: tuple[int, ...] = (), lab: Lab = LAB) -> list[Result]:
    """Two handovers, there and back, of a stream of 50/s both ways; what is sent up and is in `without` is lost."""
    sent = [number * 20 * MS for number in range(200)]
    ways = [
        Stream(
            way=way,
            interval=20 * MS,
            sent=sent,
            numbers=[number for number in range(200) if way is Way.DOWN or number not in without],
            times=[at + 4 * MS for number, at in enumerate(sent) if way is Way.DOWN or number not in without],
        )
        for way in Way
    ]
    handovers = [
        Handover(name=name, left=at * MS, began=at * MS, done=(at + 10) * MS)
        for name, at in (("fa-home", 1000), ("home-fa", 2500))
    ]
    part = Part(kind, "home-fa", 1, "ebpf")
    return list(results(part, ("fa-home", "home-fa"), handovers, 4000 * MS, streams=ways, lab=lab))


def test_each_direction_has_its_own_handovers() -> None:
    there, back = measured(without=(130, 131))
    assert there.name == "make_before_break.fa-home.1ms.50pps"
    assert back.name == "make_before_break.home-fa.1ms.50pps"
    assert (there.engine, there.runs, there.lost, there.broken) == ("ebpf", 1, 0, [])
    assert (back.runs, back.lost, back.lost_up, back.lost_down) == (1, 2, 2, 0)
    assert back.broken == ["lost 2", "silent for 60 ms"]
    assert back.lost_at_ms == {"up": [100.0, 120.0], "down": []}
    assert back.mos < there.mos
    assert there.drops == {"fa1.daemon.no_visitor": 1}


def test_a_handover_after_which_nothing_comes_counts_as_its_whole_window() -> None:
    _, back = measured(Kind.BREAK_BEFORE_MAKE, without=tuple(range(125, 200)))
    assert back.never_came == 1
    assert back.first_packet_ms_median == 1500.0
    assert back.first_down_ms_median < 50.0
    assert "first packet after 1500 ms" in back.broken


@pytest.mark.parametrize(
    ("kind", "changes", "words"),
    [
        (Kind.MAKE_BEFORE_BREAK, {"silence_ms_max": 40.0}, []),
        (Kind.MAKE_BEFORE_BREAK, {"silence_ms_max": 41.0}, ["silent for 41 ms"]),
        (Kind.MAKE_BEFORE_BREAK, {"silence_ms_max": 41.0, "path_difference_ms": 2.0}, []),
        (Kind.MAKE_BEFORE_BREAK, {"reordered_ms_max": 6.0}, ["reordered by 6 ms"]),
        (Kind.MAKE_BEFORE_BREAK, {"reordered_ms_max": 6.0, "path_difference_ms": 2.0}, []),
        (Kind.MAKE_BEFORE_BREAK, {"duplicates_outside": 1}, ["duplicates outside the change"]),
        (
            Kind.MAKE_BEFORE_BREAK,
            {"lost": 2, "lab_drops": {"wire.home.overflowed": 5}},
            ["lost 2 (the laboratory dropped 5)"],
        ),
        (Kind.BREAK_BEFORE_MAKE, {"lost": 9, "silence_ms_max": 900.0}, []),
        (Kind.BREAK_BEFORE_MAKE, {"first_packet_ms_median": 32.0, "first_packet_ms_p99": 72.0}, []),
        (
            Kind.BREAK_BEFORE_MAKE,
            {"first_packet_ms_median": 33.0, "first_packet_ms_p99": 40.0},
            ["first packet after 33 ms"],
        ),
        (Kind.BREAK_BEFORE_MAKE, {"first_packet_ms_p99": 73.0}, ["first packet (p99) after 73 ms"]),
        (Kind.BREAK_BEFORE_MAKE, {"latest_duplicate_ms": 2001.0}, ["duplicates outside the change"]),
    ],
)
def test_what_has_to_hold(kind: Kind, changes: dict[str, object], words: list[str]) -> None:
    """At 50/s, with 1 ms to the home agent."""
    assert broken(kind, 50, 1, msgspec.structs.replace(measured()[0], **changes)) == words


def test_results_are_kept_in_place_of_those_of_their_names(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    there, back = measured()
    report.write([there, back], file)
    report.write([msgspec.structs.replace(back, lost=7), msgspec.structs.replace(back, engine="userspace")], file)
    rows = msgspec.json.decode(file.read_bytes())
    found = {(one["name"], one["engine"]): one["lost"] for one in rows}
    assert found == {(there.name, "ebpf"): 0, (back.name, "ebpf"): 7, (back.name, "userspace"): 0}
    required = {"name", "runs", "lost", "silence_ms_median", "silence_ms_max", "mos", "engine"}
    assert all(required <= set(one) for one in rows)


def test_results_of_an_older_bench_stay(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    file.write_text('[{"name": "old", "engine": "ebpf", "lost": 3}]')
    report.write(measured()[:1], file)
    assert [one["lost"] for one in msgspec.json.decode(file.read_bytes())] == [3, 0]


def test_the_table_fits_a_page_and_the_notes_name_the_drops() -> None:
    found = measured(without=(130,), lab=msgspec.structs.replace(LAB, drops={"wire.home.overflowed": 3}))
    page = io.StringIO()
    Console(width=report.WIDTH, file=page).print(report.table(found))
    text = page.getvalue()
    assert "make-break.home-fa.1ms.50pps" in text
    assert max(map(len, text.splitlines())) <= report.WIDTH
    notes = "\n".join(report.notes(found))
    assert "make_before_break.1ms ebpf, drops: fa1.daemon.no_visitor 1" in notes
    assert "wire.home.overflowed 3" in notes
    assert "lost packets had left so many ms after the change began: up: 100.0" in notes
