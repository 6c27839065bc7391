"""Whole conversations: the mobile node with real home and foreign agents, in virtual time."""

import itertools

import pytest
from tests.support.messages import HOME_ADDRESS
from tests.support.village import CAFE, CAFE_ADDRESS, CARE_OF, HOME, LATENCY, VISITED1, VISITED2, Village

from mobileip.agents.events import DeregisterCommanded, RegisterCommanded, Stopping
from mobileip.agents.notices import ClockCorrected, Discarded, Registered, RegistrationDenied
from mobileip.agents.outputs import Output, SendMessage

WANTED = {HOME: None, VISITED1: CARE_OF[1], VISITED2: CARE_OF[2], CAFE: CAFE_ADDRESS.ip}


def bound_to(village: Village) -> object:
    """The care-of address that the home agent has, None for none."""
    bindings = village.home_agent.snapshot().bindings
    return bindings[0].care_of_address if bindings else None


def settled(village: Village, network: str) -> None:
    """Everybody agrees on where the mobile node is."""
    snapshot = village.mobile_node.snapshot()
    assert snapshot.state == ("at_home" if network == HOME else "registered")
    assert bound_to(village) == WANTED[network]
    assert snapshot.registration is not None
    assert snapshot.registration.care_of_address == (WANTED[network] or HOME_ADDRESS)
    for number, agent in village.foreign_agents.items():
        visitors = [visitor.home_address for visitor in agent.snapshot().visitors]
        if network == (VISITED1, VISITED2)[number - 1]:
            assert visitors == [HOME_ADDRESS]


def move(village: Village, network: str) -> None:
    village.plug(network)
    if network == CAFE:
        village.run(0.8)
        village.dhcp()
    village.run(2)
    settled(village, network)


@pytest.mark.parametrize(("origin", "destination"), list(itertools.permutations((HOME, VISITED1, VISITED2, CAFE), 2)))
def test_every_move(origin: str, destination: str) -> None:
    village = Village()
    move(village, origin)
    village.run(20)
    move(village, destination)


def test_a_round_trip() -> None:
    village = Village()
    for network in (HOME, VISITED1, VISITED2, CAFE, HOME, CAFE, VISITED2, VISITED1, HOME):
        move(village, network)
        village.run(7)
    assert not village.told(RegistrationDenied)
    assert not village.told(Discarded)


@pytest.mark.parametrize("network", [HOME, VISITED1])
def test_registered_within_a_few_messages_of_the_carrier(network: str) -> None:
    """Solicitation, advertisement, request (relayed twice), reply (relayed twice): nothing waits for a timer."""
    village = Village()
    village.run(5)
    village.plug(network)
    begin = village.now
    village.run(1)
    messages = 4 if network == HOME else 6
    assert village.told(Registered)[0] - begin == pytest.approx(messages * LATENCY)


@pytest.mark.parametrize(("origin", "destination"), list(itertools.permutations((HOME, VISITED1, VISITED2), 2)))
def test_silent_replug_is_noticed_with_the_next_advertisement(origin: str, destination: str) -> None:
    village = Village()
    move(village, origin)
    village.run(10)
    village.plug(destination, silently=True)
    village.run(1.2)
    settled(village, destination)


def test_silent_replug_to_the_cafe() -> None:
    village = Village()
    move(village, VISITED1)
    village.run(10)
    village.plug(CAFE, silently=True)
    village.run(4)
    village.dhcp()
    village.run(1)
    settled(village, CAFE)


@pytest.mark.parametrize("network", [HOME, VISITED1, CAFE])
@pytest.mark.parametrize("ahead", [3600.0, -3600.0])
def test_wrong_clock(network: str, ahead: float) -> None:
    village = Village()
    village.machines["mobile"].ntp_ahead = ahead
    village.plug(network)
    if network == CAFE:
        village.run(0.8)
        village.dhcp()
    village.run(3)
    settled(village, network)
    assert len(village.told(ClockCorrected)) == 1


@pytest.mark.parametrize("ahead", [3600.0, -3600.0])
def test_clock_stepped_while_registered(ahead: float) -> None:
    village = Village()
    move(village, VISITED1)
    village.machines["mobile"].ntp_ahead = ahead
    move(village, VISITED2)
    village.run(2000)
    settled(village, VISITED2)


def test_renewed_for_hours() -> None:
    village = Village()
    move(village, VISITED1)
    village.run(2 * 3600)
    settled(village, VISITED1)
    assert 5 <= len(village.told(Registered)) <= 9


def test_foreign_agent_restarted() -> None:
    village = Village()
    move(village, VISITED1)
    village.run(10)
    village.restart("foreign1")
    assert village.foreign_agents[1].snapshot().visitors == ()
    village.run(2)
    settled(village, VISITED1)


def test_home_agent_restarted_is_registered_at_the_next_renewal() -> None:
    village = Village()
    move(village, VISITED1)
    village.run(10)
    village.restart("home")
    assert bound_to(village) is None
    village.run(1300)
    settled(village, VISITED1)


def test_home_agent_restarted_with_the_node_at_home() -> None:
    village = Village()
    move(village, HOME)
    village.run(10)
    village.restart("home")
    village.run(10)
    settled(village, HOME)


def test_deregistered_and_registered_by_command() -> None:
    village = Village()
    move(village, VISITED1)
    village.run(5)
    village.give(DeregisterCommanded())
    village.run(1)
    assert village.mobile_node.snapshot().state == "deregistered"
    assert bound_to(village) is None
    assert village.foreign_agents[1].snapshot().visitors == ()
    village.run(100)
    assert bound_to(village) is None
    village.give(RegisterCommanded())
    village.run(1)
    settled(village, VISITED1)


@pytest.mark.parametrize("network", [VISITED1, CAFE])
def test_stopping_leaves_no_binding(network: str) -> None:
    village = Village()
    move(village, network)
    village.run(5)
    village.give(Stopping())
    village.run(1)
    assert bound_to(village) is None


class Loss:
    """Loses every message of some kind for a while."""

    def __init__(self, sender: str, kind: type) -> None:
        self.sender = sender
        self.kind = kind
        self.active = False

    def __call__(self, name: str, output: Output) -> bool:
        return self.active and name == self.sender and isinstance(output, self.kind)


@pytest.mark.parametrize("sender", ["mobile", "foreign1", "home"])
def test_messages_lost_at_first(sender: str) -> None:
    loss = Loss(sender, SendMessage)
    village = Village(loss)
    loss.active = True
    village.plug(VISITED1)
    village.run(2)
    loss.active = False
    village.run(6)
    settled(village, VISITED1)


def test_home_agent_away_for_a_while_during_renewal() -> None:
    loss = Loss("home", SendMessage)
    village = Village(loss)
    move(village, VISITED1)
    loss.active = True
    village.run(1500)
    assert village.mobile_node.snapshot().registration is not None
    loss.active = False
    village.run(70)
    settled(village, VISITED1)
