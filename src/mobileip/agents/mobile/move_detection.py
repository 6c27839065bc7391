"""Which agents are heard on one link, and what their advertisements tell about having moved (RFC 5944
§2.4.2, §2.4.4).

An agent is believed until the lifetime of its last advertisement ends (algorithm 1). Algorithm 2 goes
further: an agent that was not heard here before and advertises another prefix means that this is another
network, so what was heard before is *doubted* at once. Doubt is not loss: a doubted agent is no candidate,
but nothing that is registered ends by it. Two agents with different prefixes may also share one link. Then
the doubted one is heard again, and no longer doubted; and since that is also what a return to its network
looks like, a solicitation is sent, and the others are believed only for as long as an answer may take.

Each agent carries an *incarnation*, a number of the link's own count. A new number (first heard, rebooted,
heard again after doubt, another link-layer address) makes a new point of attachment, which is registered
anew.
"""

from enum import Enum
from ipaddress import IPv4Address, IPv4Network

import msgspec

from mobileip.agents.events import Arrival
from mobileip.agents.mobile.attachment import TunnelOffer
from mobileip.agents.mobile.config import MoveDetection
from mobileip.wire.agent_discovery import AgentAdvertisement, MobilityAgentAdvertisementExtension

PROBE_TIME = 2.5
"""Seconds in which a present agent answers a solicitation: MAX_RESPONSE_DELAY is 2 s (RFC 1256 §6)."""
MOST_AGENTS = 16
"""Advertisements bear no authentication: what they can make us remember is bounded."""
SEQUENCE_AFTER_ROLLOVER = 256
"""RFC 5944 §2.3.2: 0xffff is followed by 256, so that a smaller number means a reboot."""
ROUTES_COMMON_TRAFFIC, ROUTES_NONE = 0, 16
"""RFC 5944 §2.1: the two ICMP codes of an Agent Advertisement."""


class KnownAgent(msgspec.Struct, frozen=True, kw_only=True):
    """One sender of advertisements (agent or plain router) as it is known now. Times are boot time, s."""

    address: IPv4Address
    """IP source of the advertisement: where a Registration Request goes (RFC 5944 §3.6.1.1)."""
    link_address: bytes
    incarnation: int
    routers: tuple[IPv4Address, ...] = ()
    prefixes: frozenset[IPv4Network] = frozenset()
    """Empty without a Prefix-Lengths Extension."""
    is_agent: bool = False
    """Its advertisement bears the Mobility Agent Advertisement Extension."""
    care_of_addresses: tuple[IPv4Address, ...] = ()
    home_agent: bool = False
    foreign_agent: bool = False
    busy: bool = False
    registration_required: bool = False
    registration_lifetime: int = 0
    offer: TunnelOffer = TunnelOffer()
    sequence_number: int = 0
    heard_at: float = 0.0
    expires_at: float = 0.0
    doubted: bool = False
    is_expected: bool = False
    """Not heard since the link is up: it was here before."""

    @property
    def key(self) -> "Key":
        return (self.address, self.home_agent, self.foreign_agent)


class Heard(Enum):
    """What an advertisement turned out to be."""

    FIRST = "first"
    SAME = "same"
    REBOOTED = "rebooted"
    """RFC 5944 §2.4.4."""
    RETURNED = "returned"
    """It was doubted."""
    WITHDRAWN = "withdrawn"
    """Lifetime 0: it is an agent no more (RFC 1256 §4.1)."""


Key = tuple[IPv4Address, bool, bool]
"""Source, home agent, foreign agent. A machine with both roles may advertise each by itself, with a count of
its own; and it may advertise as a plain router besides (RFC 5944 §2.1)."""


