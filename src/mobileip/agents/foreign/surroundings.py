"""What the checks of a foreign agent look at besides the message: configuration, associations, our own links."""

from ipaddress import IPv4Address, IPv4Interface

from mobileip.agents.events import Link
from mobileip.agents.foreign.config import ForeignAgentConfig
from mobileip.agents.foreign.snapshot import PendingRegistration
from mobileip.security.association import Associations, MobilitySecurityAssociation

_LIMITED_BROADCAST = IPv4Address("255.255.255.255")


class Surroundings:
    """Configuration, and what the node told us of itself."""

    __slots__ = ("config", "home_agents", "links", "mobile_nodes", "own_home_agents")

    def __init__(self, config: ForeignAgentConfig) -> None:
        self.config = config
        self.mobile_nodes = Associations(config.mobile_nodes)
        self.home_agents = Associations(config.home_agents)
        self.own_home_agents: frozenset[IPv4Address] = frozenset()
        """Addresses at which a home agent lives in this node."""
        self.links: dict[str, Link] = {}

    def is_own(self, address: IPv4Address) -> bool:
        """Whether `address` belongs to this node."""
        return address == self.config.care_of_address or any(
            address == own.ip for link in self.links.values() for own in link.addresses
        )

    def reply_source(self, pending: PendingRegistration) -> IPv4Address:
        """The address that an answer to the mobile node comes from."""
        # RFC 5944 §3.7.2.3: "Copied from the IP Destination Address of the Registration Request, unless the
        # "All Agents Multicast" address was used. In this case, the foreign agent's address (on the interface
        # from which the message will be sent) MUST be used." A broadcast address can't be a source either.
        link = self.links.get(pending.interface)
        addresses = link.addresses if link is not None else ()
        destination = pending.destination
        is_unicast = (
            not destination.is_multicast
            and destination != _LIMITED_BROADCAST
            and not any(_is_broadcast(destination, own) for own in addresses)
        )
        if is_unicast:
            return destination
        return addresses[0].ip if addresses else self.config.care_of_address

    def mobile_association(self, pending: PendingRegistration) -> MobilitySecurityAssociation | None:
        """What to sign an answer to the mobile node with: what it named itself, if that is known."""
        peer, spi = pending.home_address, pending.mobile_foreign_spi
        named = self.mobile_nodes.find(peer, spi) if spi is not None else None
        return named or self.mobile_nodes.first(peer)


def _is_broadcast(address: IPv4Address, own: IPv4Interface) -> bool:
    """Subnet-directed; a prefix of 31 or 32 has none (RFC 3021)."""
    return own.network.prefixlen < 31 and address == own.network.broadcast_address
