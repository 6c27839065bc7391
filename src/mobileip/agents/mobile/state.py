"""Everything that a mobile node remembers, in one place; the modules around it are rules that change it."""

import math
from ipaddress import IPv4Address

import msgspec

from mobileip.agents.mobile.attachment import Place
from mobileip.agents.mobile.config import MobileNodeConfig
from mobileip.agents.mobile.link import LinkView
from mobileip.agents.mobile.rate import RateLimit
from mobileip.agents.mobile.refusals import Refusals
from mobileip.agents.mobile.registration import FIRST_TIMEOUT, Binding, Registration
from mobileip.agents.mobile.terms import Amendments
from mobileip.agents.notices import TunnelAgreed
from mobileip.forwarding.model import Key, TunnelExit
from mobileip.security.replay import IdentificationMaker
from mobileip.wire.subtypes import NaiCarryingSubtype

TEXT_INTERVAL, TEXT_BURST = 10.0, 5
"""Texts for people (RFC 4917), on average and at once: those of foreign agents come from anybody."""


class Announcing:
    """The gratuitous ARPs of a return home that are still to be sent (RFC 5944 §4.6)."""

    def __init__(self, interface: str, now: float, times: int) -> None:
        self.interface = interface
        self.due = now
        self.left = times


def known_identities(config: MobileNodeConfig) -> dict[int, str]:
    """Those that are configured."""
    # R3846-4-c: who "requires a specific home agent" whose identity it knows tells it in the first Request.
    return {NaiCarryingSubtype.HOME_AGENT: config.home_agent_nai} if config.home_agent_nai else {}


class Revoked(msgspec.Struct, frozen=True, kw_only=True):
    """What a revocation ended, so that one that is sent again can be acknowledged again (RFC 3543 §4.2.2.1)."""

    binding: Binding
    identifier: int


class NodeState:
    """Links and registrations by interface name; `active` is the link that the chooser decided for."""

    def __init__(self, config: MobileNodeConfig) -> None:
        self.configured = config
        self.config = config
        """With the home address that was assigned, if one was."""
        self.home_agent = config.home_agent
        """The one to be asked: configured, named by code 136, or assigned."""
        self.requested_home_agent = config.preferred_home_agent
        """The one that we ask to be assigned (RFC 4433 §3.4.1): preferred, or named by code 143."""
        self.session_ends_at: float | None = None
        """When what was assigned is ours no more: see `session.py`."""
        self.identities = known_identities(config)
        """Network Access Identifiers of our home agents, by subtype (RFC 3846)."""
        self.maker = IdentificationMaker(config.association.replay, coarse=config.coarse_identification)
        self.corrections = 0
        """How often code 133 corrected our Identifications."""
        self.clock_offset = 0.0
        # "A mobile node MUST NOT attempt to register more often than once per second". What was not used is not saved
        # up, and nothing else holds up the first request after a move.
        # R5944-3.6-g, R5944-2.4.2-b
        self.limit = RateLimit(FIRST_TIMEOUT)
        self.texts = RateLimit(TEXT_INTERVAL, burst=TEXT_BURST)
        self.round_trip = 0.0
        """Seconds between the last Request that a home agent answered and its answer."""
        self.revoked: Revoked | None = None
        """The latest revocation, until something is registered again."""
        self.refusals = Refusals()
        self.amendments = Amendments()
        self.former: dict[Key, TunnelExit] = {}
        """Exits of what was left a moment ago, see `former.py`."""
        self.wanted_link: str | None = None
        """Commanded by an operator, until it is lost."""
        self.preferred_link: str | None = None
        """By an operator, to all others."""
        self.changed_at = -math.inf
        """When the node changed to a better link without need."""
        self.has_other = False
        """Whether there is another way than the one that was chosen."""
        self.alone_at: float | None = None
        """When the home agent is to be asked to keep the present binding only, after a change with S."""
        self.told_tunnel: TunnelAgreed | None = None
        """What operators were told of the tunnel last."""
        self.ranks = {name: rank for rank, name in enumerate(config.links)}
        self.links = {name: LinkView(name, config) for name in config.links}
        self.registrations = {name: Registration() for name in config.links}
        self.active: str | None = None
        self.wanted = True
        """False from `mip deregister` until `mip register`: then nothing is registered away from home."""
        self.started = False
        self.stopping = False
        self.farewell_at: float | None = None
        """When the last deregistration leaves, though the node is stopping."""
        self.announcing: Announcing | None = None
        self.last_denial: int | None = None
        self.counters: dict[str, int] = {}

    @property
    def registration(self) -> Registration | None:
        """The one of the active link."""
        return self.registrations[self.active] if self.active is not None else None

    def is_unanswered(self, registration: Registration, now: float) -> bool:
        """Whether the time is over in which the latest Request was to be answered: when the next one may leave. A
        deadline wakes us then, so that no message that happens to come in decides anything by it."""
        send_at = registration.send_at
        return send_at is not None and now >= self.limit.ready_at(send_at)

    @property
    def direct_to(self) -> IPv4Address | None:
        """Where Requests go that no foreign agent relays; None: only a foreign agent could know."""
        if self.config.discovers or not self.config.seeks(self.home_agent):
            return self.home_agent
        # R4433-5.1.2-i: "the HA address in that extension MUST match the destination IP of the Request".
        return self.requested_home_agent

    def forget_home_agent(self) -> None:
        """Asks whom the configuration names."""
        self.home_agent = self.configured.home_agent
        self.requested_home_agent = self.configured.preferred_home_agent

    def count(self, what: str) -> None:
        self.counters[what] = self.counters.get(what, 0) + 1

    def registered_at(self) -> set[Place]:
        """Where something is in force."""
        return {r.binding.attachment.place for r in self.registrations.values() if r.binding is not None}
