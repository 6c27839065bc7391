"""The mobile nodes that a home agent serves: associations from configuration, freshness and, for those that are known
by NAI alone, an address from what they sent.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address

from mobileip.agents.home.config import HomeAgentConfig, MobileNodeEntry
from mobileip.agents.home.pool import AddressPool
from mobileip.security.association import MobilitySecurityAssociation
from mobileip.security.key_reference import KeyReference, reference_to
from mobileip.security.replay import Freshness
from mobileip.wire.extensions.nai import MobileNodeNai
from mobileip.wire.registration import RegistrationRequest

_FRESH = Freshness()

_NOWHERE = IPv4Address(0)


class Deregistration:
    """The last accepted deregistration, so that its duplicate is answered like itself (`identification`:
    the Reply's). `at`: boot time, s.
    """

    __slots__ = ("at", "care_of_address", "identification", "request_identification")

    def __init__(
        self, request_identification: int, care_of_address: IPv4Address, identification: int, at: float
    ) -> None:
        self.at = at
        self.request_identification = request_identification
        self.care_of_address = care_of_address
        self.identification = identification


class ServedMobileNode:
    """One mobile node; the only state besides bindings that its authenticated Requests change."""

    __slots__ = (
        "answered_at",
        "associations",
        "deregistration",
        "freshness",
        "home_address",
        "is_of_home_network",
        "is_static",
        "key_references",
        "message",
        "nai",
        "name",
        "number",
        "oldest_association",
        "quiet_until",
    )

    def __init__(self, entry: MobileNodeEntry, is_of_home_network: bool, message: str | None = None) -> None:
        self.is_static = entry.home_address is not None
        """Whether the home address is its own for ever."""
        self.home_address = entry.home_address or _NOWHERE
        """0.0.0.0 for one that has none now."""
        self.number = int(self.home_address)
        """The home address as a number: IPv4Address hashes ten times slower."""
        self.nai = entry.nai
        self.name: int | str = self.number if self.is_static else entry.nai or ""
        """What it is remembered under: its own home address, else its NAI."""
        self.message = entry.message or message
        self.associations = {association.spi: association for association in entry.associations}
        self.oldest_association: MobilitySecurityAssociation | None = next(iter(entry.associations), None)
        """Signs a Reply to a Request whose SPI is not ours, see `validity.check_mobile_home_authentication`. None: its
        Requests are not authenticated at all.
        """
        self.is_of_home_network = is_of_home_network
        self.freshness = _FRESH
        self.deregistration: Deregistration | None = None
        self.quiet_until = 0.0
        """Boot time until which no Request without valid authentication is answered on this node's behalf."""
        self.answered_at = float("-inf")
        """Boot time of the latest Reply."""
        self.key_references: dict[int, KeyReference] = {}

    def key_reference(self, spi: int) -> KeyReference | None:
        """Of the association with that SPI. None: there is none, its Requests are not authenticated."""
        found = self.key_references.get(spi)
        if found is None and spi in self.associations:
            found = self.key_references[spi] = reference_to(self.associations[spi])
        return found


class ServedMobileNodes:
    """All of them, by home address and by NAI; who has which address of the pool.

    Raises: ValueError for a mobile node without association, with two of one SPI, or configured twice.
    """

    __slots__ = ("_by_nai", "by_home", "pool")

    def __init__(self, config: HomeAgentConfig) -> None:
        self.by_home: dict[int, ServedMobileNode] = {}
        """By home address (as a number), assigned ones included."""
        self._by_nai: dict[str, ServedMobileNode] = {}
        for entry in config.mobile_nodes:
            self._add(entry, config)
        network = config.home_network
        kept = [network.network_address, network.broadcast_address, config.address]
        kept += [node.home_address for node in self.by_home.values()]
        self.pool = AddressPool(config.address_pool, kept)

    def _add(self, entry: MobileNodeEntry, config: HomeAgentConfig) -> None:
        name = entry.name
        if entry.home_address is None and entry.nai is None:
            raise ValueError("mobile_node: one has neither a home address nor an NAI")
        if entry.home_address is None and config.address_pool is None:
            raise ValueError(f"mobile_node: {name} has no home address, and there is no address pool")
        # R5944-3.8.1-b: "The home agent MUST be configured with the mobility security association of each authorized
        # mobile node that it is serving as a home agent."
        if not entry.associations and not config.allow_unauthenticated:
            raise ValueError(f"mobile_node: {name} has no security association")
        is_of_home_network = entry.home_address is None or entry.home_address in config.home_network
        node = ServedMobileNode(entry, is_of_home_network, config.message)
        if len(node.associations) != len(entry.associations):
            raise ValueError(f"mobile_node: {name} has two associations with one SPI")
        if node.number in self.by_home or node.nai in self._by_nai:
            raise ValueError(f"mobile_node: {name} is configured twice")
        if node.is_static:
            self.by_home[node.number] = node
        if node.nai is not None:
            self._by_nai[node.nai] = node

    def __iter__(self) -> Iterator[ServedMobileNode]:
        """Each once."""
        yield from (node for node in self.by_home.values() if node.is_static)
        yield from (node for node in self._by_nai.values() if not node.is_static)

    def of(self, request: RegistrationRequest) -> ServedMobileNode | None:
        """Whose Request it is, as it says: by NAI where one that we know is given (RFC 2794), else by home address."""
        if self._by_nai:
            for extension in request.extensions:
                if isinstance(extension, MobileNodeNai) and extension.nai in self._by_nai:
                    return self._by_nai[extension.nai]
        return self.by_home.get(int(request.home_address))

    def named(self, name: int | str) -> ServedMobileNode | None:
        """That is remembered under this name."""
        node = self._by_nai.get(name) if isinstance(name, str) else self.by_home.get(name)
        return node if node is not None and node.name == name else None

    def having(self, number: int) -> ServedMobileNode | None:
        """That has this home address (as a number), or had it last."""
        return self.by_home.get(number) or self._by_nai.get(self.pool.had_last(number))

    def address_of(self, node: ServedMobileNode) -> int:
        """Home address as a number: that it has, or had last; 0 if it never had one."""
        return node.number or self.pool.had(node.nai or "")

    def settle(self, node: ServedMobileNode, home_address: IPv4Address) -> None:
        """Gives a mobile node an address of the pool, for as long as it has a binding."""
        self.pool.take(home_address, node.nai or "")
        node.home_address, node.number = home_address, int(home_address)
        self.by_home[node.number] = node

    def leave(self, number: int) -> None:
        """The last binding of that home address (as a number) is gone: an address of the pool is free again."""
        node = self.by_home[number]
        if node.is_static:
            return
        del self.by_home[number]
        self.pool.give_back(node.home_address)
        node.home_address, node.number = _NOWHERE, 0
