"""What a mobile node shows of itself."""

from ipaddress import IPv4Address, IPv4Interface

import msgspec


class HeardAgent(msgspec.Struct, frozen=True, kw_only=True):
    """An agent whose advertisement is still believed. Times are boot time, seconds."""

    interface: str
    address: IPv4Address
    link_address: bytes
    care_of_addresses: tuple[IPv4Address, ...]
    home_agent: bool
    foreign_agent: bool
    busy: bool
    registration_lifetime: int
    sequence_number: int
    heard_at: float
    expires_at: float


class LinkSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """One link as the mobile node sees it: `state` down | up | addressed | agent_heard | registered | verified |
    dead."""

    name: str
    state: str
    addresses: tuple[IPv4Interface, ...] = ()
    score: int = 0
    """Points: the link with the most is wanted."""
    why: str = ""
    """What the score is made of, and what keeps the link from being chosen, in words."""
    metered: bool = False
    leaving: bool = False
    """A link manager said that it will go down soon."""
    trusted_at: float | None = None
    """Boot time, s: from then on it may be preferred to one that works; None: it may."""
    delay: float | None = None
    """Seconds to the home agent and back, as probes found it lately."""
    loss: float | None = None
    """Part of the latest probes that stayed unanswered, 0 to 1."""


class TunnelSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """How packets go, as long as a registration away from home is in force."""

    encapsulation: str
    """ipip | gre | minimal"""
    reverse: bool
    """What we send takes the tunnel as well."""
    delivery: str
    """direct | encapsulating"""
    nat_traversal: str
    """agreed: the tunnel is in UDP; declined | not_understood | not_asked (see `terms.UdpAnswer`)."""
    keepalive_interval: float | None = None
    """Seconds, of a tunnel in UDP."""


class RegistrationSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The registration now in force, or under way."""

    care_of: str
    """home | foreign_agent | colocated"""
    care_of_address: IPv4Address
    interface: str
    agent: IPv4Address | None = None
    granted_lifetime: int = 0
    registered_at: float = 0.0
    expires_at: float = 0.0
    tunnel: TunnelSnapshot | None = None


class MobileNodeSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    home_address: IPv4Address
    home_agent: IPv4Address
    state: str
    """A name of the state table in `fsm.py`."""
    registration: RegistrationSnapshot | None = None
    agents: tuple[HeardAgent, ...] = ()
    links: tuple[LinkSnapshot, ...] = ()
    wanted_link: str | None = None
    """Commanded by an operator, until it is lost."""
    preferred_link: str | None = None
    """Preferred by an operator, until told otherwise."""
    last_denial: int | None = None
    clock_offset: float = 0.0
    """Seconds that the home agent's clock is ahead of ours, as far as code 133 told."""
    counters: dict[str, int] = {}
