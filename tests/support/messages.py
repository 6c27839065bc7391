"""Builders of requests, replies and events: a test names only what it is about, the rest has sound values."""

from ipaddress import IPv4Address
from typing import Any

from mobileip.agents.events import Arrival, MessageArrived
from mobileip.agents.instant import Instant
from mobileip.security.association import MobilitySecurityAssociation
from mobileip.security.authenticator import sign
from mobileip.wire.extensions.authentication import AuthenticationExtension, MobileHomeAuthentication
from mobileip.wire.message import Message, decode_message, encode_message
from mobileip.wire.registration import RegistrationReply, RegistrationRequest

HOME_ADDRESS = IPv4Address("10.1.0.10")
HOME_AGENT = IPv4Address("10.1.0.1")
CARE_OF_ADDRESS = IPv4Address("192.0.2.2")
NTP = 0xE0000000_12345678
"""64-bit NTP time at boot time 0 of the tests' machines."""
KEY = bytes(range(16))

MOBILE_HOME = MobilitySecurityAssociation(spi=256, key=KEY)
"""Between the mobile node and its home agent."""

Signature = tuple[type[AuthenticationExtension], MobilitySecurityAssociation]


def instant(boot: float = 0.0, ntp_ahead: float = 0.0) -> Instant:
    """The time `boot` seconds after the start; `ntp_ahead`: how far this machine's time of day is off."""
    return Instant(boot=boot, ntp=(NTP + round((boot + ntp_ahead) * 2**32)) % 2**64)


def registration_request(**fields: Any) -> RegistrationRequest:
    """A request for 1800 s through a foreign agent, its Identification the time at boot time 0."""
    defaults: dict[str, Any] = {
        "lifetime": 1800,
        "home_address": HOME_ADDRESS,
        "home_agent": HOME_AGENT,
        "care_of_address": CARE_OF_ADDRESS,
        "identification": NTP,
    }
    return RegistrationRequest(**(defaults | fields))


def registration_reply(**fields: Any) -> RegistrationReply:
    """An acceptance of `registration_request()`."""
    defaults: dict[str, Any] = {
        "code": 0,
        "lifetime": 1800,
        "home_address": HOME_ADDRESS,
        "home_agent": HOME_AGENT,
        "identification": NTP,
    }
    return RegistrationReply(**(defaults | fields))


def signed(message: Message, *signatures: Signature) -> bytes:
    """The UDP payload of `message` with authentication extensions appended in order; by default one MHAE."""
    octets = encode_message(message)
    for kind, association in signatures or ((MobileHomeAuthentication, MOBILE_HOME),):
        octets = sign(octets, kind, association)
    return octets


def arrival(**fields: Any) -> Arrival:
    """From the foreign agent's care-of address to the home agent, by UDP port 434."""
    defaults: dict[str, Any] = {
        "interface": "eth0",
        "source": CARE_OF_ADDRESS,
        "destination": HOME_AGENT,
        "source_port": 434,
        "destination_port": 434,
    }
    return Arrival(**(defaults | fields))


def arrived(octets: bytes, *, entropy: bytes = b"", **fields: Any) -> MessageArrived:
    """The event of one received UDP payload; `fields` are those of `Arrival`."""
    return MessageArrived(decoded=decode_message(octets), arrival=arrival(**fields), entropy=entropy)
