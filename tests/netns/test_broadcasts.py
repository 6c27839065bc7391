"""Real daemons: a mobile node that asks for them hears the broadcasts of its home link, wherever it is."""

import socket

import pytest
from tests.support.roaming import eventually, go, roaming

from mobileip.lab.laboratory import Lab

pytestmark = pytest.mark.netns

PORT = 5353
DIRECTED, LIMITED = "10.1.0.255", "255.255.255.255"
LISTENING = {"mn": {"mobile_node": {"broadcasts": True}}}


def ear(lab: Lab) -> socket.socket:
    """A program on the mobile node."""
    with lab.inside("mn"):
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.settimeout(0.2)
    opened.bind(("", PORT))
    return opened


def say(lab: Lab, payload: bytes, destination: str) -> None:
    """A host of the home network broadcasts."""
    with lab.inside("host"), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sender.sendto(payload, (destination, PORT))


def is_heard(lab: Lab, program: socket.socket, destination: str) -> bool:
    payload = f"to {destination}".encode()
    say(lab, payload, destination)
    try:
        return program.recvfrom(100)[0] == payload
    except TimeoutError:
        return False


@pytest.mark.requirement("R5944-4.3-b")
@pytest.mark.parametrize("network", ["foreign1", "visited"])
def test_broadcasts_of_the_home_link_are_heard_away_from_home(network: str) -> None:
    with roaming("roaming", f"bc-{network}", settings=LISTENING) as lab, ear(lab) as program:
        go(lab, network)
        for destination in (DIRECTED, LIMITED):
            eventually(lambda to=destination: is_heard(lab, program, to), f"{destination} is heard")  # type: ignore[misc]


def test_at_home_they_are_heard_as_by_any_host() -> None:
    with roaming("roaming", "bc-home") as lab, ear(lab) as program:
        for destination in (DIRECTED, LIMITED):
            eventually(lambda to=destination: is_heard(lab, program, to), f"{destination} is heard")  # type: ignore[misc]


@pytest.mark.requirement("R5944-4.3-a")
def test_who_did_not_ask_hears_none_and_the_link_is_not_listened_to() -> None:
    with roaming("roaming", "bc-none") as lab, ear(lab) as program:
        go(lab, "foreign1")
        assert not is_heard(lab, program, DIRECTED)
        assert not is_heard(lab, program, LIMITED)
        heard = lab.daemon("ha").ask("traffic")["packets"]
        assert "dropped_not_for_us" not in heard
