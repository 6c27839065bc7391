"""Reverse tunnels through the true foreign agent to the true home agent: all three agree on what they are."""

from typing import Any

import pytest
from tests.support.messages import HOME_ADDRESS, HOME_AGENT
from tests.support.village import CARE_OF, VISITED1, Village

from mobileip.agents.foreign.config import ReverseTunnels as Offered
from mobileip.agents.home.config import ReverseTunnels
from mobileip.agents.mobile.config import Delivery, ReverseTunnelling
from mobileip.agents.notices import RequestAmended
from mobileip.forwarding.model import MobileRoute, ReverseExit, ReverseTunnel, VisitorReverse, Wish
from mobileip.forwarding.tunnel import Encapsulation


def visiting(home: dict[str, Any] | None = None, foreign: dict[str, Any] | None = None, **mobile: Any) -> Village:
    allowing = {"reverse_tunnel": ReverseTunnels.ALLOWED, "encapsulations": tuple(Encapsulation)} | (home or {})
    offering = {"reverse_tunnel": Offered.OFFERED, "encapsulations": tuple(Encapsulation)} | (foreign or {})
    village = Village(home=allowing, foreign=offering, mobile={"reverse_tunnel": ReverseTunnelling.AUTO} | mobile)
    village.plug(VISITED1)
    village.run(3)
    assert village.mobile_node.snapshot().state == "registered"
    return village


def wish(village: Village, name: str, kind: type[Wish]) -> Any:
    wishes = village.machines[name].agent.forwarding().wishes.values()
    return next((each for each in wishes if isinstance(each, kind)), None)


def test_direct_delivery() -> None:
    village = visiting()
    assert wish(village, "mobile", ReverseTunnel) is None
    assert wish(village, "mobile", MobileRoute).segment_size is None
    reverse = wish(village, "foreign1", VisitorReverse)
    assert (reverse.tunnel.local, reverse.tunnel.remote, reverse.delivery) == (CARE_OF[1], HOME_AGENT, None)
    assert wish(village, "home", ReverseExit).tunnel.remote == CARE_OF[1]


@pytest.mark.parametrize("encapsulation", Encapsulation)
def test_encapsulating_delivery(encapsulation: Encapsulation) -> None:
    village = visiting(delivery=Delivery.ENCAPSULATING, encapsulation=encapsulation)
    ours = wish(village, "mobile", ReverseTunnel).tunnel
    theirs = wish(village, "foreign1", VisitorReverse).delivery
    assert ours.local == theirs.remote == HOME_ADDRESS
    assert ours.remote == theirs.local
    assert ours.encapsulation is theirs.encapsulation is encapsulation


def test_a_delivery_style_that_is_unknown_there() -> None:
    village = visiting(foreign={"encapsulating_delivery": False}, delivery=Delivery.ENCAPSULATING)
    assert len(village.told(RequestAmended)) == 1
    assert wish(village, "mobile", ReverseTunnel) is None
    assert wish(village, "foreign1", VisitorReverse) is not None


@pytest.mark.parametrize(
    ("home", "foreign"),
    [
        ({"reverse_tunnel": ReverseTunnels.REFUSED}, {}),
        ({}, {"reverse_tunnel": Offered.OFF}),
        ({"encapsulations": (Encapsulation.IPIP,)}, {}),
    ],
)
def test_what_one_of_them_lacks(home: dict[str, Any], foreign: dict[str, Any]) -> None:
    village = visiting(home, foreign, encapsulation=Encapsulation.GRE)
    is_there = "reverse_tunnel" not in {**home, **foreign}
    assert (wish(village, "foreign1", VisitorReverse) is not None) is is_there
    assert (wish(village, "mobile", MobileRoute).segment_size is None) is is_there


def test_demanded_by_the_home_agent_and_not_advertised() -> None:
    village = Village(
        home={"reverse_tunnel": ReverseTunnels.REQUIRED},
        foreign={"reverse_tunnel": Offered.OFF},
        mobile={"reverse_tunnel": ReverseTunnelling.AUTO},
    )
    village.plug(VISITED1)
    village.run(20)
    assert village.mobile_node.snapshot().state == "denied"
    assert len(village.told(RequestAmended)) == 1
