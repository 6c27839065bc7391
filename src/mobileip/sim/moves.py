"""Who is where, and when it goes elsewhere: with carrier events or silently, with an address by DHCP after a while."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Interface
from random import Random

import msgspec

from mobileip.agents.events import GatewayHeard
from mobileip.sim.chance import generator, poisson
from mobileip.sim.network import Segment
from mobileip.sim.scenario import NOWHERE, Model, networks
from mobileip.sim.world import MOBILE_LINK, MobileHost, World

FIRST_LEASE = 16


class Place(msgspec.Struct, frozen=True):
    """Where a mobile node is and since when (virtual time); None: nowhere."""

    network: str | None
    since: float


class Moves:
    """Moves every mobile node of a world until `until`. `arrived` is told of each node that came to a network,
    `left` of each that goes."""

    def __init__(
        self,
        world: World,
        until: float,
        arrived: Callable[[MobileHost], None] = lambda _node: None,
        left: Callable[[MobileHost], None] = lambda _node: None,
    ) -> None:
        self._arrived = arrived
        self._left = left
        self._world = world
        self._moves = world.scenario.moves
        self._until = until
        self._chance: Random = generator(world.scenario.seed, "moves")
        self._leases = 0
        self.made = 0
        self.places: dict[str, Place] = {}
        """By name of the node."""
        names = networks(world.scenario)
        self._roaming = names if self._moves.home else [name for name in names if not name.startswith("home")]
        self._agents = {host.name: host for host in world.foreign}
        self._order = {name: place for place, name in enumerate(self._roaming)}

    def start(self) -> None:
        scenario, schedule = self._world.scenario, self._world.schedule
        if self._moves.model is not Model.SCRIPT:
            for node in self._world.nodes:
                schedule.after(self._chance.random() * scenario.mobile.start, self._begin, node)
        for step in self._moves.step:
            schedule.at(step.at, self._step, (self._world.nodes[step.node], step.to, step.silent))

    def care_of_address(self, node: MobileHost) -> IPv4Address | None:
        """With which address a node is to be registered where it is; None at home, and nowhere."""
        port = node.host.ports[MOBILE_LINK]
        if port.segment is None or port.segment is node.home_agent.segment:
            return None
        agent = self._agents.get(port.segment.name)
        if agent is not None:
            return agent.care_of_address
        return next((interface.ip for interface in port.link.addresses), None)

    # -- mobility models

    def _begin(self, node: MobileHost) -> None:
        options = self._options(node)
        self.go(node, options[self._chance.randrange(len(options))])
        self._plan_next(node)

    def _plan_next(self, node: MobileHost) -> None:
        at = self._world.schedule.now + poisson(self._chance, self._moves.every)
        if at < self._until:
            self._world.schedule.at(at, self._move, node)

    def _move(self, node: MobileHost) -> None:
        if not node.host.awake:
            self._plan_next(node)
            return
        here = self.places[node.host.name].network
        there = self._next_network(node, here)
        if there != here:
            self.go(node, there, silent=self._chance.random() < self._moves.silent)
        self._plan_next(node)

    def _options(self, node: MobileHost) -> list[str]:
        """A node goes home to its own home only."""
        if len(self._world.homes) == 1:
            return self._roaming
        own = node.home_agent.host.name
        return [name for name in self._roaming if not name.startswith("home") or name == own]

    def _next_network(self, node: MobileHost, here: str | None) -> str:
        options = self._options(node)
        if len(options) == 1 or here is None:
            return options[0]
        at = self._order[here] if options is self._roaming else options.index(here)
        match self._moves.model:
            case Model.ROUND:
                step = 1
            case Model.NEIGHBOUR:
                step = self._chance.choice((-1, 1))
            case _:
                step = self._chance.randrange(1, len(options))
        return options[(at + step) % len(options)]

    def _step(self, step: tuple[MobileHost, str, bool]) -> None:
        node, to, silent = step
        self.go(node, None if to == NOWHERE else to, silent=silent)

    # -- one move

    def go(self, node: MobileHost, network: str | None, *, silent: bool = False) -> None:
        """Unplugs a node and plugs it in elsewhere."""
        host, port = node.host, node.host.ports[MOBILE_LINK]
        segment = self._world.network.segments[network] if network is not None else None
        before = port.segment
        silent = silent and segment is not None and before is not None and not (_is_plain(segment) or _is_plain(before))
        self.made += before is not None
        self.places[host.name] = Place(network, self._world.schedule.now)
        self._forget_leases(node)
        self._left(node)
        if silent and segment is not None:
            self._world.network.plug(port, segment)
            self._arrived(node)
            return
        self._world.network.unplug(port)
        if before is not None:
            host.change_link(MOBILE_LINK, carrier=False, addresses=(), gateway=None)
        if segment is None:
            return
        if before is None:
            self._connect((node, segment, port.epoch))
        else:
            self._world.schedule.after(self._moves.gap, self._connect, (node, segment, port.epoch))

    def _connect(self, connection: tuple[MobileHost, Segment, int]) -> None:
        node, segment, epoch = connection
        host, port = node.host, node.host.ports[MOBILE_LINK]
        if port.epoch != epoch:
            return  # it has gone on already
        self._world.network.plug(port, segment)
        self.places[host.name] = Place(segment.name, self._world.schedule.now)
        self._arrived(node)
        host.change_link(MOBILE_LINK, carrier=True, carrier_changes=port.link.carrier_changes + 2)
        if _is_plain(segment):
            after = self._world.scenario.plain.address_after
            self._world.schedule.after(after, self._address, (node, segment, port.epoch))

    def _address(self, connection: tuple[MobileHost, Segment, int]) -> None:
        """The network's DHCP server answers."""
        node, segment, epoch = connection
        host, port = node.host, node.host.ports[MOBILE_LINK]
        if port.epoch != epoch:
            return
        size = segment.prefix.num_addresses - FIRST_LEASE - 1
        leases = self._world.network.leases
        while True:
            self._leases += 1
            address = segment.prefix[FIRST_LEASE + self._leases % size]
            if int(address) not in leases:
                break
        leases[int(address)] = port
        host.give_with_entropy(
            GatewayHeard, interface=MOBILE_LINK, address=segment.gateway, link_address=segment.gateway_link_address
        )
        interface = IPv4Interface(f"{address}/{segment.prefix.prefixlen}")
        host.change_link(MOBILE_LINK, addresses=(interface,), gateway=segment.gateway)

    def _forget_leases(self, node: MobileHost) -> None:
        for interface in node.host.ports[MOBILE_LINK].link.addresses:
            self._world.network.leases.pop(int(interface.ip), None)


def _is_plain(segment: Segment) -> bool:
    return segment.name.startswith("plain")
