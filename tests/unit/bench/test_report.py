from pathlib import Path
from xml.etree import ElementTree as ET

from bench.dataplane import chart, report
from bench.dataplane.__main__ import CHART, RESULTS
from bench.dataplane.catalogue import Entry, everything
from bench.dataplane.pairing import summarize
from rich.console import Console

TCP = summarize("tcp.vxlan", "Gbit/s", [(8.0, 16.0), (10.0, 16.0)])
PPS = summarize("pps.vxlan", "packets/s", [(120_000.0, 200_000.0)])


def words(drawing: str) -> list[str]:
    root = ET.fromstring(drawing)  # noqa: S314 - our own drawing
    return [element.text or "" for element in root.iter() if element.tag.endswith("text")]


def test_results_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    report.write([TCP, PPS], tmp_path / "new" / "results.json")
    assert report.read(tmp_path / "new" / "results.json") == [TCP, PPS]


def test_the_table_says_value_baseline_ratio_and_spread() -> None:
    console = Console(width=96, record=True)
    console.print(report.table([TCP]))
    line = console.export_text().splitlines()[-1].split()
    assert line == ["tcp.vxlan", "9", "Gbit/s", "16", "0.56", "0.50", "-", "0.62"]


def test_the_chart_shows_what_was_measured_and_nothing_else() -> None:
    shown = words(chart.draw([TCP, PPS]))
    assert "0.56 · 9 Gbit/s" in shown
    assert "0.60 · 120 k/s" in shown
    assert shown.count("kernel vxlan") == 2  # its row, and the legend
    assert not any("GRE" in text for text in shown)


def test_the_chart_has_a_row_for_everything_that_can_be_measured() -> None:
    rows = {row.subject for _, rows in chart.groups() for row in rows}
    assert rows == {entry.subject for entry in everything() if isinstance(entry, Entry)}


def test_the_chart_of_the_documentation_is_that_of_the_results() -> None:
    assert CHART.read_text(encoding="utf-8") == chart.draw(report.read(RESULTS))
