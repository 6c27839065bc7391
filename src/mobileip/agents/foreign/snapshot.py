"""What a foreign agent shows of itself."""

from ipaddress import IPv4Address

import msgspec


class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the visitor list (RFC 5944 §3.7.1). Times are boot time, seconds."""

    home_address: IPv4Address
    home_agent: IPv4Address
    care_of_address: IPv4Address
    interface: str
    link_address: bytes
    udp_port: int
    lifetime: int
    registered_at: float
    expires_at: float
    identification: int


class PendingRegistration(msgspec.Struct, frozen=True, kw_only=True):
    """A request that was relayed and has no answer yet (RFC 5944 §3.7.1). Times are boot time, seconds."""

    home_address: IPv4Address
    home_agent: IPv4Address
    interface: str
    link_address: bytes
    udp_port: int
    source: IPv4Address
    destination: IPv4Address
    """Where the mobile node sent it: our answer comes from there (RFC 5944 §3.7.2.3)."""
    care_of_address: IPv4Address
    decapsulation_by_mobile_node: bool = False
    """A co-located care-of address: no packet is tunnelled to us."""
    identification: int
    requested_lifetime: int
    received_at: float
    expires_at: float
    mobile_foreign_spi: int | None = None
    """SPI of the association that authenticated it to us, where there is one."""


class ForeignAgentSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    care_of_address: IPv4Address
    links: tuple[str, ...] = ()
    busy: bool = False
    visitors: tuple[Visitor, ...] = ()
    pending: tuple[PendingRegistration, ...] = ()
    counters: dict[str, int] = {}
