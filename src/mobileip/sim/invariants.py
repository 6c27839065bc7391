"""What must hold whatever happens. The first breach ends the simulation with its time and its seed.

1. A packet is delivered to its own node only, and by the care-of address at which the node is bound; packets that were
   in flight when the binding changed are excepted (`grace`).
2. A binding leads to a care-of address that its own node asked for, and a visitor's packets to its own link-layer
   address, whoever sent what. Excepted is a visitor whose Request an attacker on its link took to the foreign agent
   before itself could: no RFC authenticates a link-layer address. For whom nothing was accepted yet a foreign agent may
   be ready to deliver on anybody's word (`agents/foreign/awaited.py`); of those each packet is looked at.
3. A forged, replayed or reflected message changes nothing but counters. What the RFC leaves unauthenticated (denials,
   advertisements, requests at a foreign agent) changes no binding and no visitor.
4. No table grows without bound.
5. A calm time after the last fault everybody is registered where it is.
"""

from collections.abc import Callable
from ipaddress import IPv4Address
from itertools import zip_longest

import msgspec

from mobileip.agents.home.agent import HomeAgent
from mobileip.agents.mobile.move_detection import MOST_AGENTS
from mobileip.agents.notices import Notice, RegistrationSent
from mobileip.forwarding.model import BindingRoute, ForwardingChange, MobileRoute, VisitorRoute
from mobileip.sim.host import Host
from mobileip.sim.moves import Moves
from mobileip.sim.packet import REPLY, REQUEST, Packet
from mobileip.sim.world import HomeHost, MobileHost, World

KERNEL_OBJECTS, KERNEL_OBJECTS_OF_LINK = 20, 12
"""The most of a mobile node, and those for each link more."""
SETTLED = ("registered", "renewing")
AT_HOME = "at_home"

AUTHENTICATED = frozenset({"forge", "replay", "reflect"})
"""Attacks on messages that an authenticator protects."""


class InvariantBroken(AssertionError):
    """What must hold did not."""


class _Bound(msgspec.Struct):
    """Where one home address is bound, as its home agent's forwarding says; virtual times."""

    care_of: IPv4Address | None = None
    since: float = -1e9
    ended: dict[IPv4Address, float] = {}
    """Earlier care-of addresses, and when each ended."""


