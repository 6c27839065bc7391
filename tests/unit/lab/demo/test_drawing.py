"""The drawing and the table of a result."""

from xml.etree import ElementTree

import msgspec
import pytest

from mobileip.lab import topology
from mobileip.lab.demo import drawing, table
from mobileip.lab.demo.phases import PHASES, Download, Phase, Result

NAMESPACE = {"svg": "http://www.w3.org/2000/svg"}


def phase(number: int) -> Phase:
    step = PHASES[number]
    return Phase(
        origin=step.origin,
        network=step.network,
        care_of=step.care_of,
        link_up_ms=104.0,
        agent_heard_ms=None if step.care_of == "colocated" else 112.5,
        reply_ms=140.0,
        first_packet_ms=151.0,
        lost=8,
        silence_ms=171.2,
        tunnel=None if step.care_of == "home" else "ipip",
        reverse_tunnel=step.care_of == "colocated",
    )


RESULT = Result(
    engine="userspace",
    phases=tuple(phase(number) for number in range(len(PHASES))),
    download=Download(complete=True, checksum_equal=True, octets=16 << 20),
    verdict="pass",
)


def test_the_phases_go_round_through_all_networks() -> None:
    assert [step.network for step in PHASES] == ["foreign1", "foreign2", "visited", "behind", "home"]
    assert [step.origin for step in PHASES] == ["home", "foreign1", "foreign2", "visited", "behind"]
    assert {step.network for step in PHASES} == set(topology.load("roaming").networks)
    assert [step.network for step in PHASES if step.silent] == ["foreign2"]


def test_the_file_has_the_names_that_readers_know() -> None:
    written = msgspec.json.decode(msgspec.json.encode(RESULT))
    assert set(written) == {"engine", "phases", "download", "verdict"}
    assert list(written["phases"][0]) == [
        "from", "to", "care_of", "link_up_ms", "agent_heard_ms", "reply_ms", "first_packet_ms", "lost", "silence_ms",
        "tunnel", "reverse_tunnel",
    ]  # fmt: skip
    assert set(written["download"]) == {"complete", "checksum_equal", "octets"}


def test_a_panel_for_each_phase() -> None:
    root = ElementTree.fromstring(drawing.draw(RESULT))  # noqa: S314 - our own text
    captions = [text.text for text in root.findall(".//svg:text[@class='caption']", NAMESPACE)]
    assert captions == [
        "1  home → foreign1, foreign agent",
        "2  foreign1 → foreign2, foreign agent",
        "3  foreign2 → visited, co-located",
        "4  visited → behind, co-located",
        "5  behind → home, at home",
    ]
    # Away there is one tunnel, at home none; the legend shows one more, as a line.
    assert len(root.findall(".//svg:polyline[@class='tunnel']", NAMESPACE)) == 4


def test_everything_lies_on_the_sheet() -> None:
    root = ElementTree.fromstring(drawing.draw(RESULT))  # noqa: S314 - our own text
    for line in root.findall(".//svg:polyline", NAMESPACE):
        for point in (line.get("points") or "").split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= 690
            assert 0 <= y <= 356


def test_a_row_stands_under_its_heading() -> None:
    rows = [table.heading(), *(table.row(one) for one in RESULT.phases)]
    assert len({len(row) for row in rows}) == 1
    assert rows[1].split("  ")[0] == "home → foreign1 (foreign agent)"
    assert "-" in rows[3]


@pytest.mark.parametrize(("complete", "word"), [(True, "complete"), (False, "not complete")])
def test_the_drawing_says_how_the_download_went(*, complete: bool, word: str) -> None:
    result = msgspec.structs.replace(RESULT, download=Download(complete=complete, checksum_equal=True, octets=0))
    assert f"curl, {word}," in drawing.draw(result)
