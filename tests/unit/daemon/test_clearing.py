"""What an operator ends is gone, and the answer says truly who else learns of it."""

import pytest
from tests.support.foreign_agent import FOREIGN_HOME, LINK, foreign_agent_config, link_changed, reply, request
from tests.support.home_agent import OTHER_CARE_OF_ADDRESS, OTHER_HOME_ADDRESS, Trial, home_agent_config
from tests.support.messages import CARE_OF_ADDRESS, HOME_ADDRESS, HOME_AGENT, MOBILE_HOME, NTP, instant

from mobileip.agents.events import Event, MessageArrived, RevokeCommanded, Started
from mobileip.agents.foreign.agent import ForeignAgent
from mobileip.agents.home.agent import HomeAgent
from mobileip.agents.node import Node
from mobileip.control.schema import ErrorView, RevokedView
from mobileip.daemon.clearing import clear
from mobileip.security.authenticator import sign
from mobileip.wire.extensions.authentication import ForeignHomeAuthentication, MobileHomeAuthentication
from mobileip.wire.extensions.revocation_support import RevocationSupport
from mobileip.wire.identification import high


class Handled:
    """A node, and the events that it was given."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        self.node.handle(event, instant(10.0))

    def clear(self, name: str, home_address: object = HOME_ADDRESS) -> RevokedView | ErrorView:
        return clear(self.node, self, name, home_address)  # type: ignore[arg-type]


def serving(**config: object) -> Trial:
    agents = ((CARE_OF_ADDRESS, FOREIGN_HOME),)
    return Trial(revocation=True, foreign_agents=agents, maximum_simultaneous_bindings=2, **config)


def agreed(trial: Trial) -> None:
    """A registration through a foreign agent that takes part in revocation."""
    octets = trial.octets(simultaneous_bindings=True) + RevocationSupport(7).encode()
    trial.receive(sign(octets, ForeignHomeAuthentication, FOREIGN_HOME), source=CARE_OF_ADDRESS)


def test_a_binding_whose_foreign_agent_agreed_on_revocation_is_told_of() -> None:
    trial = serving()
    agreed(trial)
    trial.request(home_address=OTHER_HOME_ADDRESS, care_of_address=OTHER_CARE_OF_ADDRESS)
    handled = Handled(Node(home=trial.agent))
    view = handled.clear("bindings")
    assert view == RevokedView(home_address="10.1.0.10", revoked=1, told=[str(CARE_OF_ADDRESS)])
    assert [binding.home_address for binding in trial.bindings] == [OTHER_HOME_ADDRESS]
    (event,) = handled.events
    assert isinstance(event, RevokeCommanded)
    assert len(event.entropy) > 0


def test_a_binding_whose_foreign_agent_knows_no_revocation_is_not() -> None:
    trial = serving()
    trial.request(care_of_address=OTHER_CARE_OF_ADDRESS)
    view = Handled(Node(home=trial.agent)).clear("bindings")
    assert view == RevokedView(home_address="10.1.0.10", revoked=1, not_told=[str(OTHER_CARE_OF_ADDRESS)])
    assert trial.bindings == ()


def test_all_simultaneous_bindings_end_and_each_other_side_is_named() -> None:
    trial = serving()
    agreed(trial)
    trial.boot = 1.0
    trial.request(care_of_address=OTHER_CARE_OF_ADDRESS, simultaneous_bindings=True)
    view = Handled(Node(home=trial.agent)).clear("bindings")
    assert view == RevokedView(
        home_address="10.1.0.10", revoked=2, told=[str(CARE_OF_ADDRESS)], not_told=[str(OTHER_CARE_OF_ADDRESS)]
    )


def visited(answer: MessageArrived, **config: object) -> ForeignAgent:
    agent = ForeignAgent(foreign_agent_config(**config))
    for event in (Started(), link_changed(LINK), request(), answer):
        agent.handle(event, instant(0.0))
    assert len(agent.snapshot().visitors) == 1
    return agent


def test_a_visitor_whose_home_agent_agreed_on_revocation_is_told_of() -> None:
    support = RevocationSupport(high(NTP), inform=True)
    signatures = ((MobileHomeAuthentication, MOBILE_HOME), (ForeignHomeAuthentication, FOREIGN_HOME))
    agent = visited(
        reply(*signatures, extensions=(support,)), revocation=True, home_agents=((HOME_AGENT, FOREIGN_HOME),)
    )
    view = Handled(Node(foreign=agent)).clear("visitors")
    assert view == RevokedView(home_address="10.1.0.10", revoked=1, told=[str(HOME_AGENT)])
    assert agent.snapshot().visitors == ()


def test_a_visitor_whose_home_agent_knows_no_revocation_is_not() -> None:
    agent = visited(reply())
    view = Handled(Node(foreign=agent)).clear("visitors")
    assert view == RevokedView(home_address="10.1.0.10", revoked=1, not_told=[str(HOME_AGENT)])
    assert agent.snapshot().visitors == ()


@pytest.mark.parametrize(
    ("name", "message"), [("bindings", "no binding 10.1.0.10"), ("visitors", "no visitor 10.1.0.10")]
)
def test_what_is_not_there_is_an_error_and_nothing_happens(name: str, message: str) -> None:
    both = Node(home=HomeAgent(home_agent_config()), foreign=ForeignAgent(foreign_agent_config()))
    handled = Handled(both)
    assert handled.clear(name) == ErrorView(code="not_found", message=message)
    assert handled.events == []


@pytest.mark.parametrize(("name", "role"), [("bindings", "home agent"), ("visitors", "foreign agent")])
def test_a_role_that_this_daemon_has_not_is_an_error(name: str, role: str) -> None:
    assert Handled(Node()).clear(name) == ErrorView(code="not_found", message=f"clear: this daemon is no {role}")
