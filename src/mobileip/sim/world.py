"""The simulated internet of one scenario: machines made with their addresses and keys, plugged in, and run.

correspondent ---+                                   home agent n: 10.x.y.1, its home network around it
                 +--- core ---+--- home link n (or a virtual home network)
                              +--- foreign agent n: care-of address 172.16.x.y, network 100.a.b.0/24
                              +--- plain network n: 198.18.x.0/20, addresses by DHCP
"""

from ipaddress import IPv4Address, IPv4Interface, IPv4Network

import msgspec

from mobileip.agents.events import Link
from mobileip.agents.foreign import config as foreign_config
from mobileip.agents.foreign.agent import ForeignAgent
from mobileip.agents.foreign.config import ForeignAgentConfig
from mobileip.agents.home import config as home_config
from mobileip.agents.home.agent import HomeAgent
from mobileip.agents.home.config import HomeAgentConfig, MobileNodeEntry
from mobileip.agents.mobile.agent import MobileNode
from mobileip.agents.mobile.config import MobileNodeConfig, ReverseTunnelling
from mobileip.agents.node import Node
from mobileip.security.association import MobilitySecurityAssociation
from mobileip.sim.chance import generator
from mobileip.sim.clock import HostClock, Schedule
from mobileip.sim.host import CORE_INTERFACE, Host, Watch
from mobileip.sim.network import Network, Segment
from mobileip.sim.scenario import Scenario

HOME_SPACE = int(IPv4Address("10.0.0.0"))
FIRST_NODE = 16
"""Home addresses begin so far behind the network's own."""
CARE_OF_SPACE = int(IPv4Address("172.16.0.0"))
FOREIGN_SPACE = int(IPv4Address("100.64.0.0"))
PLAIN_SPACE = int(IPv4Address("198.18.0.0"))
PLAIN_SIZE = 1 << 12
CORRESPONDENT = IPv4Address("203.0.113.1")
LINK = "eth1"
"""An agent's link to its mobile nodes."""
MOBILE_LINK = "eth0"
"""A mobile node's only link, where a scenario names none."""
FIRST_MOBILE_KIND = 16
"""Second octet of the link-layer addresses of mobile nodes' first links; their second ones have 17."""
SPI = 256
AGENT_SPI = 512


class MobileHost(msgspec.Struct, eq=False):
    """A mobile node and where it belongs."""

    number: int
    host: Host
    home_agent: "HomeHost"
    home_address: IPv4Address


class HomeHost(msgspec.Struct, eq=False):
    host: Host
    address: IPv4Address
    segment: Segment | None
    nodes: int


