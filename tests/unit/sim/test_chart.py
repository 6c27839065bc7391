from ipaddress import IPv4Address
from xml.etree import ElementTree as ET

import pytest
from tests.support.messages import registration_reply, registration_request, signed
from tests.support.simulated import Stage

from mobileip.sim import chart
from mobileip.sim.chart import Chart, describe
from mobileip.sim.network import Passage
from mobileip.sim.packet import ADVERTISEMENT, OTHER, REPLY, REQUEST, SOLICITATION, Packet, announcement
from mobileip.wire.agent_discovery import AgentSolicitation, encode_icmp

ADDRESS = IPv4Address("10.0.0.1")


def packet(kind: str, payload: bytes = b"", attack: str | None = None) -> Packet:
    return Packet(kind=kind, payload=payload, source=ADDRESS, destination=ADDRESS, attack=attack)


@pytest.mark.parametrize(
    ("shown", "label", "style"),
    [
        (packet(REQUEST, signed(registration_request(lifetime=60))), "request 60 s at 192.0.2.2", "request"),
        (packet(REQUEST, signed(registration_request(lifetime=0))), "deregistration", "request"),
        (packet(REQUEST, signed(registration_request()), "forge"), "forge: request 1800 s at 192.0.2.2", "attack"),
        (packet(REQUEST, b"\x01"), "request (malformed)", "discovery"),
        (packet(REPLY, signed(registration_reply(lifetime=60))), "reply: accepted, 60 s", "reply"),
        (packet(REPLY, signed(registration_reply(code=133))), "reply: 133 ha identification mismatch", "denied"),
        (packet(REPLY, signed(registration_reply(code=250))), "reply: 250", "denied"),
        (packet(ADVERTISEMENT, encode_icmp(AgentSolicitation())), "advertisement", "discovery"),
        (packet(SOLICITATION), "solicitation", "discovery"),
        (packet(OTHER), "other", "discovery"),
        (announcement(ADDRESS), "gratuitous arp", "discovery"),
    ],
)
def test_an_arrow_says_what_it_is(shown: Packet, label: str, style: str) -> None:
    assert describe(shown) == (label, style)


def charted(stage: Stage, **how: object) -> Chart:
    drawn = Chart(**how)
    stage.run(2.5)
    stage.world.network.tap = drawn.pass_on
    stage.go("foreign1", seconds=5.0)
    return drawn


def test_a_registration_is_drawn() -> None:
    drawn = charted(Stage())
    assert [(a.sender, a.receiver, a.label.split()[0].rstrip(":")) for a in drawn.arrows] == [
        ("mobile0", "foreign1", "solicitation"),
        ("foreign1", "mobile0", "advertisement"),
        ("mobile0", "foreign1", "request"),
        ("foreign1", "home", "request"),
        ("home", "foreign1", "reply"),
        ("foreign1", "mobile0", "reply"),
    ]
    svg = drawn.draw("A <title>")
    root = ET.fromstring(svg)  # noqa: S314 - our own drawing
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[0] == "A <title>"
    assert {"mobile0", "foreign1", "home", "reply: accepted, 300 s"} < set(texts)
    assert "6 control messages; seconds at the left" in texts


def test_multicast_advertisements_are_shown_when_asked_for() -> None:
    labels = [a.label for a in charted(Stage(), advertisements=True).arrows]
    assert any("multicast" in label for label in labels)


def test_only_the_window_is_drawn() -> None:
    assert charted(Stage(), start=3.5, end=3.6).arrows == []


def test_what_is_lost_ends_in_a_cross() -> None:
    drawn = charted(Stage(access={"loss": 1.0}))
    assert all(arrow.lost for arrow in drawn.arrows)
    assert 'class="arrow lost"' in drawn.draw("")


def test_a_broadcast_is_one_arrow() -> None:
    drawn, arp = Chart(), announcement(ADDRESS)
    for receiver in ("b", "c"):
        drawn.pass_on(Passage("a", receiver, "link", arp, 0.0, 1.0))
    assert len(drawn.arrows) == 1


def test_long_silence_is_a_gap() -> None:
    drawn = Chart()
    for at in (0.0, 10.0):
        drawn.pass_on(Passage("a", "b", "link", packet(OTHER), at, at))
    assert drawn.draw("").count('class="quiet"') == 1


def test_too_many_are_not_drawn_but_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chart, "MOST_ARROWS", 3)
    monkeypatch.setattr(chart, "MOST_LANES", 3)
    drawn = Chart()
    for receiver in ("b", "c", "d", "e", "f"):
        drawn.pass_on(Passage("a", receiver, "link", packet(OTHER), 0.0, 1.0))
    assert "2 control messages, 3 more are not shown" in drawn.draw("")


def test_nothing_can_be_drawn_too() -> None:
    assert "0 control messages" in Chart().draw("")