class HeardAgents:
    """The agents of one link."""

    __slots__ = ("_agents", "_incarnations", "_method", "_said")

    def __init__(self, method: MoveDetection) -> None:
        self._method = method
        self._agents: dict[Key, KnownAgent] = {}
        self._incarnations = 0
        self._said: dict[Key, AgentAdvertisement] = {}
        """What believed agents advertised, as long as nothing else has happened since: see `hear_again`."""

    def believed(self) -> list[KnownAgent]:
        """What may be registered with."""
        return [agent for agent in self._agents.values() if not agent.doubted]

    def next_expiry(self) -> float | None:
        return min([agent.expires_at for agent in self._agents.values()], default=None)

    def has_expired(self, now: float) -> bool:
        """Whether `expire` would take one out."""
        return any([agent.expires_at <= now for agent in self._agents.values()])  # noqa: C419 - faster: heard most of all

    def hear(
        self,
        advertisement: AgentAdvertisement,
        arrival: Arrival,
        now: float,
        registered_with: IPv4Address | None = None,
    ) -> Heard:
        """Takes in one advertisement that `complaint` has nothing against. `registered_with` is never
        forgotten for room."""
        agent = _agent_of(advertisement, arrival, now)
        heard = self._hear(agent, advertisement, now, registered_with)
        if heard is not Heard.SAME:
            self._said.clear()
        if advertisement.lifetime:
            self._said[agent.key] = advertisement
        return heard

    def hear_again(self, advertisement: AgentAdvertisement, arrival: Arrival, now: float) -> bool:
        """Takes in an advertisement that says what its sender, a believed agent, said before; False, and nothing
        is done, when it may be anything else.

        Nearly every advertisement is such a one, and a node hears them all its life.
        """
        for key, said in self._said.items():
            known = self._agents[key]
            if known.link_address == arrival.link_source and known.address == arrival.source:
                number = _number_of_repetition(said, advertisement)
                if number is not None and number > known.sequence_number:
                    self._agents[key] = msgspec.structs.replace(
                        known, heard_at=now, expires_at=now + advertisement.lifetime, sequence_number=number
                    )
                    return True
        return False

    def _hear(
        self, agent: KnownAgent, advertisement: AgentAdvertisement, now: float, registered_with: IPv4Address | None
    ) -> Heard:
        known = self._agents.get(agent.key)
        if advertisement.lifetime == 0:
            self._agents.pop(agent.key, None)
            return Heard.WITHDRAWN if known is not None else Heard.SAME
        if known is None and self._replaces_another(agent):
            self._remember(agent)
            return Heard.REBOOTED
        if known is None or known.link_address != agent.link_address:
            self._make_room(agent.key, registered_with)
            self._remember(agent)
            if self._method is MoveDetection.BY_PREFIX and agent.is_agent:
                self._doubt_elsewhere(agent)
            return Heard.FIRST
        if known.doubted:
            self._remember(agent)
            self._shorten_elsewhere(agent, now + PROBE_TIME)
            return Heard.RETURNED
        if _rebooted(known, agent):
            self._remember(agent)
            return Heard.REBOOTED
        self._agents[agent.key] = msgspec.structs.replace(agent, incarnation=known.incarnation)
        return Heard.FIRST if known.is_expected else Heard.SAME

    def _replaces_another(self, agent: KnownAgent) -> bool:
        """Whether this machine was an agent with other roles before, and its count began again. What it was is
        doubted at once; should it advertise both by themselves, it will be heard again."""
        for other in self._agents.values():
            is_machine = (other.address, other.link_address) == (agent.address, agent.link_address)
            if is_machine and other.is_agent and _rebooted(other, agent):
                self._agents[other.key] = msgspec.structs.replace(other, doubted=True)
                return True
        return False

    def expire(self, now: float) -> list[KnownAgent]:
        """Forgets those whose lifetime has ended."""
        # R5944-2.4.2.1-b: "it SHOULD assume that it has lost contact". R5944-2.4.2.2-d, R1256-5.3-a
        lost = [agent for agent in self._agents.values() if agent.expires_at <= now]
        for agent in lost:
            del self._agents[agent.key]
        if lost:
            self._said.clear()
        return lost

    def doubt_all(self) -> None:
        """The link may be another one now."""
        self._said.clear()
        self._agents = {k: msgspec.structs.replace(a, doubted=True) for k, a in self._agents.items()}

    def foreign_agent(self, address: IPv4Address) -> KnownAgent | None:
        """The one with that address, doubted or not."""
        agents = (agent for agent in self._agents.values() if agent.foreign_agent)
        return next((agent for agent in agents if agent.address == address), None)

    def expect(self, agent: KnownAgent, now: float) -> None:
        """Believes one that was here before, for as long as its answer to a solicitation may take."""
        until = min(agent.expires_at, now + PROBE_TIME)
        self._said.clear()
        self._remember(msgspec.structs.replace(agent, expires_at=until, doubted=False, is_expected=True))

    def forget_all(self) -> list[KnownAgent]:
        """The link is gone."""
        lost = list(self._agents.values())
        self._agents.clear()
        self._said.clear()
        return lost

    def _remember(self, agent: KnownAgent) -> None:
        self._incarnations += 1
        self._agents[agent.key] = msgspec.structs.replace(agent, incarnation=self._incarnations)

    def _make_room(self, newcomer: Key, registered_with: IPv4Address | None) -> None:
        if newcomer in self._agents or len(self._agents) < MOST_AGENTS:
            return
        others = [agent for agent in self._agents.values() if agent.address != registered_with]
        del self._agents[min(others, key=lambda agent: agent.heard_at).key]

    def _doubt_elsewhere(self, agent: KnownAgent) -> None:
        for other in self._agents.values():
            if in_another_network(agent, other):
                self._agents[other.key] = msgspec.structs.replace(other, doubted=True)

    def _shorten_elsewhere(self, agent: KnownAgent, until: float) -> None:
        for other in self._agents.values():
            if in_another_network(agent, other) and other.expires_at > until:
                self._agents[other.key] = msgspec.structs.replace(other, expires_at=until)


