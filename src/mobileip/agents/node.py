"""A node: up to three roles, and the advertisements that make its agents known, as one agent.

Each message goes to one role (`dispatch.py`); what happens to the machine or to time goes to all. The node adds
no rule of its own. No two roles want the same thing forwarded differently: each kind of wish belongs to one of
them, but for `AgentLink`, which is the same from both agents and stays as long as they do.
"""

from collections import Counter

from mobileip.agents.advertising import Advertiser
from mobileip.agents.agent import Agent
from mobileip.agents.dispatch import OwnLinks, Role, Roles, role_of
from mobileip.agents.events import (
    AdvertisementArrived,
    Arrival,
    DeregisterCommanded,
    Event,
    GatewayHeard,
    HandoverCommanded,
    LinkAnnounced,
    LinkChanged,
    LinkRemoved,
    LinkUsed,
    MessageArrived,
    PreferCommanded,
    ProbeAnswered,
    RegisterCommanded,
    Resumed,
    SolicitationArrived,
)
from mobileip.agents.foreign.agent import ForeignAgent
from mobileip.agents.home.agent import HomeAgent
from mobileip.agents.instant import Deadline, Instant
from mobileip.agents.mobile.agent import MobileNode
from mobileip.agents.notices import Discarded
from mobileip.agents.offers import combine
from mobileip.agents.outputs import Notify, Output
from mobileip.forwarding.drop_reason import DropReason
from mobileip.forwarding.model import ForwardingState


class Node:
    """One node in any mix of roles. Implements `agents.agent.Agent`.

    `predecessor`: the node whose place this one takes (a new configuration). Where it had the same agents, the
    sequence numbers of advertisements go on; agents that are new begin with 0, which tells mobile nodes to
    register again (RFC 5944 §2.3.2).
    """

    def __init__(
        self,
        home: HomeAgent | None = None,
        foreign: ForeignAgent | None = None,
        mobile: MobileNode | None = None,
        predecessor: "Node | None" = None,
    ) -> None:
        self.home = home
        self.foreign = foreign
        self.mobile = mobile
        self.counters: Counter[str] = Counter()
        """What found no role, by name."""
        self._roles = _roles(home, foreign, mobile)
        if foreign is not None:
            foreign.know_home_agents({home.config.address} if home is not None else ())
        self._own_links = OwnLinks()
        goes_on = predecessor is not None and (predecessor.home, predecessor.foreign) == (home, foreign)
        self._advertiser = Advertiser(
            combine(agent.offers() for agent in (home, foreign) if agent is not None),
            busy=lambda: foreign is not None and foreign.busy,
            # R5944-2.3.2-a, R5944-2.3.2-b
            sequence_number=predecessor.sequence_number if predecessor is not None and goes_on else 0,
        )
        if foreign is not None:
            foreign.know_advertiser(self._advertiser.tell_reset)
        agents: tuple[Agent | None, ...] = (home, foreign, mobile, self._advertiser)
        self._agents = [agent for agent in agents if agent is not None]

    # -- the shape of every agent

    def handle(self, event: Event, now: Instant) -> list[Output]:
        """What follows from `event`, role by role."""
        match event:
            case MessageArrived():
                return self._message(event, now)
            case SolicitationArrived():
                return self._solicitation(event, now)
            case AdvertisementArrived() if self._own_links.sent(event.arrival):
                return []
            case (
                AdvertisementArrived()
                | GatewayHeard()
                | RegisterCommanded()
                | DeregisterCommanded()
                | HandoverCommanded()
                | PreferCommanded()
                | LinkAnnounced()
                | Resumed()
                | ProbeAnswered()
                | LinkUsed()
            ):
                return self.mobile.handle(event, now) if self.mobile is not None else []
            case LinkChanged(link=link):
                self._own_links.change(link)
            case LinkRemoved(name=name):
                self._own_links.remove(name)
            case _:
                pass
        return [output for agent in self._agents for output in agent.handle(event, now)]

    def next_deadline(self) -> Deadline | None:
        """The earliest of all roles."""
        deadlines = (agent.next_deadline() for agent in self._agents)
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def forwarding(self) -> ForwardingState:
        """What all roles together want."""
        return ForwardingState.of(wish for agent in self._agents for wish in agent.forwarding().wishes.values())

    @property
    def sequence_number(self) -> int:
        """Of the next advertisement (RFC 5944 §2.3.2)."""
        return self._advertiser.sequence_number

    # -- one role each

    def _message(self, event: MessageArrived, now: Instant) -> list[Output]:
        arrival, message = event.arrival, event.decoded.message
        # Only there it matters, and a home agent has many messages.
        is_ours = arrival.interface in self._roles.foreign_links and self._own_links.sent(arrival)
        match role_of(message, arrival, self._roles, is_ours=is_ours):
            case Role.HOME_AGENT if self.home is not None:
                return self.home.handle(event, now)
            case Role.FOREIGN_AGENT if self.foreign is not None:
                return self.foreign.handle(event, now)
            case Role.MOBILE_NODE if self.mobile is not None:
                return self.mobile.handle(event, now)
            case _:
                detail = f"message type {message.TYPE} on {arrival.interface} is for no role of ours"
                return self._discard(DropReason.NOT_FOR_US, detail, arrival, event.decoded.octets)

    def _solicitation(self, event: SolicitationArrived, now: Instant) -> list[Output]:
        code = event.solicitation.code
        # R1256-4.2-a: "A router must silently discard any received Router Solicitation messages that do not satisfy the
        # following validity checks: [...] ICMP Code is 0."
        if code != 0:
            return self._discard(DropReason.BAD_VALUE, f"a solicitation with code {code}", event.arrival)
        # What our own mobile node asks is not for our own agents.
        return [] if self._own_links.sent(event.arrival) else self._advertiser.handle(event, now)

    def _discard(self, reason: DropReason, detail: str, arrival: Arrival, octets: bytes = b"") -> list[Output]:
        # R5944-1.7-b: "SHOULD record the event in a statistics counter". R3115-1-a
        self.counters[f"discarded_{reason.value}"] += 1
        source = arrival.source
        # R5944-1.7-a, R3115-1-a: "logging the error, including the contents of the discarded datagram".
        return [Notify(Discarded(role="node", reason=reason, detail=detail, source=source, octets=octets))]


def _roles(home: HomeAgent | None, foreign: ForeignAgent | None, mobile: MobileNode | None) -> Roles:
    return Roles(
        home_agent=home.config.address if home is not None else None,
        care_of_address=foreign.config.care_of_address if foreign is not None else None,
        foreign_links=frozenset(foreign.config.links) if foreign is not None else frozenset(),
        home_address=mobile.config.home_address if mobile is not None else None,
        mobile_links=frozenset(mobile.config.links) if mobile is not None else frozenset(),
    )