class World:
    """`watch` sees everything; `start` begins time."""

    def __init__(self, scenario: Scenario, watch: Watch) -> None:
        self.scenario = scenario
        self.watch = watch
        self.schedule = Schedule()
        self.network = Network(self.schedule, scenario.core, generator(scenario.seed, "wires"))
        self._clocks = generator(scenario.seed, "clocks")
        self._keys = generator(scenario.seed, "keys")
        self._entropy = generator(scenario.seed, "entropy")
        self._agent_keys: dict[tuple[int, int], MobilitySecurityAssociation] = {}
        if scenario.foreign.keys:
            pairs = [(h, f) for h in range(scenario.home.agents) for f in range(scenario.foreign_agents)]
            self._agent_keys = {pair: self._association(AGENT_SPI) for pair in pairs}
        self._node_keys = [self._association(SPI) for _ in range(scenario.mobile.nodes)]
        self.homes = [self._home(number) for number in range(scenario.home.agents)]
        self.foreign = [self._foreign(number) for number in range(scenario.foreign_agents)]
        for number in range(scenario.plain.networks):
            self._plain(number)
        self.nodes = [self._mobile(number) for number in range(scenario.mobile.nodes)]
        self.by_home_address = {int(node.home_address): node for node in self.nodes}
        self.by_name = {node.host.name: node for node in self.nodes}

    def start(self) -> None:
        for home in self.homes:
            home.host.start()
        for agent in self.foreign:
            agent.start()
        for node in self.nodes:
            node.host.start()

    @property
    def hosts(self) -> list[Host]:
        return [*(home.host for home in self.homes), *self.foreign, *(node.host for node in self.nodes)]

    # -- making machines

    def _association(self, spi: int) -> MobilitySecurityAssociation:
        style = self.scenario.mobile.replay
        return MobilitySecurityAssociation(spi=spi, key=self._keys.randbytes(16), replay=style)

    def _clock(self) -> HostClock:
        clocks, chance = self.scenario.clocks, self._clocks
        drift = chance.uniform(-clocks.drift, clocks.drift) * 1e-6
        ahead = chance.uniform(-clocks.ahead, clocks.ahead)
        # Whole seconds, so that the difference of two times is exact; no two machines have the same boot time.
        return HostClock(started_at=-float(chance.randrange(1, 1_000_000)), drift=drift, ahead=ahead)

    def _home(self, number: int) -> HomeHost:
        scenario = self.scenario
        nodes = range(number, scenario.mobile.nodes, scenario.home.agents)
        prefix, address = home_network(scenario, number)
        name = "home" if number == 0 else f"home{number + 1}"
        entries = tuple(
            MobileNodeEntry(home_address=home_address(scenario, n), associations=(self._node_keys[n],)) for n in nodes
        )
        config = HomeAgentConfig(
            address=address,
            home_network=prefix,
            home_link=LINK if scenario.home.link else None,
            mobile_nodes=entries,
            maximum_lifetime=scenario.home.maximum_lifetime,
            handover_grace=scenario.home.handover_grace,
            advertisement_interval=scenario.foreign.interval,
            advertisement_lifetime=scenario.foreign.lifetime,
            foreign_agents=tuple((care_of_address(f), key) for (h, f), key in self._agent_keys.items() if h == number),
            reverse_tunnel=home_config.ReverseTunnels.ALLOWED
            if scenario.mobile.reverse_tunnel
            else home_config.ReverseTunnels.REFUSED,
        )
        links = [_link(CORE_INTERFACE, 2, 1, number)]
        segment = None
        if scenario.home.link:
            links.append(_link(LINK, 3, 2, number, IPv4Interface(f"{address}/{prefix.prefixlen}")))
            segment = self._segment(name, prefix, address)
        host = Host(
            name,
            self.network,
            self.watch,
            lambda: Node(home=HomeAgent(config)),
            clock=self._clock(),
            chance=self._entropy,
            links=tuple(links),
            has_core=True,
            address=address,
        )
        self.network.hosts[int(address)] = host
        if segment is not None:
            self.network.plug(host.ports[LINK], segment, is_agent=True)
            segment.owners[int(address)] = host.ports[LINK]
        return HomeHost(host, address, segment, len(nodes))

    def _foreign(self, number: int) -> Host:
        foreign, name = self.scenario.foreign, f"foreign{number + 1}"
        prefix = IPv4Network((FOREIGN_SPACE + number * 256, 24))
        care_of = care_of_address(number)
        config = ForeignAgentConfig(
            links=(LINK,),
            care_of_address=care_of,
            registration_lifetime=foreign.registration_lifetime,
            advertisement_interval=foreign.interval,
            advertisement_lifetime=foreign.lifetime,
            maximum_visitors=foreign.maximum_visitors,
            early_delivery=foreign.early_delivery,
            reverse_tunnel=foreign_config.ReverseTunnels.OFFERED
            if self.scenario.mobile.reverse_tunnel
            else foreign_config.ReverseTunnels.OFF,
            home_agents=tuple(
                (home_network(self.scenario, h)[1], key) for (h, f), key in self._agent_keys.items() if f == number
            ),
        )
        links = (
            _link(CORE_INTERFACE, 2, 3, number, IPv4Interface(f"{care_of}/32")),
            _link(LINK, 3, 4, number, IPv4Interface(f"{prefix[1]}/24")),
        )
        host = Host(
            name,
            self.network,
            self.watch,
            lambda: Node(foreign=ForeignAgent(config)),
            clock=self._clock(),
            chance=self._entropy,
            links=links,
            has_core=True,
            care_of_address=care_of,
        )
        self.network.hosts[int(care_of)] = host
        segment = self._segment(name, prefix, prefix[1])
        self.network.plug(host.ports[LINK], segment, is_agent=True)
        segment.owners[int(prefix[1])] = segment.owners[int(care_of)] = host.ports[LINK]
        return host

    def _plain(self, number: int) -> None:
        prefix = IPv4Network((PLAIN_SPACE + number * PLAIN_SIZE, 20))
        self._segment(f"plain{number + 1}", prefix, prefix[1])

    def _segment(self, name: str, prefix: IPv4Network, gateway: IPv4Address) -> Segment:
        segment = self.network.segments[name] = Segment(name, self.scenario.access, prefix, gateway)
        return segment

    def _mobile(self, number: int) -> MobileHost:
        scenario = self.scenario
        home = self.homes[number % len(self.homes)]
        address = home_address(scenario, number)
        config = MobileNodeConfig(
            home_address=address,
            home_agent=home.address,
            home_network=home_network(scenario, number % len(self.homes))[0],
            links=scenario.mobile.links,
            association=self._node_keys[number],
            requested_lifetime=scenario.mobile.lifetime,
            reverse_tunnel=ReverseTunnelling.AUTO if scenario.mobile.reverse_tunnel else ReverseTunnelling.OFF,
        )
        host = Host(
            f"mobile{number}",
            self.network,
            self.watch,
            lambda: Node(mobile=MobileNode(config)),
            clock=self._clock(),
            chance=self._entropy,
            links=tuple(
                _link(name, 2 + place, FIRST_MOBILE_KIND + place, number, carrier=False)
                for place, name in enumerate(scenario.mobile.links)
            ),
            has_core=False,
            home_address=address,
        )
        self.network.homes[int(address)] = (home.host, home.segment)
        self.network.at_home[int(address)] = tuple(host.ports.values())
        return MobileHost(number, host, home, address)


def home_network(scenario: Scenario, number: int) -> tuple[IPv4Network, IPv4Address]:
    """A home agent's network, large enough for its nodes, and its address there."""
    nodes = -(-scenario.mobile.nodes // scenario.home.agents)
    bits = max(8, (nodes + FIRST_NODE + 1).bit_length())
    network = IPv4Network((HOME_SPACE + (number << bits), 32 - bits))
    return network, network[1]


def home_address(scenario: Scenario, number: int) -> IPv4Address:
    network, _ = home_network(scenario, number % scenario.home.agents)
    return network[FIRST_NODE + number // scenario.home.agents]


def care_of_address(number: int) -> IPv4Address:
    """Of a foreign agent."""
    return IPv4Address(CARE_OF_SPACE + number + 1)


def _link(name: str, index: int, kind: int, number: int, *addresses: IPv4Interface, carrier: bool = True) -> Link:
    return Link(
        name=name, index=index, carrier=carrier, link_address=bytes((2, kind)) + number.to_bytes(4), addresses=addresses
    )