class Invariants:
    def __init__(self, world: World, moves: Moves) -> None:
        self._world = world
        self._moves = moves
        self._bound = {address: _Bound(ended={}) for address in world.by_home_address}
        self._asked: dict[int, set[IPv4Address]] = {address: set() for address in world.by_home_address}
        self._delivered: dict[str, set[bytes]] = {}
        """Signed messages that reached a machine, by its name: what comes again is a replay."""
        self._overtaken: set[tuple[str, bytes]] = set()
        """Foreign agents and home addresses (4 octets) whose Requests an attacker delivered."""
        scenario = world.scenario
        self.grace = 2 * (scenario.core.longest + scenario.access.longest)
        """From the home agent over the core and a link, and as long again for packets on their way to it."""
        self.checked = 0
        """Packets, messages and tables that were looked at."""

    # -- what happens

    def noticed(self, host: Host, notice: Notice) -> None:
        if isinstance(notice, RegistrationSent) and host.home_address is not None:
            self._asked[int(host.home_address)].add(notice.care_of_address)

    def changed(self, host: Host, change: ForwardingChange) -> None:
        if host.role == "home":
            self._bindings_changed(host, change)
        elif host.role == "foreign":
            self._visitors_changed(host, change)

    def rebooted(self, host: Host) -> None:
        """Its memory is empty: bindings are gone, and it can't know what it heard before."""
        self._delivered.pop(host.name, None)
        for home in self._world.homes:
            if home.host is host:
                for node in self._world.nodes:
                    if node.home_agent is home:
                        self._unbound(int(node.home_address))

    def _bindings_changed(self, host: Host, change: ForwardingChange) -> None:
        for kind, subject in change.remove:
            if kind == BindingRoute.__name__:
                self._unbound(int(IPv4Address(subject.partition("/")[2])))
        for wish in change.install:
            if isinstance(wish, BindingRoute):
                home, care_of = int(wish.home_address), wish.tunnels[-1].remote
                if care_of not in self._asked[home]:
                    self._broken(2, f"{host.name} binds {wish.home_address} to {care_of}, which it never asked for")
                if self._bound[home].care_of != care_of:
                    self._unbound(home)
                    bound = self._bound[home]
                    bound.care_of, bound.since = care_of, self._world.schedule.now
                    bound.ended.pop(care_of, None)
                self.checked += 1

    def _unbound(self, home: int) -> None:
        bound = self._bound[home]
        if bound.care_of is not None:
            now = self._world.schedule.now
            bound.ended = {c: at for c, at in bound.ended.items() if now - at <= self.grace}
            bound.ended[bound.care_of] = now
            bound.care_of, bound.since = None, now

    def _visitors_changed(self, host: Host, change: ForwardingChange) -> None:
        for wish in change.install:
            if isinstance(wish, VisitorRoute):
                is_right = self._is_own(host, wish.home_address, wish.link_address)
                if not is_right and not _is_awaited(host, wish):
                    self._misdelivered(host, wish.home_address, wish.link_address)
                self.checked += 1

    def _is_own(self, host: Host, home_address: IPv4Address, link_address: bytes) -> bool:
        """Whether packets for `home_address` may go to that station of a foreign agent's link."""
        if (host.name, home_address.packed) in self._overtaken:
            return True
        node = self._world.by_home_address.get(int(home_address))
        return node is not None and any(link_address == port.link_address for port in node.host.ports.values())

    def _misdelivered(self, host: Host, home_address: IPv4Address, link_address: bytes) -> None:
        self._broken(2, f"{host.name} sends packets of {home_address} to {link_address.hex(':')}")

    # -- packets

    def delivered(self, host: Host, link_address: bytes, packet: bytes) -> None:
        """A packet leaves a foreign agent's tunnel as a frame."""
        if host.role == "foreign":
            self.checked += 1
            destination = IPv4Address(packet[16:20])
            if not self._is_own(host, destination, link_address):
                self._misdelivered(host, destination, link_address)

    def received(self, host: Host, packet: bytes, via: IPv4Address | None) -> None:
        destination = IPv4Address(packet[16:20])
        if destination != host.home_address:
            self._broken(1, f"{host.name} ({host.home_address}) got a packet for {destination}")
        bound, now = self._bound[int(destination)], self._world.schedule.now
        if via is None:
            is_right = bound.care_of is None or now - bound.since <= self.grace
        else:
            is_right = via == bound.care_of or now - bound.ended.get(via, -1e9) <= self.grace
        if not is_right:
            way = "on its home link" if via is None else f"by {via}"
            self._broken(
                1, f"{host.name} got a packet {way}, but is bound at {bound.care_of} since {bound.since:.3f} s"
            )
        self.checked += 1

    # -- attacks

    def heard(self, host: Host, packet: Packet) -> None:
        """An honest message reached a machine (asked for only where there are attackers)."""
        if packet.kind in (REQUEST, REPLY):
            self._delivered.setdefault(host.name, set()).add(packet.payload)

    def attacked(self, host: Host, packet: Packet, deliver: Callable[[], None]) -> None:
        """Delivers an attacker's message, and compares."""
        if packet.attack == "replay" and packet.payload not in self._delivered.get(host.name, ()):
            # It never came before: late, not replayed, or the attacker was faster than the node.
            self.heard(host, packet)
            self._overtaken.add((host.name, packet.payload[4:8]))
            deliver()
            return
        host.settle()
        before = _protected(host, packet)
        deliver()
        after = _protected(host, packet)
        self.checked += 1
        if before != after:
            changes = [f"{b} -> {a}" for b, a in zip_longest(before, after) if a != b]
            self._broken(3, f"an attacker's message ({packet.attack}, {packet.kind}) at {host.name} changed {changes}")

    # -- tables

    def check_tables(self, some: int) -> None:
        """Every agent's tables, and those of one mobile node in `some`, against their bounds."""
        for home in self._world.homes:
            self._check_home(home)
        for host in self._world.foreign:
            agent = host.node.foreign
            if agent is None:
                continue
            snapshot, config = agent.snapshot(), agent.config
            self._at_most(host, "visitors", len(snapshot.visitors), config.maximum_visitors)
            self._at_most(host, "pending registrations", len(snapshot.pending), config.maximum_pending_total)
        for node in self._world.nodes[::some]:
            mobile = node.host.node.mobile
            if mobile is not None:
                self._at_most(node.host, "agents heard", len(mobile.snapshot().agents), MOST_AGENTS)
                most = KERNEL_OBJECTS + KERNEL_OBJECTS_OF_LINK * len(node.host.ports)
                self._at_most(node.host, "kernel objects", len(node.host.kernel.objects), most)

    def _check_home(self, home: HomeHost) -> None:
        agent = home.host.node.home
        if agent is not None:
            bindings = len(agent.snapshot().bindings)
            self._at_most(home.host, "bindings", bindings, home.nodes * agent.config.maximum_simultaneous_bindings)

    def _at_most(self, host: Host, what: str, size: int, bound: int) -> None:
        self.checked += 1
        if size > bound:
            self._broken(4, f"{host.name} has {size} {what}, at most {bound} are allowed")

    # -- the end

    def check_convergence(self) -> None:
        """Everybody is registered where it is: at its home agent, at the foreign agent, and in its own eyes."""
        bindings = {home.host.name: _bindings(home.host.node.home) for home in self._world.homes}
        visitors = {}
        for host in self._world.foreign:
            agent = host.node.foreign
            visitors[host.name] = (
                {int(v.home_address) for v in agent.snapshot().visitors} if agent is not None else set()
            )
        for node in self._world.nodes:
            self.checked += 1
            self._check_node(node, bindings[node.home_agent.host.name], visitors)

    def _check_node(self, node: MobileHost, bindings: dict[int, IPv4Address], visitors: dict[str, set[int]]) -> None:
        name, address = node.host.name, int(node.home_address)
        port, mobile = self._moves.best(node), node.host.node.mobile
        if port is None or mobile is None:
            return
        place = self._moves.places[name, port.link.name]
        expected = self._moves.care_of_address(node)
        snapshot, bound = mobile.snapshot(), bindings.get(address)
        told = f"{name} is at {place.network} since {place.since:.3f} s, where its care-of address is {expected}"
        if bound != expected:
            self._broken(5, f"{told}, but its home agent binds it to {bound} (its own state: {snapshot.state})")
        if expected is None:
            if snapshot.state != AT_HOME:
                self._broken(5, f"{told}, but it believes to be {snapshot.state}")
            return
        registered = snapshot.registration.care_of_address if snapshot.registration else None
        if snapshot.state not in SETTLED or registered != expected:
            self._broken(5, f"{told}, but it believes to be {snapshot.state} with {registered}")
        if place.network in visitors and address not in visitors[place.network]:
            self._broken(5, f"{told}, but it is no visitor there")

    def _broken(self, law: int, text: str) -> None:
        raise InvariantBroken(f"at {self._world.schedule.now:.6f} s, invariant {law}: {text}")


