"""What of [home_agent] is its own: whom it serves, under which names, and its options."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from mobileip.agents.home.config import (
    LONGEST_TEXT,
    HomeAgentConfig,
    MobileNodeEntry,
    ReverseTunnels,
    identity_of,
)
from mobileip.agents.home.nodes import ServedMobileNodes
from mobileip.daemon.config_section import Section, in_range, read_address, read_string
from mobileip.forwarding.tunnel import Encapsulation
from mobileip.security.association import MobilitySecurityAssociation

LONGEST_NAI = 253
"""Octets (RFC 4282 §2.2)."""

FLAGS = (
    "forward_broadcasts",
    "revocation",
    "strict_reserved_bits",
    "require_foreign_home_authentication",
    "foreign_home_on_deregistration",
    "allow_unauthenticated",
    "force_udp",
    "gre_checksum",
    "gre_sequence",
)
LONGEST_KEEPALIVE_INTERVAL = 0xFFFF
"""Seconds (RFC 3519 §3.2)."""

_Read = Callable[[Section], MobilitySecurityAssociation | None]
_Name = tuple[IPv4Address | None, str | None]


LONGEST_GRACE = 60.0
"""Seconds for which packets may come by a way that was left."""


def options_of(section: Section) -> dict[str, Any]:
    """The fields of `HomeAgentConfig` that have a default and are only its own, by name."""
    default = HomeAgentConfig(address=IPv4Address(0), home_network=IPv4Network("0.0.0.0/0"))
    options: dict[str, Any] = {name: section.flag(name, getattr(default, name)) for name in FLAGS}
    options["message"] = _message(section)
    options["handover_grace"] = section.seconds("handover_grace", 2.0, 0, LONGEST_GRACE)
    if section.has("identity"):
        expected = "a host name such as ha.example.net"
        options["identity"] = section.take("identity", lambda v: _identity(read_string(v)), None, expected)
    if section.has("forwarded_groups"):
        expected = "a list of prefixes of multicast groups such as 239.1.0.0/16"
        options["forwarded_groups"] = section.take("forwarded_groups", _groups, (), expected)
    if section.has("redirect_to"):
        options["redirect_to"] = section.address("redirect_to")
    if section.has("address_pool"):
        expected = "two addresses such as 10.1.0.100-10.1.0.200"
        options["address_pool"] = section.take("address_pool", _range, None, expected)
    return options | _tunnels_of(section, default)


def _tunnels_of(section: Section, default: HomeAgentConfig) -> dict[str, Any]:
    """What a file leaves out is allowed: who asks for a tunnel has to prove who it is."""
    # R3024-3.2-a: "home agents [...] SHOULD NOT object to providing reverse tunnels".
    reverse_tunnel = section.choice("reverse_tunnel", ReverseTunnels, ReverseTunnels.ALLOWED)
    expected = 'a list of "ipip", "gre", "minimal"'
    return {
        "reverse_tunnel": reverse_tunnel,
        "encapsulations": section.take("encapsulations", _encapsulations, tuple(Encapsulation), expected),
        "nat_traversal": section.flag("nat_traversal", reverse_tunnel is not ReverseTunnels.REFUSED),
        "keepalive_interval": section.number(
            "keepalive_interval", default.keepalive_interval, 0, LONGEST_KEEPALIVE_INTERVAL
        ),
        "nat_maximum_lifetime": section.number("nat_maximum_lifetime", default.nat_maximum_lifetime, 10, 0xFFFF),
    }


def mobile_nodes_of(
    section: Section,
    read: _Read,
    *,
    address: IPv4Address | None,
    network: IPv4Network | None,
    allow_unauthenticated: bool,
) -> tuple[MobileNodeEntry, ...]:
    """[[home_agent.mobile_node]]; tables of one name are several keys of one mobile node. `read`: its association."""
    keys: dict[_Name, tuple[MobilitySecurityAssociation, ...]] = {}
    messages: dict[_Name, str | None] = {}
    for entry in section.sections("mobile_node"):
        home_address = None if entry.has("nai") and not entry.has("home_address") else entry.address("home_address")
        nai = entry.take("nai", _nai, None, "a name such as mn@example.net") if entry.has("nai") else None
        message = _message(entry)
        is_keyless = allow_unauthenticated and not (entry.has("spi") or entry.has("key_file"))
        association = None if is_keyless else read(entry)
        entry.finish()
        if home_address is None and nai is None:
            continue
        if home_address is not None and network is not None and home_address not in network:
            entry.error("home_address", f"{home_address} is not in home_network {network}")
        if home_address is not None and home_address == address:
            entry.error("home_address", f"{home_address} is the home agent's own address")
        if association is None and not is_keyless:
            continue
        name = (home_address, nai)
        known = keys.setdefault(name, ())
        messages[name] = message or messages.get(name)
        if association is not None:
            if any(each.spi == association.spi for each in known):
                entry.error("spi", f"{association.spi} is given twice for {home_address or nai}")
            else:
                keys[name] = (*known, association)
    return tuple(
        MobileNodeEntry(home_address=name[0], nai=name[1], message=messages[name], associations=associations)
        for name, associations in keys.items()
    )


def built(section: Section, **fields: Any) -> HomeAgentConfig | None:
    """The configuration; None where it contradicts itself, which is noted."""
    try:
        config = HomeAgentConfig(**fields)
        ServedMobileNodes(config)
    except ValueError as error:
        key, _, text = str(error).partition(": ")
        section.error(key, text)
        return None
    return config


def _message(section: Section) -> str | None:
    if not section.has("message"):
        return None
    return section.take("message", _text, None, f"a text of 1 to {LONGEST_TEXT} octets")


def _text(value: object) -> str:
    text = read_string(value)
    in_range(len(text.encode()), 1, LONGEST_TEXT)
    return text


def _encapsulations(value: object) -> tuple[Encapsulation, ...]:
    if not isinstance(value, list):
        raise TypeError(value)
    return tuple(dict.fromkeys(Encapsulation(read_string(each)) for each in value))


def _identity(text: str) -> str:
    identity_of(text)
    return text


def _groups(value: object) -> tuple[IPv4Network, ...]:
    """Whether they are of multicast groups the agent knows."""
    if not isinstance(value, list):
        raise TypeError(value)
    return tuple(dict.fromkeys(IPv4Network(read_string(each)) for each in value))


def _nai(value: object) -> str:
    """As in [mobile_node]: a name that a person can read."""
    nai = read_string(value)
    if not 0 < len(nai.encode()) <= LONGEST_NAI or not nai.isprintable() or " " in nai:
        raise ValueError(value)
    return nai


def _range(value: object) -> tuple[IPv4Address, IPv4Address]:
    first, _, last = read_string(value).partition("-")
    return read_address(first.strip()), read_address(last.strip())
