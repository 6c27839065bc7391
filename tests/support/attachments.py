"""Points of attachment as the chooser would offer them, and nodes that are registered at them, without all that
leads there."""

from ipaddress import IPv4Address
from typing import Any

from tests.support.messages import HOME_ADDRESS, HOME_AGENT
from tests.support.mobile_node import FOREIGN_1, HOME_AGENT_MAC, config

from mobileip.agents.mobile.attachment import Attachment, CareOf
from mobileip.agents.mobile.requests import Outstanding
from mobileip.agents.mobile.state import NodeState

COLOCATED_ADDRESS = IPv4Address("203.0.113.7")
GATEWAY = IPv4Address("203.0.113.1")
GATEWAY_MAC = bytes((2, 0, 203, 0, 113, 1))


def through_agent(**fields: Any) -> Attachment:
    """With the care-of address of FOREIGN_1."""
    defaults: dict[str, Any] = {
        "interface": "eth0",
        "care_of": CareOf.FOREIGN_AGENT,
        "care_of_address": FOREIGN_1.care_of_addresses[0],
        "incarnation": 1,
        "agent": FOREIGN_1.address,
        "first_hop": FOREIGN_1.link_address,
        "gateway": FOREIGN_1.address,
        "gateway_link_address": FOREIGN_1.link_address,
    }
    return Attachment(**(defaults | fields))


def colocated(**fields: Any) -> Attachment:
    defaults: dict[str, Any] = {
        "interface": "eth0",
        "care_of": CareOf.COLOCATED,
        "care_of_address": COLOCATED_ADDRESS,
        "incarnation": 1,
        "gateway": GATEWAY,
        "gateway_link_address": GATEWAY_MAC,
    }
    return Attachment(**(defaults | fields))


def at_home(**fields: Any) -> Attachment:
    defaults: dict[str, Any] = {
        "interface": "eth0",
        "care_of": CareOf.HOME,
        "care_of_address": HOME_ADDRESS,
        "incarnation": 1,
        "first_hop": HOME_AGENT_MAC,
        "gateway": HOME_AGENT,
    }
    return Attachment(**(defaults | fields))


def asked(attachment: Attachment | None = None, **fields: Any) -> Outstanding:
    """A request that left at boot time 100."""
    defaults: dict[str, Any] = {
        "attachment": attachment or through_agent(),
        "home_agent": HOME_AGENT,
        "identification": 0x11111111_22222222,
        "lifetime": 1800,
        "sent_at": 100.0,
        "corrections": 0,
        "home_address": HOME_ADDRESS,
    }
    return Outstanding(**(defaults | fields))


def started(**fields: Any) -> NodeState:
    """A node with two links that has seen nothing yet."""
    state = NodeState(config(**({"links": ("eth0", "wlan0")} | fields)))
    state.started = True
    return state


def pursue(state: NodeState, target: Attachment, now: float = 100.0) -> None:
    """Chosen, and a request is due."""
    state.active = target.interface
    state.registrations[target.interface].pursue(target, now)


def ask(state: NodeState, target: Attachment, now: float = 100.0, **fields: Any) -> None:
    """Chosen, and a request is out."""
    pursue(state, target, now)
    request = asked(target, **({"sent_at": now} | fields))
    state.registrations[target.interface].sent(request, now)


def register(state: NodeState, target: Attachment, now: float = 100.0, lifetime: int = 900) -> None:
    """Asked for and granted."""
    ask(state, target, now)
    registration = state.registrations[target.interface]
    registration.granted(registration.outstanding[-1], lifetime, 0.0)
