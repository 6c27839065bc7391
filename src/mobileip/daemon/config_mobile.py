"""What of [mobile_node] may be left open, and its options: who we are, who serves us, what we ask for."""

import re
from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import msgspec

from mobileip.agents.home.config import is_laboratory
from mobileip.agents.mobile.config import (
    ANY_HOME_AGENT,
    UNSPECIFIED,
    Delivery,
    LinkPreference,
    MobileNodeConfig,
    NatTraversal,
    Probing,
    ReverseTunnelling,
)
from mobileip.agents.mobile.discovery import ALL_ROUTERS
from mobileip.agents.mobile.keepalive_interval import LONGEST, SHORTEST
from mobileip.daemon.config_section import Section, read_address, read_interface, read_network, read_string
from mobileip.forwarding.tunnel import Encapsulation

MOST_POINTS = 10_000
"""For or against a link."""
LONGEST_NAI = 253
"""Octets (RFC 4282 §2.2)."""
FLAGS = (
    "simultaneous_bindings",
    "broadcasts",
    "revocation",
    "coarse_identification",
    "allow_unauthenticated",
)


def home_agent_of(section: Section, network: IPv4Network | None) -> IPv4Address | None:
    """An address, or what stands in a Request for one that is not known yet."""
    words = {"assign": ANY_HOME_AGENT[1], "assign-anywhere": ANY_HOME_AGENT[0]}
    if network is not None:
        words["discover"] = network.broadcast_address

    def read(value: object) -> IPv4Address:
        return words[value] if isinstance(value, str) and value in words else read_address(value)

    expected = 'an IPv4 address such as 192.0.2.1, or "discover", "assign", "assign-anywhere"'
    return section.take("home_agent", read, None, expected)


def home_address_of(section: Section) -> IPv4Address | None:
    """0.0.0.0 when there is none, but a name by which the home agent assigns one."""
    if section.has("nai") and not section.has("home_address"):
        return UNSPECIFIED
    return section.address("home_address")


def options_of(section: Section, links: Collection[str]) -> dict[str, Any]:
    """The fields of `MobileNodeConfig` that have a default, by name. `links`: where the node may be."""
    options: dict[str, Any] = {name: section.flag(name, False) for name in FLAGS}
    for name in ("nai", "home_agent_nai"):
        options[name] = section.take(name, _nai, "", "a name such as mn@example.net") or ""
    options["agent_link_addresses"] = (
        section.take("agent_link_addresses", _link_addresses, (), "link-layer addresses by interface") or ()
    )
    options["solicitation_address"] = (
        section.take("solicitation_address", _solicitation_address, ALL_ROUTERS, "one of 224.0.0.2, 255.255.255.255")
        or ALL_ROUTERS
    )
    options |= _tunnels_of(section) | _handovers_of(section)
    options["link_preferences"] = _link_preferences(section, links)
    if section.has("preferred_home_agent"):
        options["preferred_home_agent"] = section.address("preferred_home_agent")
    return options


def _tunnels_of(section: Section) -> dict[str, Any]:
    """Which tunnels are asked for. What people expect: that it works from behind NATs and ingress filters."""
    destinations = 'a list of prefixes such as ["192.0.2.0/24"]'
    return {
        "reverse_tunnel": section.choice("reverse_tunnel", ReverseTunnelling, ReverseTunnelling.AUTO),
        "delivery": section.choice("delivery", Delivery, Delivery.DIRECT),
        "direct_destinations": section.take("direct_destinations", _networks, (), destinations) or (),
        "encapsulation": section.choice("encapsulation", Encapsulation, Encapsulation.IPIP),
        "nat_traversal": section.choice("nat_traversal", NatTraversal, NatTraversal.AUTO),
        "keepalive_interval": section.seconds("keepalive_interval", 25.0, SHORTEST, LONGEST),
    }


def _handovers_of(section: Section) -> dict[str, Any]:
    """When another link is taken, and how it is found out that one is dead."""
    default = {field.name: field.default for field in msgspec.structs.fields(MobileNodeConfig)}

    def seconds(name: str, low: float, high: float) -> float:
        return section.seconds(name, default[name], low, high)

    options = {
        "hysteresis": section.number("hysteresis", default["hysteresis"], 0, MOST_POINTS),
        "hold_down": seconds("hold_down", 0.0, 3600.0),
        "handover_grace": seconds("handover_grace", 0.0, 60.0),
        "probing": section.choice("probing", Probing, default["probing"]),
        "probe_interval": seconds("probe_interval", 0.05, 60.0),
        "idle_probe_interval": seconds("idle_probe_interval", 0.05, 3600.0),
    }
    often, seldom = options["probe_interval"], options["idle_probe_interval"]
    if seldom < often:
        section.error("idle_probe_interval", f"{seldom} s is shorter than probe_interval {often}")
    return options


def _link_preferences(section: Section, links: Collection[str]) -> tuple[tuple[str, LinkPreference], ...]:
    default = LinkPreference()
    found = []
    for name, table in section.tables("link", "preferences by interface").items():
        preference = LinkPreference(
            preference=table.number("preference", default.preference, -MOST_POINTS, MOST_POINTS),
            cost=table.number("cost", default.cost, 0, MOST_POINTS),
            metered=table.flag("metered", default.metered),
            same_agent=table.flag("same_agent", default.same_agent),
        )
        table.finish()
        if links and name not in links:
            section.error("link", f"{name!r} is none of links ({', '.join(links)})")
        found.append((name, preference))
    return tuple(found)


def _networks(value: object) -> tuple[IPv4Network, ...]:
    if not isinstance(value, list):
        raise TypeError(value)
    return tuple(read_network(each) for each in value)


def _nai(value: object) -> str:
    """A name that a person can read: in what is shown of it nothing may do anything to a terminal."""
    nai = read_string(value)
    if not 0 < len(nai.encode()) <= LONGEST_NAI or not nai.isprintable() or " " in nai:
        raise ValueError(value)
    return nai


def _link_addresses(value: object) -> tuple[tuple[str, bytes], ...]:
    if not isinstance(value, dict):
        raise TypeError(value)
    return tuple((read_interface(name), _link_address(address)) for name, address in value.items())


def _link_address(value: object) -> bytes:
    text = read_string(value)
    if not re.fullmatch(r"[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}", text) or int(text[:2], 16) & 1:
        raise ValueError(value)  # not an address, or one of a group
    return bytes.fromhex(text.replace(":", ""))


def _solicitation_address(value: object) -> IPv4Address:
    address = IPv4Address(read_string(value))
    if address not in (ALL_ROUTERS, IPv4Address("255.255.255.255")):
        raise ValueError(value)
    return address


def check(section: Section, home_address: IPv4Address, home_agent: IPv4Address, options: dict[str, Any]) -> None:
    """What fits only together."""
    if home_agent in ANY_HOME_AGENT and not options["nai"]:
        # R4433-3.3-a
        section.error("nai", "is missing (a home agent can only be assigned to a node with a name, RFC 4433 §3.3)")
    if options.get("preferred_home_agent") is not None and home_agent not in ANY_HOME_AGENT:
        section.error("preferred_home_agent", 'is of use only with home_agent = "assign" or "assign-anywhere"')
    if options["direct_destinations"] and options["reverse_tunnel"] is ReverseTunnelling.OFF:
        section.error("direct_destinations", 'is of use only with a reverse tunnel (reverse_tunnel = "auto")')
    if options["allow_unauthenticated"] and not (is_laboratory(home_address) and is_laboratory(home_agent)):
        section.error(
            "allow_unauthenticated", "is for loopback, private and documentation addresses only, of both ends"
        )
