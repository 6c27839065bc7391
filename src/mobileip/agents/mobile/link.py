"""One link as the mobile node knows it: what the system says, what is heard there, and its search for
agents."""

from enum import Enum
from ipaddress import IPv4Address, IPv4Interface

import msgspec

from mobileip.agents.events import Link
from mobileip.agents.mobile.config import MobileNodeConfig
from mobileip.agents.mobile.discovery import Solicitor
from mobileip.agents.mobile.move_detection import HeardAgents, KnownAgent
from mobileip.agents.mobile.snapshot import HeardAgent, LinkSnapshot

MOST_NEIGHBOURS = 8
"""What frames of others can make us remember is bounded."""
MOST_NETWORKS = 16
"""Networks without agents that are remembered."""

SILENCE = 3.0
"""Seconds in which three solicitations are sent: where nobody has answered them there is no agent."""

LONGEST_PATIENCE = 60.0
"""Seconds for which a link is not trusted at most whose path dies again and again; once whole for as long, it is
forgiven."""


class Quality(msgspec.Struct, frozen=True):
    """What probes have found of a link's path to the home agent."""

    delay: float = 0.0
    """Seconds there and back."""
    loss: float = 0.0
    """0 to 1."""
    is_verified: bool = False
    """The home agent has answered since the link is up."""
    is_dead: bool = False
    """It answered, and does so no more."""
    found_at: float = 0.0
    """Boot time, s."""


class LinkTurn(Enum):
    """What a new picture of a link means for a mobile node."""

    NOTHING = "nothing"
    UP = "up"
    DOWN = "down"
    FLAPPED = "flapped"
    """The carrier went and came back between two pictures: perhaps another network now."""


