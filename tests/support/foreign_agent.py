"""A foreign agent under trial: its configuration, its links, and what mobile nodes and home agents send it."""

from ipaddress import IPv4Address, IPv4Interface
from typing import Any

from tests.support.messages import (
    CARE_OF_ADDRESS,
    HOME_ADDRESS,
    HOME_AGENT,
    NTP,
    Signature,
    arrival,
    arrived,
    registration_reply,
    registration_request,
    signed,
)
from tests.support.playbook import Playbook

from mobileip.agents.events import Link, LinkChanged, MessageArrived, SolicitationArrived, Started
from mobileip.agents.foreign.agent import ForeignAgent
from mobileip.agents.foreign.config import ForeignAgentConfig
from mobileip.agents.foreign.snapshot import PendingRegistration, Visitor
from mobileip.security.association import MobilitySecurityAssociation
from mobileip.wire.agent_discovery import AgentSolicitation
from mobileip.wire.extensions.authentication import ForeignHomeAuthentication
from mobileip.wire.identification import high
from mobileip.wire.revocation import RegistrationRevocation, RevocationAcknowledgment

LINK = "visit0"
"""Where mobile nodes visit; it has AGENT_ADDRESS."""
BARE_LINK = "visit1"
"""Where mobile nodes visit, without an address of ours."""
UPLINK = "eth0"
AGENT_ADDRESS = IPv4Address("198.51.100.1")
MAC = b"\x02\x00\x00\x00\x00\x10"
"""Of the mobile node."""
OTHER_MAC = b"\x02\x00\x00\x00\x00\x11"
OWN_MAC = b"\x02\x00\x00\x00\x00\x01"
OTHER_HOME_AGENT = IPv4Address("10.9.0.1")
OTHER_HOME_ADDRESS = IPv4Address("10.9.0.10")
MOBILE_PORT = 40434
"""UDP source port of the mobile node's requests."""
MOBILE_FOREIGN = MobilitySecurityAssociation(spi=500, key=b"between mobile node and foreign agent")
FOREIGN_HOME = MobilitySecurityAssociation(spi=400, key=b"between the agents")
BETWEEN_AGENTS: Signature = (ForeignHomeAuthentication, FOREIGN_HOME)


def foreign_agent_config(**fields: Any) -> ForeignAgentConfig:
    """Two links, associations with nobody."""
    defaults: dict[str, Any] = {"links": (LINK, BARE_LINK), "care_of_address": CARE_OF_ADDRESS}
    return ForeignAgentConfig(**(defaults | fields))


def link_changed(name: str = LINK, **fields: Any) -> LinkChanged:
    """The link as it is when all is well."""
    addresses = {LINK: (IPv4Interface("198.51.100.1/24"),), UPLINK: (IPv4Interface("192.0.2.2/24"),)}
    defaults: dict[str, Any] = {
        "name": name,
        "index": 3,
        "carrier": True,
        "link_address": OWN_MAC,
        "addresses": addresses.get(name, ()),
    }
    return LinkChanged(link=Link(**(defaults | fields)))


def playbook(**fields: Any) -> Playbook:
    """A conversation with a foreign agent that has just started."""
    play = Playbook(ForeignAgent(foreign_agent_config(**fields)))
    play.given(Started(), link_changed(LINK), link_changed(BARE_LINK), link_changed(UPLINK))
    return play.forget()


def agent_of(play: Playbook) -> ForeignAgent:
    """The foreign agent of a conversation."""
    assert isinstance(play.agent, ForeignAgent)
    return play.agent


_ARRIVAL_FIELDS = {
    "interface",
    "source",
    "destination",
    "source_port",
    "destination_port",
    "ttl",
    "link_source",
}


