"""What of [foreign_agent] is its own about tunnels: what visitors are offered, and how home agents are told."""

from ipaddress import IPv4Address
from typing import Any

from mobileip.agents.foreign.config import ForeignAgentConfig, GreKeyForm, ReverseTunnels
from mobileip.daemon.config_section import Section, read_string
from mobileip.forwarding.tunnel import Encapsulation

FLAGS = ("encapsulating_delivery", "refuse_private_addresses", "prefer_gre", "behind_nat", "nat_keeps_addresses")
KeyForms = dict[IPv4Address, GreKeyForm]


def options_of(section: Section) -> dict[str, Any]:
    """The fields of `ForeignAgentConfig` about tunnels, by name. What a file leaves out is offered."""
    default = ForeignAgentConfig(links=(), care_of_address=IPv4Address(0))
    options: dict[str, Any] = {name: section.flag(name, getattr(default, name)) for name in FLAGS}
    expected = 'a list of "ipip", "gre", "minimal"'
    return options | {
        "reverse_tunnel": section.choice("reverse_tunnel", ReverseTunnels, ReverseTunnels.OFFERED),
        "encapsulations": section.take("encapsulations", _encapsulations, tuple(Encapsulation), expected)
        or tuple(Encapsulation),
        "early_delivery": section.flag("early_delivery", True),
        "gre_key_form": section.choice("gre_key_form", GreKeyForm, default.gre_key_form),
        "keepalive_interval": section.seconds("keepalive_interval", default.keepalive_interval, 10.0, 65535.0),
    }


def note_key_form(entry: Section, address: IPv4Address | None, forms: KeyForms) -> None:
    """`gre_key_form` of one [[foreign_agent.home_agent]]."""
    is_given = entry.has("gre_key_form")
    form = entry.choice("gre_key_form", GreKeyForm, GreKeyForm.RFC6245)
    if is_given and address is not None:
        forms[address] = form


def built(section: Section, **fields: Any) -> ForeignAgentConfig | None:
    """The configuration; None where it contradicts itself, which is noted."""
    try:
        return ForeignAgentConfig(**fields)
    except ValueError as error:
        key, _, text = str(error).partition(": ")
        section.error(key, text)
        return None


def _encapsulations(value: object) -> tuple[Encapsulation, ...]:
    if not isinstance(value, list):
        raise TypeError(value)
    return tuple(dict.fromkeys(Encapsulation(read_string(each)) for each in value))
