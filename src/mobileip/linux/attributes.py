"""pyroute2's untyped messages as plain mappings with typed access; nothing of the library travels further."""

from collections.abc import Mapping
from ipaddress import IPv4Address


def attributes_of(message: Mapping[str, object]) -> dict[str, object]:
    """Header fields and attributes of one message in one dict."""
    fields = {name: value for name, value in message.items() if name != "attrs"}
    attributes = message["attrs"]
    if isinstance(attributes, list):
        fields.update((entry[0], entry[1]) for entry in attributes)
    return fields


def number_of(attributes: Mapping[str, object], name: str) -> int:
    """0 where it is missing."""
    value = attributes.get(name, 0)
    return value if isinstance(value, int) else 0


def address_of(attributes: Mapping[str, object], name: str) -> IPv4Address | None:
    value = attributes.get(name)
    return IPv4Address(value) if isinstance(value, str) else None