class LinkView:
    """Changed by the agent only. Times are boot time, seconds."""

    def __init__(self, name: str, config: MobileNodeConfig) -> None:
        self.name = name
        self.exists = False
        self.up = False
        self.epoch = 0
        """Counts up with every new connection of the link."""
        self.up_since = 0.0
        self.addresses: tuple[IPv4Interface, ...] = ()
        self.gateway: IPv4Address | None = None
        self.link_address: bytes | None = None
        self.agents = HeardAgents(config.move_detection)
        self.solicitor = Solicitor(config.solicit_maximum_interval)
        self.probing = False
        """One solicitation is due whatever is heard."""
        self.leaving = False
        """A link manager said that it will go down soon."""
        self.registered_with: IPv4Address | None = None
        """The foreign agent of the latest registration here."""
        self.trusted_at = 0.0
        """From then on it may be preferred to one that works: a link that was lost has to prove itself."""
        self.quality = Quality()
        self._hold_down = config.hold_down
        self._leads_to_same_agent = config.preference_of(name).same_agent
        self._agent_before: KnownAgent | None = None
        self._patience = 0.0
        """Seconds that were to pass after its path died last; 0: it never did."""
        self._was_lost = False
        self._has_agents = False
        """An agent was heard here, at any time."""
        self._without_agents: dict[tuple[IPv4Address, IPv4Address], None] = {}
        """Care-of addresses of our own and their gateways where no agent was: a set in the order of learning."""
        self._neighbours: dict[IPv4Address, bytes] = {}
        self._carrier_changes = 0

    def update(self, link: Link, now: float) -> LinkTurn:
        """Takes in the system's new picture."""
        was_up, flapped = self.up, self.up and link.carrier_changes != self._carrier_changes
        if flapped or (was_up and not link.carrier):
            self._learn_from_silence(now)
        self.exists = True
        self.up = link.carrier
        self.addresses = link.addresses
        self.gateway = link.gateway
        self.link_address = link.link_address
        self._carrier_changes = link.carrier_changes
        if not link.carrier:
            self._disconnected(was_up=was_up)
            return LinkTurn.DOWN if was_up else LinkTurn.NOTHING
        if was_up and not flapped:
            return LinkTurn.NOTHING
        self._was_lost = self._was_lost or was_up
        self.connected(now)
        return LinkTurn.FLAPPED if was_up else LinkTurn.UP

    def remove(self) -> None:
        """The link is gone, as if it had never been."""
        self._disconnected(was_up=self.up)
        self.exists = self.up = False
        self.addresses, self.gateway = (), None

    def _disconnected(self, *, was_up: bool) -> None:
        self._was_lost = self._was_lost or was_up
        self.quality, self.leaving = Quality(), False

    def connected(self, now: float) -> None:
        """Perhaps to another network than before: who was heard is doubted."""
        self.remember_agent()
        self.agents.doubt_all()
        self.epoch += 1
        self.up_since = now
        self.quality = Quality()
        if self._was_lost:
            self.distrust(now)
        # Another network may have the same gateway address with another link-layer address.
        self._neighbours.clear()
        self.solicitor.restart(now)
        self._expect_agent(now)

    def remember_agent(self) -> None:
        """The connection ends: that agent may be here again."""
        if self._leads_to_same_agent and self.registered_with is not None:
            agent = self.agents.foreign_agent(self.registered_with)
            if agent is not None and not agent.is_expected:
                self._agent_before = agent

    def _expect_agent(self, now: float) -> None:
        """The link is up again, and leads where it led before. The agent is solicited all the same."""
        agent = self._agent_before
        # R5944-2.4.2.2-d: "MUST NOT" register by an advertisement whose Lifetime is over. Before that it "MAY
        # immediately attempt registration with that other agent" (RFC 5944 §2.4.2.1).
        if agent is not None and now < agent.expires_at:
            self.agents.expect(agent, now)
            self.probing = True

    def distrust(self, now: float) -> None:
        """It has to be whole for a while until it is preferred to another one that works."""
        self.trusted_at = now + self._hold_down

    def died(self, now: float) -> None:
        """Its path leads nowhere, though the link is up, and nothing will tell when it is whole again but another try.
        Each time that such a try does not last, the next one is put off for twice as long."""
        is_again = self._patience > 0 and now < self.trusted_at + LONGEST_PATIENCE
        longest = max(LONGEST_PATIENCE, self._hold_down)
        self._patience = min(2 * self._patience, longest) if is_again else self._hold_down
        self.trusted_at = now + self._patience

    def agent_is_here(self) -> None:
        """An agent is heard: on this link one waits for agents from now on."""
        self._has_agents = True
        self._without_agents.clear()

    def no_agent_is_here(self, care_of_address: IPv4Address, gateway: IPv4Address) -> None:
        """A registration with an address of our own was accepted, or solicitations stayed unanswered, and no agent was
        heard."""
        if not self._has_agents:
            self._without_agents[care_of_address, gateway] = None
            if len(self._without_agents) > MOST_NETWORKS:
                self._without_agents.pop(next(iter(self._without_agents)))

    def _learn_from_silence(self, now: float) -> None:
        """The connection ends: was there an agent?"""
        if now >= self.up_since + SILENCE and self.gateway is not None:
            for interface in self.addresses:
                self.no_agent_is_here(interface.ip, self.gateway)

    def waits_for_agents(self, care_of_address: IPv4Address, gateway: IPv4Address) -> bool:
        """Whether an agent may be here: none is waited for where there was none, on a link that never had one."""
        return (care_of_address, gateway) not in self._without_agents

    def learn_neighbour(self, address: IPv4Address, link_address: bytes) -> None:
        """From a frame that the neighbour sent by itself; only the gateway's is ever wanted, so few are
        kept."""
        self._neighbours.pop(address, None)
        if len(self._neighbours) >= MOST_NEIGHBOURS:
            self._neighbours.pop(next(iter(self._neighbours)))
        self._neighbours[address] = link_address

    def neighbour(self, address: IPv4Address) -> bytes | None:
        """The link-layer address behind an address on this link, where it is known without asking."""
        heard = (agent.link_address for agent in self.agents.believed() if agent.address == address)
        return self._neighbours.get(address) or next(heard, None)

    def has_address(self, address: IPv4Address) -> bool:
        return any(interface.ip == address for interface in self.addresses)

    def believed_agents(self) -> list[KnownAgent]:
        """Mobility agents that may be registered with; plain routers are not among them."""
        return [agent for agent in self.agents.believed() if agent.is_agent]

    def _heard_agents(self) -> list[KnownAgent]:
        return [agent for agent in self.believed_agents() if not agent.is_expected]

    # -- what is shown

    def snapshot(self) -> LinkSnapshot:
        """Without regard to registrations."""
        return LinkSnapshot(name=self.name, state=self._state(), addresses=self.addresses)

    def _state(self) -> str:
        """down | dead | verified | agent_heard | addressed | up."""
        if not self.up:
            return "down"
        if self.quality.is_dead or self.quality.is_verified:
            return "dead" if self.quality.is_dead else "verified"
        if self._heard_agents():
            return "agent_heard"
        return "addressed" if self.addresses else "up"

    def heard(self) -> list[HeardAgent]:
        return [
            HeardAgent(
                interface=self.name,
                address=agent.address,
                link_address=agent.link_address,
                care_of_addresses=agent.care_of_addresses,
                home_agent=agent.home_agent,
                foreign_agent=agent.foreign_agent,
                busy=agent.busy,
                registration_lifetime=agent.registration_lifetime,
                sequence_number=agent.sequence_number,
                heard_at=agent.heard_at,
                expires_at=agent.expires_at,
            )
            for agent in self._heard_agents()
        ]
