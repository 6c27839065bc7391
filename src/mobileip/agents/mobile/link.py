"""One link as the mobile node knows it: what the system says, what is heard there, and its search for
agents."""

from enum import Enum
from ipaddress import IPv4Address, IPv4Interface

from mobileip.agents.events import Link
from mobileip.agents.mobile.config import MobileNodeConfig
from mobileip.agents.mobile.discovery import Solicitor
from mobileip.agents.mobile.move_detection import HeardAgents, KnownAgent
from mobileip.agents.mobile.snapshot import HeardAgent, LinkSnapshot

MOST_NEIGHBOURS = 8
"""What frames of others can make us remember is bounded."""


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
        self._neighbours: dict[IPv4Address, bytes] = {}
        self._carrier_changes = 0

    def update(self, link: Link, now: float) -> LinkTurn:
        """Takes in the system's new picture."""
        was_up, flapped = self.up, self.up and link.carrier_changes != self._carrier_changes
        self.exists = True
        self.up = link.carrier
        self.addresses = link.addresses
        self.gateway = link.gateway
        self.link_address = link.link_address
        self._carrier_changes = link.carrier_changes
        if not link.carrier:
            return LinkTurn.DOWN if was_up else LinkTurn.NOTHING
        if was_up and not flapped:
            return LinkTurn.NOTHING
        self._connected(now)
        return LinkTurn.FLAPPED if was_up else LinkTurn.UP

    def remove(self) -> None:
        """The link is gone, as if it had never been."""
        self.exists = self.up = False
        self.addresses, self.gateway = (), None

    def _connected(self, now: float) -> None:
        self.epoch += 1
        self.up_since = now
        # Another network may have the same gateway address with another link-layer address.
        self._neighbours.clear()
        self.solicitor.restart(now)

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

    # -- what is shown

    def snapshot(self) -> LinkSnapshot:
        return LinkSnapshot(name=self.name, state=self._state(), addresses=self.addresses)

    def _state(self) -> str:
        if not self.up:
            return "down"
        if self.believed_agents():
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
            for agent in self.believed_agents()
        ]
