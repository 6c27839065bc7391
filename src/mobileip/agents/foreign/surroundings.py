"""What the checks of a foreign agent look at besides the message: configuration, associations, our own links."""

from ipaddress import IPv4Address, IPv4Interface

from mobileip.agents.events import Link
from mobileip.agents.foreign.config import ForeignAgentConfig, GreKeyForm
from mobileip.agents.foreign.snapshot import PendingRegistration
from mobileip.security.association import Associations, MobilitySecurityAssociation
from mobileip.wire.registration import RegistrationRequest

LIMITED_BROADCAST = IPv4Address("255.255.255.255")
ANY_HOME_AGENT = (IPv4Address(0), LIMITED_BROADCAST)
"""RFC 4433 §2: ALL-ZERO-ONE-ADDR, where a mobile node wants to be given a home agent."""


class Surroundings:
    """Configuration, and what the node told us of itself."""

    __slots__ = ("_key_forms", "config", "home_agents", "links", "mobile_nodes", "own_home_agents")

    def __init__(self, config: ForeignAgentConfig) -> None:
        self.config = config
        self.mobile_nodes = Associations(config.mobile_nodes)
        self.home_agents = Associations(config.home_agents)
        self.own_home_agents: frozenset[IPv4Address] = frozenset()
        """Addresses at which a home agent lives in this node."""
        self.links: dict[str, Link] = {}
        self._key_forms = dict(config.gre_key_forms)

    def key_form(self, home_agent: IPv4Address) -> GreKeyForm:
        """How that home agent is told GRE keys."""
        return self._key_forms.get(home_agent, self.config.gre_key_form)

    def named_home_agent(self, request: RegistrationRequest) -> IPv4Address:
        """The home agent of a Request, or the one that stands for "any" there (RFC 4433)."""
        is_any = request.home_agent in ANY_HOME_AGENT
        return self.config.default_home_agent or request.home_agent if is_any else request.home_agent

    def is_own(self, address: IPv4Address) -> bool:
        """Whether `address` belongs to this node."""
        return address == self.config.care_of_address or any(
            address == own.ip for link in self.links.values() for own in link.addresses
        )

    def reply_source(self, pending: PendingRegistration) -> IPv4Address:
        """The address that an answer to the mobile node comes from."""
        link = self.links.get(pending.interface)
        addresses = link.addresses if link is not None else ()
        destination = pending.destination
        is_unicast = (
            not destination.is_multicast
            and destination != LIMITED_BROADCAST
            and not any(_is_broadcast(destination, own) for own in addresses)
        )
        # R5944-3.7.2.3-f: "Copied from the IP Destination Address of the Registration Request, unless the "All Agents
        # Multicast" address was used." A broadcast address can't be a source either.
        if is_unicast:
            return destination
        # R5944-3.7.2.3-g: "In this case, the foreign agent's address (on the interface from which the message will be
        # sent) MUST be used."
        return addresses[0].ip if addresses else self.config.care_of_address

    def mobile_association(self, home_address: IPv4Address, spi: int | None) -> MobilitySecurityAssociation | None:
        """What to sign an answer to the mobile node with: what it named itself, if that is known."""
        named = self.mobile_nodes.find(home_address, spi) if spi is not None else None
        return named or self.mobile_nodes.first(home_address)

    def relay_association(
        self, request: RegistrationRequest, home_agent: IPv4Address
    ) -> MobilitySecurityAssociation | None:
        """What to sign a Request for its home agent with; None where it must not be signed, or can't."""
        config = self.config
        # R5944-3.5.4-c: "If the Care-of Address in the Registration Request is not in the Agent Advertisement, then the
        # foreign agent MUST NOT append the Foreign-Home Authentication Extension".
        # R5944-3.8.2.2-h: nor when a deregistration names a care-of address that is not ours.
        if request.care_of_address != config.care_of_address:
            return None
        # R5944-3.5.4-d: "Moreover, for a deregistration message (i.e., Lifetime = 0), the foreign agent MUST NOT
        # append" it; R5944-3.5.4-a. R3344-3.5.4-a, R3344-3.7.2.2-c: home agents of RFC 3344 want it there too.
        if not request.lifetime and not config.foreign_home_on_deregistration:
            return None
        return self.home_agents.first(home_agent)


def _is_broadcast(address: IPv4Address, own: IPv4Interface) -> bool:
    """Subnet-directed; a prefix of 31 or 32 has none (RFC 3021)."""
    return own.network.prefixlen < 31 and address == own.network.broadcast_address
