"""The mobile nodes that a home agent serves: associations from configuration, freshness from what they
sent.
"""

from ipaddress import IPv4Address

from mobileip.agents.home.config import HomeAgentConfig, MobileNodeEntry
from mobileip.security.replay import Freshness

_FRESH = Freshness()


class Deregistration:
    """The last accepted deregistration, so that its duplicate is answered like itself (`identification`:
    the Reply's).
    """

    __slots__ = ("care_of_address", "identification", "request_identification")

    def __init__(self, request_identification: int, care_of_address: IPv4Address, identification: int) -> None:
        self.request_identification = request_identification
        self.care_of_address = care_of_address
        self.identification = identification


class ServedMobileNode:
    """One mobile node; the only state besides bindings that its authenticated Requests change."""

    __slots__ = (
        "associations",
        "deregistration",
        "freshness",
        "home_address",
        "is_of_home_network",
        "number",
        "oldest_association",
        "quiet_until",
    )

    def __init__(self, entry: MobileNodeEntry, is_of_home_network: bool) -> None:
        self.home_address = entry.home_address
        self.number = int(entry.home_address)
        """The home address as a number: IPv4Address hashes ten times slower."""
        if not entry.associations:
            raise ValueError(f"mobile node {entry.home_address} has no security association")
        self.associations = {association.spi: association for association in entry.associations}
        self.oldest_association = entry.associations[0]
        """Signs a Reply to a Request whose SPI is not ours. RFC 5944 §3.8.2.1 a: the home agent SHOULD choose
        one "that is likely to exist in the mobile node; for example, this may be an older security
        association".
        """
        self.is_of_home_network = is_of_home_network
        self.freshness = _FRESH
        self.deregistration: Deregistration | None = None
        self.quiet_until = 0.0
        """Boot time until which no Request without valid authentication is answered on this node's behalf."""


def served_mobile_nodes(config: HomeAgentConfig) -> dict[int, ServedMobileNode]:
    """By home address (as a number).

    Raises: ValueError for a mobile node without association, with two of one SPI, or configured twice.
    """
    nodes: dict[int, ServedMobileNode] = {}
    for entry in config.mobile_nodes:
        node = ServedMobileNode(entry, entry.home_address in config.home_network)
        if len(node.associations) != len(entry.associations):
            raise ValueError(f"mobile node {entry.home_address} has two associations with one SPI")
        if node.number in nodes:
            raise ValueError(f"mobile node {entry.home_address} is configured twice")
        nodes[node.number] = node
    return nodes
