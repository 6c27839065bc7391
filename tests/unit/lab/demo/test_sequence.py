"""The picture of a stream's packets."""

from xml.etree import ElementTree

import pytest

from mobileip.lab.demo.measure import Flow
from mobileip.lab.demo.sequence import AFTER, BEFORE, Change, draw

SVG = "{http://www.w3.org/2000/svg}"
MOVE = Change(label="home → foreign1", started=100.0, link_up=100.1, registered=100.15)


def flow(lost: range = range(0), late: float = 0.005) -> Flow:
    """A packet each 20 ms from 90 s to 110 s, whose numbers begin at 1000."""
    sent = {1000 + number: 90.0 + number * 0.02 for number in range(1000)}
    received = {number: at + late for number, at in sent.items() if number not in lost}
    return Flow(sent=sent, received=received, sources=frozenset({"10.1.0.10"}))


def circles(svg: str, kind: str) -> list[tuple[float, float]]:
    """Places of the dots of one kind, the legend's left out."""
    found = [each for each in ElementTree.fromstring(svg).iter(f"{SVG}circle") if each.get("r") == "2"]  # noqa: S314 - ours
    return [(float(c.get("cx", "")), float(c.get("cy", ""))) for c in found if c.get("class") == kind]


def test_each_packet_around_a_move_is_a_dot_and_the_lost_ones_are_red() -> None:
    gone = range(1500, 1507)
    svg = draw([MOVE], flow(gone), flow())
    number = int((BEFORE + AFTER) / 0.02)
    assert len(circles(svg, "lost")) == len(gone)
    assert len(circles(svg, "there")) == pytest.approx(number - len(gone), abs=1)
    assert len(circles(svg, "back")) == pytest.approx(number, abs=1)


def test_later_packets_stand_higher_and_what_comes_later_more_to_the_right() -> None:
    dots = circles(draw([MOVE], flow(), flow()), "there")
    assert dots == sorted(dots, key=lambda dot: (dot[0], -dot[1]))
    late = circles(draw([MOVE], flow(late=0.205), flow()), "there")
    assert late[0][0] > dots[0][0]
    assert late[0][1] == pytest.approx(dots[0][1], abs=3)


def test_the_moments_of_a_move_are_told() -> None:
    svg = draw([MOVE], flow(), flow())
    assert all(words in svg for words in ("1  home → foreign1", "unplugged", "link up 100 ms", "registered 150 ms"))
    unregistered = draw([Change(label="a & b", started=100.0, link_up=100.1, registered=None)], flow(), flow())
    assert "registered" not in unregistered
    assert "a &amp; b" in unregistered


def test_what_comes_after_the_panel_is_not_in_it() -> None:
    svg = draw([MOVE], flow(late=3.0), flow())
    assert circles(svg, "there") == []
    late = Change(label="x", started=100.0, link_up=100.1, registered=100.0 + AFTER + 1)
    assert "registered" not in draw([late], flow(), flow())


def test_panels_stand_side_by_side_and_below_one_another() -> None:
    svg = draw([MOVE] * 5, flow(), flow())
    places = [each.get("transform") for each in ElementTree.fromstring(svg).iter(f"{SVG}g")]  # noqa: S314 - ours
    assert len(set(places)) == 5
    assert draw([], flow(), flow()).endswith("</svg>\n")
