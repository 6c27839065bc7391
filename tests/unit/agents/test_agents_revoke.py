"""Registration revocation between our home agent and our foreign agent, both real: each believes the other."""

from ipaddress import IPv4Address

from tests.support.foreign_agent import FOREIGN_HOME, LINK, MAC, foreign_agent_config, link_changed, request
from tests.support.home_agent import home_agent_config
from tests.support.messages import CARE_OF_ADDRESS, HOME_ADDRESS, HOME_AGENT, NTP, arrived, instant

from mobileip.agents.events import Event, RevokeCommanded, Started
from mobileip.agents.foreign.agent import ForeignAgent
from mobileip.agents.home.agent import HomeAgent
from mobileip.agents.notices import BindingRemoved, RevocationEnded, VisitorRemoved
from mobileip.agents.outputs import Notify, Output, SendMessage


class Agents:
    """Both agents, and a path between them that takes no time. `told`: notices of both; `reset`: who was told."""

    def __init__(self) -> None:
        self.foreign = ForeignAgent(foreign_agent_config(revocation=True, home_agents=((HOME_AGENT, FOREIGN_HOME),)))
        self.home = HomeAgent(home_agent_config(revocation=True, foreign_agents=((CARE_OF_ADDRESS, FOREIGN_HOME),)))
        self.told: list[object] = []
        self.reset: list[bytes] = []
        self.foreign.know_advertiser(self._tell_reset)
        self.give(self.foreign, Started(), 0.0)
        self.give(self.foreign, link_changed(LINK), 0.0)
        self.give(self.home, Started(), 0.0)
        self.register(0)

    def register(self, seconds: int) -> None:
        self.give(self.foreign, request(identification=NTP + (seconds << 32)), float(seconds))
        assert len(self.foreign.snapshot().visitors) == len(self.home.snapshot().bindings) == 1
        self.told.clear()

    def give(self, agent: ForeignAgent | HomeAgent, event: Event, at: float) -> None:
        outputs = agent.handle(event, instant(at))
        self.told += [output.notice for output in outputs if isinstance(output, Notify)]
        for output in outputs:
            if isinstance(output, SendMessage) and output.departure.link_destination is None:
                self._carry(output, at)

    def _carry(self, message: SendMessage, at: float) -> None:
        departure = message.departure
        assert departure.source is not None
        where = {
            "source": departure.source,
            "destination": departure.destination,
            "source_port": departure.source_port,
            "destination_port": departure.destination_port,
        }
        agent = self.home if departure.destination == HOME_AGENT else self.foreign
        self.give(agent, arrived(message.octets, **where), at)

    def _tell_reset(self, _interface: str, _home_address: IPv4Address, link_address: bytes) -> list[Output]:
        self.reset.append(link_address)
        return []

    def kinds(self) -> set[type]:
        assert not self.foreign.snapshot().visitors
        assert not self.home.snapshot().bindings
        return {type(notice) for notice in self.told}


def test_an_operator_at_the_foreign_agent_ends_both() -> None:
    agents = Agents()
    agents.give(agents.foreign, RevokeCommanded(home_address=HOME_ADDRESS), 10.0)
    assert agents.kinds() >= {VisitorRemoved, BindingRemoved, RevocationEnded}
    assert agents.foreign.next_deadline() is None


def test_an_operator_at_the_home_agent_ends_both_and_the_node_is_told() -> None:
    agents = Agents()
    agents.give(agents.home, RevokeCommanded(home_address=HOME_ADDRESS), 10.0)
    assert agents.kinds() >= {VisitorRemoved, BindingRemoved, RevocationEnded}
    assert agents.reset == [MAC]


def test_who_was_revoked_may_register_again_and_be_revoked_again() -> None:
    agents = Agents()
    for seconds in (20, 40):
        agents.give(agents.home, RevokeCommanded(home_address=HOME_ADDRESS), seconds - 10.0)
        assert VisitorRemoved in agents.kinds()
        agents.register(seconds)
