"""Whose packets are delivered before the Reply is here."""

from ipaddress import IPv4Address
from typing import Any

import msgspec
import pytest
from tests.support.messages import CARE_OF_ADDRESS, HOME_ADDRESS, HOME_AGENT

from mobileip.agents.foreign.awaited import NOBODY, Awaited
from mobileip.agents.foreign.config import ForeignAgentConfig
from mobileip.agents.foreign.snapshot import PendingRegistration, Visitor
from mobileip.agents.outputs import ChangeForwarding, Output
from mobileip.forwarding.model import ForwardingState, VisitorRoute
from mobileip.forwarding.tunnel import Encapsulation, GreOptions, Tunnel

MAC, STRANGER = b"\x02\x00\x00\x00\x00\x10", b"\x02\x00\x00\x00\x00\x66"
CONFIG = ForeignAgentConfig(links=("visit0",), care_of_address=CARE_OF_ADDRESS, early_delivery=True)


def pending(**fields: Any) -> PendingRegistration:
    defaults: dict[str, Any] = {
        "home_address": HOME_ADDRESS,
        "home_agent": HOME_AGENT,
        "relayed_to": HOME_AGENT,
        "interface": "visit0",
        "link_address": MAC,
        "udp_port": 434,
        "source": HOME_ADDRESS,
        "destination": IPv4Address("198.51.100.1"),
        "care_of_address": CARE_OF_ADDRESS,
        "identification": 1,
        "requested_lifetime": 1800,
        "received_at": 1.0,
        "expires_at": 8.0,
    }
    return PendingRegistration(**(defaults | fields))


def visitor(realm: int = 0) -> Visitor:
    asked = pending()
    names = {field.name for field in msgspec.structs.fields(Visitor)}
    same = {name: getattr(asked, name) for name in names if hasattr(asked, name)}
    more = {"lifetime": 1800, "registered_at": 2.0, "requested_at": 1.0, "expires_at": 1802.0, "realm": realm}
    return Visitor(**(same | more))


class Lobby:
    """The sum of all changes is what is wished for."""

    def __init__(self, config: ForeignAgentConfig = CONFIG) -> None:
        self.awaited = Awaited(config)
        self.sum = ForwardingState()

    def look(self, *waiting: PendingRegistration, visitors: tuple[Visitor, ...] = ()) -> list[Output]:
        outputs = self.awaited.look(HOME_ADDRESS, waiting, visitors)
        for output in outputs:
            assert isinstance(output, ChangeForwarding)
            self.sum = self.sum.apply(output.change)
        if not visitors:
            assert self.sum == ForwardingState.of(self.awaited)
        return outputs


def test_to_whoever_asked_until_the_request_ends() -> None:
    lobby = Lobby()
    lobby.look(pending())
    assert list(lobby.awaited) == [
        VisitorRoute(
            home_address=HOME_ADDRESS,
            tunnel=Tunnel(CARE_OF_ADDRESS, HOME_AGENT),
            interface="visit0",
            link_address=MAC,
            expires_at=8.0,
        )
    ]
    assert lobby.look(pending()) == [], "nothing has changed"
    lobby.look()
    assert list(lobby.awaited) == []


def test_a_repeated_request_prolongs_it() -> None:
    lobby = Lobby()
    lobby.look(pending())
    lobby.look(pending(), pending(identification=2, expires_at=9.0))
    assert [route.expires_at for route in lobby.awaited] == [9.0]


def test_with_the_key_that_was_asked_for() -> None:
    lobby = Lobby()
    lobby.look(pending(encapsulation=Encapsulation.GRE, received_key=7))
    (route,) = lobby.awaited
    assert (route.tunnel.encapsulation, route.tunnel.gre) == (Encapsulation.GRE, GreOptions(received_key=7))


def test_to_nobody_where_two_ask() -> None:
    """One of them is a stranger, and which is not known."""
    lobby = Lobby()
    lobby.look(pending())
    lobby.look(pending(), pending(link_address=STRANGER))
    assert list(lobby.awaited) == []


@pytest.mark.parametrize("realm", [0, 1])
def test_nothing_is_taken_from_a_visitor(realm: int) -> None:
    lobby = Lobby()
    assert lobby.look(pending(link_address=STRANGER), visitors=(visitor(realm),)) == []


def test_the_visitors_own_route_takes_its_place() -> None:
    lobby = Lobby()
    lobby.look(pending())
    assert lobby.look(visitors=(visitor(),)) == []
    assert list(lobby.awaited) == []


def test_where_the_visitor_has_another_number_it_is_removed() -> None:
    lobby = Lobby()
    lobby.look(pending())
    assert lobby.look(visitors=(visitor(realm=1),)) != []
    assert lobby.sum == ForwardingState()


@pytest.mark.parametrize(
    "fields",
    [
        {"care_of_address": IPv4Address("203.0.113.7")},
        {"requested_lifetime": 0},
        {"udp_tunnel": True},
        {"home_address": NOBODY},
    ],
)
def test_what_will_not_be_tunnelled_to_us_is_not_awaited(fields: dict[str, Any]) -> None:
    assert Lobby().look(pending(**fields)) == []


def test_nothing_where_it_is_not_wanted() -> None:
    assert Lobby(msgspec.structs.replace(CONFIG, early_delivery=False)).look(pending()) == []
