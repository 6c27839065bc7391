"""Everything that a mobile node remembers, in one place; the modules around it are rules that change it."""

from mobileip.agents.mobile.attachment import Place
from mobileip.agents.mobile.config import MobileNodeConfig
from mobileip.agents.mobile.link import LinkView
from mobileip.agents.mobile.rate import RateLimit
from mobileip.agents.mobile.refusals import Refusals
from mobileip.agents.mobile.registration import FIRST_TIMEOUT, Registration
from mobileip.security.replay import IdentificationMaker


class Announcing:
    """The gratuitous ARPs of a return home that are still to be sent (RFC 5944 §4.6)."""

    def __init__(self, interface: str, now: float, times: int) -> None:
        self.interface = interface
        self.due = now
        self.left = times


class NodeState:
    """Links and registrations by interface name; `active` is the link that the chooser decided for."""

    def __init__(self, config: MobileNodeConfig) -> None:
        self.config = config
        self.home_agent = config.home_agent
        """The configured one, or the one that code 136 named."""
        self.maker = IdentificationMaker(config.association.replay)
        self.corrections = 0
        """How often code 133 corrected our Identifications."""
        self.clock_offset = 0.0
        # RFC 5944 §3.6: "a mobile node MUST NOT attempt to register more often than once per second". What
        # was not used is not saved up, and nothing else holds up the first request after a move.
        self.limit = RateLimit(FIRST_TIMEOUT)
        self.refusals = Refusals()
        self.ranks = {name: rank for rank, name in enumerate(config.links)}
        self.links = {name: LinkView(name, config) for name in config.links}
        self.registrations = {name: Registration() for name in config.links}
        self.active: str | None = None
        self.wanted = True
        """False from `mip deregister` until `mip register`: then nothing is registered away from home."""
        self.started = False
        self.stopping = False
        self.announcing: Announcing | None = None
        self.last_denial: int | None = None
        self.counters: dict[str, int] = {}

    @property
    def registration(self) -> Registration | None:
        """The one of the active link."""
        return self.registrations[self.active] if self.active is not None else None

    def count(self, what: str) -> None:
        self.counters[what] = self.counters.get(what, 0) + 1

    def registered_at(self) -> set[Place]:
        """Where something is in force."""
        return {r.binding.attachment.place for r in self.registrations.values() if r.binding is not None}