def in_another_network(one: KnownAgent, other: KnownAgent) -> bool:
    """Whether two agents can't be on one network."""
    # R5944-2.4.2.2-a, R5944-2.4.2.2-b: "if this Extension is missing from one or both of the advertisements, this
    # method of move detection SHOULD NOT be used".
    return bool(one.prefixes and other.prefixes) and one.prefixes.isdisjoint(other.prefixes)


def complaint(advertisement: AgentAdvertisement, arrival: Arrival) -> str | None:
    """What is wrong with an advertisement, in words; None when nothing is."""
    mobility = advertisement.mobility
    # R1256-5.2-a, but RFC 5944 §2.1 knows a second code.
    if advertisement.code not in (ROUTES_COMMON_TRAFFIC, ROUTES_NONE):
        return f"ICMP code {advertisement.code}"
    # R3543-6.1-a: whoever is not on the link could not send one with it (RFC 5944 §2.1: "the TTL for all Agent
    # Advertisements MUST be set to 1").
    if mobility and arrival.ttl != 1:
        return f"TTL {arrival.ttl}"
    if arrival.link_source is None:
        # RFC 5944 §3.6.1.1: the Request's "link-layer Destination Address [is] copied from the link-layer
        # source address of the Agent Advertisement"; without it the agent can't be reached, since ARP is
        # forbidden (§4.6).
        return "no link-layer source"
    if arrival.source.is_unspecified or arrival.source.is_multicast or arrival.source.is_loopback:
        return f"source {arrival.source}"
    if mobility and not (mobility.home_agent or mobility.foreign_agent):
        return "neither a home agent nor a foreign agent"
    if mobility and mobility.foreign_agent and not mobility.care_of_addresses:
        return "a foreign agent without a care-of address"
    return None


def _agent_of(advertisement: AgentAdvertisement, arrival: Arrival, now: float) -> KnownAgent:
    mobility = advertisement.mobility
    common = KnownAgent(
        address=arrival.source,
        link_address=arrival.link_source or b"",
        incarnation=0,
        routers=tuple(router.address for router in advertisement.routers),
        prefixes=_prefixes(advertisement),
        heard_at=now,
        # R5944-2.4.2.1-a: "The mobile node SHOULD record the Lifetime received in any Agent Advertisements".
        expires_at=now + advertisement.lifetime,
    )
    if mobility is None:
        return common
    return msgspec.structs.replace(
        common,
        is_agent=True,
        care_of_addresses=mobility.care_of_addresses,
        home_agent=mobility.home_agent,
        foreign_agent=mobility.foreign_agent,
        busy=mobility.busy,
        registration_required=mobility.registration_required,
        registration_lifetime=mobility.registration_lifetime,
        offer=TunnelOffer(
            reverse_tunnel=mobility.reverse_tunneling,
            gre=mobility.gre_encapsulation,
            minimal=mobility.minimal_encapsulation,
            behind_nat=mobility.udp_tunneling,
        ),
        sequence_number=mobility.sequence_number,
    )


def _prefixes(advertisement: AgentAdvertisement) -> frozenset[IPv4Network]:
    """RFC 5944 §2.1.2: one length for each router address, in the same order."""
    extension = advertisement.prefix_lengths
    lengths = extension.prefix_lengths if extension else ()
    return frozenset(
        IPv4Network((router.address, length), strict=False)
        for router, length in zip(advertisement.routers, lengths, strict=False)
        if 0 < length <= 32
    )


def _number_of_repetition(said: AgentAdvertisement, now_said: AgentAdvertisement) -> int | None:
    """The sequence number of an agent's advertisement that differs from an earlier one by nothing else."""
    if (
        said.routers != now_said.routers
        or said.lifetime != now_said.lifetime
        or said.code != now_said.code
        or len(said.extensions) != len(now_said.extensions)
    ):
        return None
    number = None
    for before, now in zip(said.extensions, now_said.extensions, strict=True):
        if isinstance(before, MobilityAgentAdvertisementExtension) and type(now) is type(before):
            number = now.sequence_number if number is None else number
            before = msgspec.structs.replace(before, sequence_number=now.sequence_number)  # noqa: PLW2901
        if before != now:
            return None
    return number


def _rebooted(known: KnownAgent, agent: KnownAgent) -> bool:
    """By the count of its advertisements."""
    new = agent.sequence_number
    # R5944-2.4.4-a: the second number "is less than the first and inside the range 0 to 255". R5944-2.4.4-b: "greater
    # than or equal to 256" is a rollover. R3543-4.1-a
    return agent.is_agent and new < known.sequence_number and new < SEQUENCE_AFTER_ROLLOVER