def _split(fields: dict[str, Any], defaults: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    message = {name: value for name, value in fields.items() if name not in _ARRIVAL_FIELDS}
    return message, defaults | {name: value for name, value in fields.items() if name in _ARRIVAL_FIELDS}


def request(*signatures: Signature, **fields: Any) -> MessageArrived:
    """A request of the mobile node, received on LINK; `fields` are those of the request and of the arrival."""
    message, where = _split(
        fields,
        {
            "interface": LINK,
            "source": HOME_ADDRESS,
            "destination": AGENT_ADDRESS,
            "source_port": MOBILE_PORT,
            "link_source": MAC,
        },
    )
    return arrived(signed(registration_request(**message), *signatures), **where)


def reply(*signatures: Signature, **fields: Any) -> MessageArrived:
    """The home agent's reply, received on the uplink."""
    message, where = _split(fields, {"interface": UPLINK, "source": HOME_AGENT, "destination": CARE_OF_ADDRESS})
    return arrived(signed(registration_reply(**message), *signatures), **where)


def unsigned_reply(**fields: Any) -> MessageArrived:
    """A reply without any authentication extension."""
    message, where = _split(fields, {"interface": UPLINK, "source": HOME_AGENT})
    signed_octets = signed(registration_reply(**message))
    return arrived(signed_octets[:20], **where)


def revocation(*signatures: Signature, **fields: Any) -> MessageArrived:
    """The home agent revokes `visitor()`, a minute after it was registered."""
    message, where = _split(fields, {"interface": UPLINK, "source": HOME_AGENT, "destination": CARE_OF_ADDRESS})
    defaults: dict[str, Any] = {
        "from_home_agent": True,
        "home_address": HOME_ADDRESS,
        "home_domain_address": HOME_AGENT,
        "foreign_domain_address": CARE_OF_ADDRESS,
        "revocation_identifier": high(NTP) + 60,
    }
    octets = signed(RegistrationRevocation(**(defaults | message)), *(signatures or (BETWEEN_AGENTS,)))
    return arrived(octets, **where)


def acknowledgment(*signatures: Signature, **fields: Any) -> MessageArrived:
    """The home agent has read our revocation of the time of boot."""
    message, where = _split(fields, {"interface": UPLINK, "source": HOME_AGENT, "destination": CARE_OF_ADDRESS})
    defaults: dict[str, Any] = {"home_address": HOME_ADDRESS, "revocation_identifier": high(NTP)}
    octets = signed(RevocationAcknowledgment(**(defaults | message)), *(signatures or (BETWEEN_AGENTS,)))
    return arrived(octets, **where)


def solicitation(**fields: Any) -> SolicitationArrived:
    """Of the mobile node, on LINK."""
    defaults: dict[str, Any] = {
        "interface": LINK,
        "source": HOME_ADDRESS,
        "destination": IPv4Address("224.0.0.2"),
        "source_port": 0,
        "destination_port": 0,
        "ttl": 1,
        "link_source": MAC,
    }
    return SolicitationArrived(solicitation=AgentSolicitation(), arrival=arrival(**(defaults | fields)))


def pending(**fields: Any) -> PendingRegistration:
    """What `request()` becomes at boot time 0."""
    defaults: dict[str, Any] = {
        "home_address": HOME_ADDRESS,
        "home_agent": HOME_AGENT,
        "relayed_to": fields.get("home_agent", HOME_AGENT),
        "interface": LINK,
        "link_address": MAC,
        "udp_port": MOBILE_PORT,
        "source": HOME_ADDRESS,
        "destination": AGENT_ADDRESS,
        "care_of_address": CARE_OF_ADDRESS,
        "identification": NTP,
        "requested_lifetime": 1800,
        "received_at": 0.0,
        "expires_at": 8.0,
    }
    return PendingRegistration(**(defaults | fields))


def visitor(**fields: Any) -> Visitor:
    """What an accepted `request()` becomes at boot time 0."""
    defaults: dict[str, Any] = {
        "home_address": HOME_ADDRESS,
        "home_agent": HOME_AGENT,
        "care_of_address": CARE_OF_ADDRESS,
        "interface": LINK,
        "link_address": MAC,
        "udp_port": MOBILE_PORT,
        "source": HOME_ADDRESS,
        "destination": AGENT_ADDRESS,
        "requested_lifetime": 1800,
        "lifetime": 1800,
        "requested_at": 0.0,
        "registered_at": 0.0,
        "expires_at": 1800.0,
        "identification": NTP,
        "agent_address": AGENT_ADDRESS,
    }
    return Visitor(**(defaults | fields))
