"""What the packets tell an agent: the few things that are seen in a tunnel and matter to registrations."""

from ipaddress import IPv4Address

import msgspec


class KeepaliveHeard(msgspec.Struct, frozen=True, kw_only=True):
    """A home agent's half-bound tunnel has heard the mobile node's first keepalive: it comes from `port` (RFC 3519
    §4.6). The address is that of the Registration Request."""

    home_address: IPv4Address
    address: IPv4Address
    port: int


class EchoAnswered(msgspec.Struct, frozen=True, kw_only=True):
    """The home agent has answered a keepalive of ours (RFC 3519 §4.9)."""

    home_address: IPv4Address
    identifier: int
    sequence: int


class TunnelActivity(msgspec.Struct, frozen=True, kw_only=True):
    """When something was last sent into a mobile node's reverse tunnel and last came out of its tunnel; boot time in
    seconds, minus infinity for never. The answer to `outputs.AskActivity`. What our own keepalives do counts too.
    """

    home_address: IPv4Address
    sent_at: float
    heard_at: float


News = KeepaliveHeard | EchoAnswered | TunnelActivity