def _bindings(agent: HomeAgent | None) -> dict[int, IPv4Address]:
    if agent is None:
        return {}
    return {int(b.home_address): b.care_of_address for b in agent.snapshot().bindings}


def _visitors(host: Host) -> set[IPv4Address]:
    agent = host.node.foreign
    return {visitor.home_address for visitor in agent.snapshot().visitors} if agent is not None else set()


def _is_awaited(host: Host, route: VisitorRoute) -> bool:
    """Whether it is there for a Request that waits for its Reply, and for no visitor."""
    agent = host.node.foreign
    if agent is None or route.home_address in _visitors(host):
        return False
    asked = {(pending.home_address, pending.link_address) for pending in agent.snapshot().pending}
    return (route.home_address, route.link_address) in asked


def _protected(host: Host, packet: Packet) -> tuple[object, ...]:
    """What an attacker's message may not change at a machine."""
    node = host.node
    parts: list[object] = []
    if node.home is not None:
        parts += [node.home.snapshot().bindings, node.home.forwarding()]
    if node.foreign is not None:
        # Pending registrations are for everybody to make: bounded, and ended by time. So is the readiness to deliver to
        # them, as long as there is no visitor: `Invariants.delivered` looks at what comes of it.
        visitors = _visitors(host)
        wishes = node.foreign.forwarding().wishes.values()
        of_visitors = [w for w in wishes if not isinstance(w, VisitorRoute) or w.home_address in visitors]
        parts += [node.foreign.snapshot().visitors, of_visitors]
    if node.mobile is not None:
        if packet.attack in AUTHENTICATED:
            parts += [msgspec.structs.replace(node.mobile.snapshot(), counters={}), node.mobile.forwarding()]
        elif packet.kind == REPLY:
            parts += [w for w in node.mobile.forwarding().wishes.values() if isinstance(w, MobileRoute)]
    return tuple(parts)
