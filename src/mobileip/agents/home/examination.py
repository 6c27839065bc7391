"""One Registration Request under examination: what came, what we know, and what the checks have found so
far.
"""

from ipaddress import IPv4Address

from mobileip.agents.events import Arrival
from mobileip.agents.home.config import HomeAgentConfig
from mobileip.agents.home.nodes import ServedMobileNode, ServedMobileNodes
from mobileip.agents.home.snapshot import MobilityBinding, RevocationTerms
from mobileip.forwarding.tunnel import Tunnel
from mobileip.security.association import Associations, MobilitySecurityAssociation
from mobileip.wire.extensions.authentication import ForeignHomeAuthentication, MobileHomeAuthentication
from mobileip.wire.extensions.base import Extension
from mobileip.wire.message import Decoded, Message
from mobileip.wire.registration import RegistrationRequest


class Surroundings:
    """What all examinations of one home agent look at besides the Request."""

    __slots__ = ("config", "foreign_agents", "nodes")

    def __init__(self, config: HomeAgentConfig) -> None:
        self.config = config
        self.nodes = ServedMobileNodes(config)
        self.foreign_agents = Associations(config.foreign_agents)

    def foreign_agent(self, source: IPv4Address, care_of_address: IPv4Address) -> IPv4Address | None:
        """The foreign agent with which we share an association, if it relayed a Request or owns its care-of address.

        RFC 5944 §3.5.4: found by the source, which "will be the same as the Care-of Address"; by the latter too, so
        that another source can't get round the check.
        """
        if not self.foreign_agents:
            return None
        return next((address for address in (source, care_of_address) if address in self.foreign_agents), None)


class Examination:
    """Filled in by the checks of `validity.py`, read by those that decide and answer. Changes nothing
    outside.
    """

    __slots__ = (
        "arrival",
        "association",
        "bindings",
        "boot",
        "decoded",
        "entropy",
        "foreign_agent",
        "foreign_association",
        "foreign_home",
        "freshness",
        "home_address",
        "identification",
        "is_duplicate",
        "is_unicast",
        "mobile_home",
        "node",
        "others",
        "request",
        "revocation",
        "surroundings",
        "time",
        "tunnel",
    )

    def __init__(
        self,
        surroundings: Surroundings,
        node: ServedMobileNode,
        bindings: tuple[MobilityBinding, ...],
        *,
        request: RegistrationRequest,
        decoded: Decoded[Message],
        arrival: Arrival,
        is_unicast: bool,
        boot: float,
        time: int,
        entropy: bytes,
    ) -> None:
        self.surroundings = surroundings
        self.node = node
        self.bindings = bindings
        """The mobile node's current ones."""
        self.decoded = decoded
        self.request = request
        self.arrival = arrival
        self.is_unicast = is_unicast
        """Whether it was sent to an address of ours, not to a broadcast or multicast address."""
        self.boot = boot
        self.time = time
        """Our time of day, 64-bit NTP format."""
        self.entropy = entropy

        self.mobile_home: list[tuple[int, MobileHomeAuthentication]] = []
        self.foreign_home: list[tuple[int, ForeignHomeAuthentication]] = []
        self.others: list[tuple[int, Extension]] = []
        """Extensions of every other kind."""
        for offset, extension in zip(decoded.offsets, request.extensions, strict=True):
            if isinstance(extension, MobileHomeAuthentication):
                self.mobile_home.append((offset, extension))
            elif isinstance(extension, ForeignHomeAuthentication):
                self.foreign_home.append((offset, extension))
            else:
                self.others.append((offset, extension))

        self.foreign_agent = surroundings.foreign_agent(arrival.source, request.care_of_address)
        """The one concerned, if we share an association with it."""

        # What the checks find.
        self.association = node.oldest_association
        """With the mobile node: signs the Reply. None: there is none, and the Request need not be authentic."""
        self.home_address = request.home_address
        """Of the Reply: the Request's, or the one that the mobile node gets."""
        self.revocation: RevocationTerms | None = None
        """What was agreed about revocation (RFC 3543 §4.2.1), if anything."""
        self.tunnel = Tunnel(surroundings.config.address, request.care_of_address)
        """That the binding is to have."""
        # R5944-3.8.1-f: "when sending a Registration Reply to a foreign agent, if the home agent shares a Mobility
        # Security Association with the foreign agent, the home agent MUST include a Foreign-Home Authentication
        # Extension": in every denial too, or the foreign agent would not pass it on.
        self.foreign_association: MobilitySecurityAssociation | None = (
            surroundings.foreign_agents.first(arrival.source)
            if self.foreign_agent is not None and self.foreign_agent == arrival.source
            else None
        )
        """With the foreign agent: signs the Reply too."""
        self.identification = request.identification
        """Of the Reply."""
        self.freshness = node.freshness
        """What is to be remembered of the node's Identifications when the Reply is sent."""
        self.is_duplicate = False
        """Whether the Request repeats the one that made the binding (or ended it) that is in force now."""

    def is_of_mobile_node(self, offset: int) -> bool:
        """Whether the extension at `offset` stands before the mobile node's authentication: it is the mobile node's."""
        return not self.mobile_home or offset < self.mobile_home[-1][0]

    def is_of_foreign_agent(self, offset: int) -> bool:
        """Whether it stands between that and the foreign agent's authentication: it is the foreign agent's."""
        return bool(self.foreign_home) and not self.is_of_mobile_node(offset) and offset < self.foreign_home[-1][0]

    @property
    def binding(self) -> MobilityBinding | None:
        """The current binding with the requested care-of address."""
        care_of_address = self.request.care_of_address
        return next((b for b in self.bindings if b.care_of_address == care_of_address), None)
