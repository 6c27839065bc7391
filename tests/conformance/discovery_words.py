"""What a case can say about router discovery, beyond the fields of its messages."""

from ipaddress import IPv4Address
from typing import Any

import msgspec

from mobileip.wire.agent_discovery import AgentAdvertisement, AgentSolicitation


class _Listed(msgspec.Struct, frozen=True):
    """The lists of an advertisement, one kind of value each: `addresses=10.1.0.1,10.2.0.1`."""

    addresses: tuple[IPv4Address, ...]
    preferences: tuple[int, ...]
    prefix_lengths: tuple[int, ...]
    extension_types: tuple[int, ...]


def described(message: AgentSolicitation | AgentAdvertisement) -> tuple[Any, ...]:
    """The values whose fields a condition may name, the first that has it counts."""
    if isinstance(message, AgentSolicitation):
        return (message,)
    lengths = message.prefix_lengths
    listed = _Listed(
        tuple(router.address for router in message.routers),
        tuple(router.preference for router in message.routers),
        lengths.prefix_lengths if lengths is not None else (),
        tuple(extension.TYPE for extension in message.extensions),
    )
    mobility = () if message.mobility is None else (message.mobility,)
    return (message, *mobility, listed)
