"""Registration Requests of a mobile node: fields, signatures, and how they leave (RFC 5944 §3.6.1)."""

from ipaddress import IPv4Address

import msgspec

from mobileip.agents.mobile.attachment import Attachment, CareOf
from mobileip.agents.mobile.config import MobileNodeConfig
from mobileip.agents.outputs import Departure, SendMessage
from mobileip.security.association import MobilitySecurityAssociation
from mobileip.security.authenticator import sign
from mobileip.wire.extensions.authentication import MobileForeignAuthentication, MobileHomeAuthentication
from mobileip.wire.message import encode_message
from mobileip.wire.registration import RegistrationRequest


class Outstanding(msgspec.Struct, frozen=True, kw_only=True):
    """One request that may still be answered (the list of RFC 5944 §3.6 for each pending registration).

    A retransmission with another Identification is another one; an answer to an older one counts as well.
    """

    attachment: Attachment
    home_agent: IPv4Address
    identification: int
    lifetime: int
    """As requested, seconds; 0 = deregistration."""
    sent_at: float
    """Boot time, seconds: the granted lifetime counts from here (RFC 5944 §3.6.2.2)."""
    corrections: int
    """How often our clock had been corrected before."""


def foreign_association(attachment: Attachment, config: MobileNodeConfig) -> MobilitySecurityAssociation | None:
    """What we share with the foreign agent of this point of attachment, if we share anything with one."""
    return dict(config.foreign_agents).get(attachment.agent) if attachment.agent else None


def request(outstanding: Outstanding, config: MobileNodeConfig, care_of_address: IPv4Address) -> SendMessage:
    """One request, signed. `care_of_address` is the attachment's, or the home address to delete all bindings
    (§3.6.1.2)."""
    attachment = outstanding.attachment
    deletes_all = care_of_address == config.home_address
    octets = encode_message(
        RegistrationRequest(
            # RFC 5944 §3.6.1.2: "SHOULD set the 'D' bit if it is registering with a co-located care-of
            # address. Otherwise, the 'D' bit MUST NOT be set".
            decapsulation_by_mobile_node=attachment.care_of is CareOf.COLOCATED and not deletes_all,
            lifetime=outstanding.lifetime,
            home_address=config.home_address,
            home_agent=outstanding.home_agent,
            care_of_address=care_of_address,
            identification=outstanding.identification,
        )
    )
    # RFC 5944 §3.6.1.3, in this order: the authorization-enabling extension, then the Mobile-Foreign one,
    # which "MUST be included when the mobile node and the foreign agent share a Mobility Security
    # Association".
    octets = sign(octets, MobileHomeAuthentication, config.association)
    association = foreign_association(attachment, config)
    if association is not None:
        octets = sign(octets, MobileForeignAuthentication, association)
    return SendMessage(octets=octets, departure=_departure(attachment, config, outstanding.home_agent))


def _departure(attachment: Attachment, config: MobileNodeConfig, home_agent: IPv4Address) -> Departure:
    # RFC 5944 §3.6.1.1: with a co-located care-of address "the IP source address MUST be the care-of
    # address"; otherwise it "MUST be the mobile node's home address".
    colocated = attachment.care_of is CareOf.COLOCATED
    return Departure(
        source=attachment.care_of_address if colocated else config.home_address,
        # RFC 5944 §3.6.1.1: "the address of the agent as learned from the IP source address of the
        # corresponding Agent Advertisement MUST be used", else the home agent's.
        destination=attachment.agent or home_agent,
        interface=attachment.interface,
        # RFC 5944 §3.6.1.1: "MUST use a link-layer Destination Address copied from the link-layer source
        # address of the Agent Advertisement".
        link_destination=attachment.first_hop,
        # A unicast foreign agent may ask for 255 to know that we are its neighbour (RFC 3024 §3.2).
        ttl=255 if attachment.agent else 64,
    )
