"""Who is where, and when it goes elsewhere, each link by itself: with carrier events or silently, announced or not; an
address comes by DHCP after a while.
"""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Interface
from random import Random
from typing import NamedTuple

import msgspec

from mobileip.agents.events import GatewayHeard, LinkAnnounced
from mobileip.sim.chance import generator, poisson
from mobileip.sim.network import Port, Segment
from mobileip.sim.scenario import NOWHERE, SILENCE, Model, Step, networks
from mobileip.sim.world import MobileHost, World

FIRST_LEASE = 16


class Moving(NamedTuple):
    """A link of a node, which goes its own ways."""

    node: MobileHost
    link: str


class Connection(NamedTuple):
    """A link that is plugged in; `epoch`: where that has changed, it was unplugged again."""

    node: MobileHost
    port: Port
    segment: Segment
    epoch: int


class Place(msgspec.Struct, frozen=True):
    """Where a link of a mobile node is and since when (virtual time); None: nowhere."""

    network: str | None
    since: float


class Moves:
    """Moves every mobile node of a world until `until`. `arrived` is told of each node that came to a network
    and was in no other, `left` of each that goes and is in no other."""

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
        self.places: dict[tuple[str, str], Place] = {}
        """By names of the node and its link."""
        self._links = world.scenario.mobile.links
        self._first = self._links[0]
        names = networks(world.scenario)
        self._roaming = names if self._moves.home else [name for name in names if not name.startswith("home")]
        self._agents = {host.name: host for host in world.foreign}
        self._order = {name: place for place, name in enumerate(self._roaming)}

    def start(self) -> None:
        scenario, schedule = self._world.scenario, self._world.schedule
        if self._moves.model is not Model.SCRIPT:
            for node in self._world.nodes:
                for link in self._links:
                    schedule.after(self._chance.random() * scenario.mobile.start, self._begin, Moving(node, link))
        for step in self._moves.step:
            if step.at <= self._until:
                schedule.at(step.at, self._step, step)
            if step.announced and step.at <= self._until:
                leaving = (self._world.nodes[step.node], step.link or self._first)
                schedule.at(max(0.0, step.at - step.announced), self._announce, leaving)

    def care_of_address(self, node: MobileHost) -> IPv4Address | None:
        """With which address a node is to be registered where it is; None at home, and nowhere."""
        port = self.best(node)
        if port is None or port.segment is None or port.segment is node.home_agent.segment:
            return None
        agent = self._agents.get(port.segment.name)
        if agent is not None:
            return agent.care_of_address
        return next((interface.ip for interface in port.link.addresses), None)

    def best(self, node: MobileHost) -> Port | None:
        """The link by which a node is to be registered in the long run: its home link, else the first one that leads
        anywhere; None where none does."""
        alive = [port for port in node.host.ports.values() if self._leads_on(port)]
        at_home = [port for port in alive if port.segment is node.home_agent.segment]
        return next(iter(at_home or alive), None)

    def _leads_on(self, port: Port) -> bool:
        segment = port.segment
        return segment is not None and not port.is_dead and segment.name not in self._world.network.cut_off

    # -- mobility models

    def _begin(self, moving: Moving) -> None:
        options = self._options(moving.node)
        self.go(moving.node, options[self._chance.randrange(len(options))], link=moving.link)
        self._plan_next(moving)

    def _plan_next(self, moving: Moving) -> None:
        at = self._world.schedule.now + poisson(self._chance, self._moves.every)
        if at < self._until:
            self._world.schedule.at(at, self._move, moving)

    def _move(self, moving: Moving) -> None:
        node = moving.node
        if not node.host.awake:
            self._plan_next(moving)
            return
        here = self.places[node.host.name, moving.link].network
        there = self._next_network(node, here)
        if there != here:
            self.go(node, there, link=moving.link, silent=self._chance.random() < self._moves.silent)
        self._plan_next(moving)

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

    def _step(self, step: Step) -> None:
        node, link = self._world.nodes[step.node], step.link or self._first
        if step.to == SILENCE:
            self.silence(node, link)
        else:
            self.go(node, None if step.to == NOWHERE else step.to, link=link, silent=step.silent)

    # -- one move

    def go(self, node: MobileHost, network: str | None, *, link: str = "", silent: bool = False) -> None:
        """Unplugs a node's link (the first where none is named) and plugs it in elsewhere."""
        link = link or self._first
        host, port = node.host, node.host.ports[link]
        segment = self._world.network.segments[network] if network is not None else None
        before = port.segment
        silent = silent and segment is not None and before is not None and not (_is_plain(segment) or _is_plain(before))
        self.made += before is not None
        self.places[host.name, link] = Place(network, self._world.schedule.now)
        self._forget_leases(port)
        if not self._has_others(node, port):
            self._left(node)
        if silent and segment is not None:
            self._world.network.plug(port, segment)
            self._tell_arrival(node, port)
            return
        self._world.network.unplug(port)
        if before is not None:
            host.change_link(link, carrier=False, addresses=(), gateway=None)
        if segment is None:
            return
        connection = Connection(node, port, segment, port.epoch)
        if before is None:
            self._connect(connection)
        else:
            self._world.schedule.after(self._moves.gap, self._connect, connection)

    def silence(self, node: MobileHost, link: str) -> None:
        """From now on nothing passes, and the machine sees nothing of it; the next move of this link ends that."""
        port = node.host.ports[link]
        port.is_dead = True
        self.places[node.host.name, link] = Place(None, self._world.schedule.now)

    def _announce(self, leaving: tuple[MobileHost, str]) -> None:
        """A link manager says that a link will go down soon."""
        node, link = leaving
        node.host.give_with_entropy(LinkAnnounced, interface=link, leaving=True)

    def _tell_arrival(self, node: MobileHost, port: Port) -> None:
        """Of what a handover hangs on: another link, if there is one, carries packets meanwhile."""
        if not self._has_others(node, port):
            self._arrived(node)

    def _has_others(self, node: MobileHost, port: Port) -> bool:
        return any(other is not port and self._leads_on(other) for other in node.host.ports.values())

    def _connect(self, connection: Connection) -> None:
        node, port, segment = connection.node, connection.port, connection.segment
        if port.epoch != connection.epoch:
            return  # it has gone on already
        host, link = node.host, port.link.name
        self._world.network.plug(port, segment)
        self.places[host.name, link] = Place(segment.name, self._world.schedule.now)
        self._tell_arrival(node, port)
        host.change_link(link, carrier=True, carrier_changes=port.link.carrier_changes + 2)
        if _is_plain(segment):
            after = self._world.scenario.plain.address_after
            self._world.schedule.after(after, self._address, connection._replace(epoch=port.epoch))

    def _address(self, connection: Connection) -> None:
        """The network's DHCP server answers."""
        port, segment = connection.port, connection.segment
        if port.epoch != connection.epoch or port.is_dead:
            return
        host, link = connection.node.host, port.link.name
        size = segment.prefix.num_addresses - FIRST_LEASE - 1
        leases = self._world.network.leases
        while True:
            self._leases += 1
            address = segment.prefix[FIRST_LEASE + self._leases % size]
            if int(address) not in leases:
                break
        leases[int(address)] = port
        host.give_with_entropy(
            GatewayHeard, interface=link, address=segment.gateway, link_address=segment.gateway_link_address
        )
        interface = IPv4Interface(f"{address}/{segment.prefix.prefixlen}")
        host.change_link(link, addresses=(interface,), gateway=segment.gateway)

    def _forget_leases(self, port: Port) -> None:
        for interface in port.link.addresses:
            self._world.network.leases.pop(int(interface.ip), None)


def _is_plain(segment: Segment) -> bool:
    return segment.name.startswith("plain")
