"""What a home agent shows of itself: to the control API, to tests, to "forged input changes nothing"."""

from ipaddress import IPv4Address

import msgspec

from mobileip.forwarding.model import Tunnel


class MobilityBinding(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the binding list (RFC 5944 §3.8.1). Times are boot time, seconds; `lifetime` as
    granted, `expires_at` infinite for a lifetime of 0xffff.
    """

    home_address: IPv4Address
    care_of_address: IPv4Address
    home_agent: IPv4Address
    tunnel: Tunnel
    lifetime: int
    registered_at: float
    expires_at: float
    identification: int
    """Of the Reply (RFC 5944 §3.8.1)."""
    spi: int
    request_identification: int = 0
    """Of the Request: one that repeats it is a duplicate (RFC 5944 §3.8.2.2)."""
    decapsulation_by_mobile_node: bool = False
    reverse_tunneling: bool = False
    broadcast_datagrams: bool = False
    simultaneous_bindings: bool = False


class HomeAgentSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    address: IPv4Address
    bindings: tuple[MobilityBinding, ...] = ()
    counters: dict[str, int] = {}
    """Accepted, denied by code, discarded by reason: `accepted`, `denied_133`,
    `discarded_bad_authenticator`, ...
    """
