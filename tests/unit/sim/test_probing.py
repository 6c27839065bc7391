from ipaddress import IPv4Address

import pytest
from tests.support.simulated import Stage

from mobileip.agents.notices import PathNoticed
from mobileip.agents.outputs import Departure, SendProbe
from mobileip.sim.packet import ECHO
from mobileip.sim.probing import IDENTIFIER, REMEMBERED, Prober
from mobileip.sim.world import MOBILE_LINK
from mobileip.wire.ip.icmp import echo
from mobileip.wire.ip.ipv4 import PROTOCOL_ICMP, Ipv4Packet, encode_ipv4


def prober(stage: Stage) -> Prober:
    return Prober("mobile0", stage.world.network, stage.node.host.ports)


def probe(stage: Stage, number: int = 1) -> SendProbe:
    departure = Departure(
        interface=MOBILE_LINK, source=stage.node.home_address, destination=stage.node.home_agent.address
    )
    return SendProbe(departure=departure, number=number)


def answer(
    stage: Stage, number: int = 1, *, identifier: int = IDENTIFIER, request: bool = False, source: str = ""
) -> bytes:
    return encode_ipv4(
        Ipv4Packet(
            source=IPv4Address(source) if source else stage.node.home_agent.address,
            destination=stage.node.home_address,
            protocol=PROTOCOL_ICMP,
            payload=echo(request, identifier, number, b""),
        )
    )


@pytest.mark.parametrize("place", ["foreign1", "plain1"])
@pytest.mark.parametrize("reverse_tunnel", [False, True])
def test_the_home_agent_answers_through_the_simulated_network(place: str, reverse_tunnel: bool) -> None:
    stage = Stage(plain={"networks": 1}, mobile={"reverse_tunnel": reverse_tunnel})
    stage.tap()
    stage.go(place)
    assert [notice.state for notice in stage.watch.told(PathNoticed)] == ["verified"]
    probes = [p for p in stage.passages if (p.sender, p.link, p.packet.kind) == ("mobile0", place, ECHO)]
    assert len(probes) == 1
    mobile = stage.node.host.node.mobile
    assert mobile is not None
    (link,) = mobile.snapshot().links
    # There and back over a link (2 ms) and the core (10 ms); a virtual wire is exact.
    assert link.delay == pytest.approx(0.024)


def test_what_is_not_plugged_in_sends_none() -> None:
    stage = Stage()
    found = prober(stage)
    assert found.send(probe(stage)) is None
    assert found.answered(answer(stage)) is None


def test_an_answer_counts_once() -> None:
    stage = Stage()
    stage.go("foreign1")
    found = prober(stage)
    assert found.send(probe(stage)) is not None
    assert found.answered(answer(stage)) == (MOBILE_LINK, 1)
    assert found.answered(answer(stage)) is None


@pytest.mark.parametrize(
    "stray", [{"identifier": 1}, {"number": 2}, {"request": True}, {"source": "192.0.2.1"}], ids=lambda s: next(iter(s))
)
def test_what_answers_none_of_ours_is_none(stray: dict[str, object]) -> None:
    stage = Stage()
    stage.go("foreign1")
    found = prober(stage)
    found.send(probe(stage))
    assert found.answered(answer(stage, **stray)) is None  # type: ignore[arg-type]


def test_other_packets_answer_nothing() -> None:
    stage = Stage()
    other = encode_ipv4(Ipv4Packet(source=IPv4Address(1), destination=IPv4Address(2), protocol=17, payload=bytes(8)))
    assert prober(stage).answered(other) is None


def test_no_more_than_so_many_are_remembered() -> None:
    stage = Stage()
    stage.go("foreign1")
    found = prober(stage)
    for number in range(1, REMEMBERED + 2):
        found.send(probe(stage, number))
    assert found.answered(answer(stage, 1)) is None
    assert found.answered(answer(stage, 2)) == (MOBILE_LINK, 2)
