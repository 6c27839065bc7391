"""Registration Requests of a mobile node: fields, signatures, and how they leave (RFC 5944 §3.6.1)."""

from ipaddress import IPv4Address

import msgspec

from mobileip.agents.mobile.attachment import ALL_AGENTS, Attachment, CareOf
from mobileip.agents.mobile.config import MobileNodeConfig
from mobileip.agents.mobile.terms import Terms
from mobileip.agents.outputs import Departure, SendMessage
from mobileip.forwarding.tunnel import Encapsulation
from mobileip.security.association import MobilitySecurityAssociation
from mobileip.security.authenticator import sign
from mobileip.wire.extensions.authentication import MobileForeignAuthentication, MobileHomeAuthentication
from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.reverse_tunnel import EncapsulatingDeliveryStyle
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
    home_address: IPv4Address
    """As in the Request: 0.0.0.0 asks for one."""
    terms: Terms = Terms()
    """What it asks for about tunnels."""
    withdraws: bool = False
    """Only takes back what the home agent holds for a place where a foreign agent does not serve us (RFC 4636 §5)."""


def foreign_association(attachment: Attachment, config: MobileNodeConfig) -> MobilitySecurityAssociation | None:
    """What we share with the foreign agent of this point of attachment, if we share anything with one."""
    return dict(config.foreign_agents).get(attachment.agent) if attachment.agent else None


class Extras(msgspec.Struct, frozen=True, kw_only=True):
    """What of a request depends on more than its place."""

    direct_to: IPv4Address
    """Where it goes when no foreign agent relays it."""
    simultaneous_bindings: bool = False
    extensions: tuple[Extension, ...] = ()
    """For the home agent, and protected by its authenticator."""


def request(
    outstanding: Outstanding, config: MobileNodeConfig, care_of_address: IPv4Address, extras: Extras | None = None
) -> SendMessage:
    """One request, signed. `care_of_address` is the attachment's, or the home address to delete all bindings
    (§3.6.1.2)."""
    attachment = outstanding.attachment
    extras = extras or Extras(direct_to=outstanding.home_agent)
    deletes_all = care_of_address == config.home_address
    # R5944-3.6.1-a: the fields have the values of the sections that follow.
    octets = encode_message(
        RegistrationRequest(
            # R5944-3.6.1.2-c
            simultaneous_bindings=extras.simultaneous_bindings,
            # R5944-3.6.1.2-h, R5944-3.6.1.2-i: both forms of broadcasts are taken out of their tunnels (`wishes.py`).
            broadcast_datagrams=config.broadcasts and outstanding.lifetime > 0,
            # R5944-3.6.1.2-a, R5944-3.6.1.2-b: "SHOULD set the 'D' bit if it is registering with a co-located care-of
            # address. Otherwise, the 'D' bit MUST NOT be set".
            decapsulation_by_mobile_node=attachment.care_of is CareOf.COLOCATED and not deletes_all,
            # R5944-3.6.1.2-j: only where we are able to decapsulate it, or the agent offers it (`terms.py`).
            minimal_encapsulation=outstanding.terms.encapsulation is Encapsulation.MINIMAL,
            # R5944-3.6.1.2-j. R6245-4.3-a
            gre_encapsulation=outstanding.terms.encapsulation is Encapsulation.GRE,
            # R3024-A.4-a
            reverse_tunneling=outstanding.terms.reverse,
            lifetime=outstanding.lifetime,
            # R5944-3.6.1.2-l, R5944-3.6.1.2-m
            home_address=outstanding.home_address,
            # R5944-3.6.1.2-n, R5944-3.6.1.2-o. R4433-5.1-b, R4433-5.1.1-a, R4433-5.1.2-a: "either 255.255.255.255 or
            # 0.0.0.0" until one is assigned. R4433-5.1.2-c: that one from then on.
            home_agent=outstanding.home_agent,
            # R5944-3.6.1.2-r
            care_of_address=care_of_address,
            identification=outstanding.identification,
            # R5944-3.6.1.3-a, R5944-3.3-b: "any non-authentication Extensions expected to be used by the home agent",
            # then the authorization-enabling one. R2794-2-a, R3846-3.1-a, R3543-3.2-g
            extensions=extras.extensions,
        )
    )
    # R5944-3.3-a, R5944-3.5.2-a, R5944-3.6.1.3-b, R5944-3.2-b, R5944-1.6-a: "The mobile node MUST include an
    # authorization-enabling extension in every Registration Request". R5944-3.2-c: the first of all. R4433-5.1-c,
    # R4433-5.1.1-b, R3543-6.2-a, R3024-4-b. R3344-3.5.2-a, R3344-3.6.1.3-a: exactly one.
    octets = sign(octets, MobileHomeAuthentication, config.association)
    # R3024-3.3-b: "The mobile node MUST place this extension after the Mobile-Home Authentication Extension and before
    # the Mobile-Foreign Authentication Extension": it is the foreign agent's.
    if outstanding.terms.encapsulating:
        octets += EncapsulatingDeliveryStyle().encode()
    association = foreign_association(attachment, config)
    # R5944-3.6.1.3-c, R5944-3.6.1.3-a: "MUST be included when the mobile node and the foreign agent share a Mobility
    # Security Association". R3024-4-a
    if association is not None:
        octets = sign(octets, MobileForeignAuthentication, association)
    return SendMessage(octets=octets, departure=_departure(attachment, config, extras.direct_to))


def _departure(attachment: Attachment, config: MobileNodeConfig, direct_to: IPv4Address) -> Departure:
    colocated = attachment.care_of is CareOf.COLOCATED
    return Departure(
        # R5944-3.6.1.1-a, R5944-3.6.1.1-c: with a co-located care-of address "the IP source address MUST be the care-of
        # address"; otherwise it "MUST be the mobile node's home address". R5944-3.6.1.1-b: 0.0.0.0 without one.
        # R3519-4.2-a: Requests "SHALL NOT be tunneled", whatever carries the packets of the home address.
        source=attachment.care_of_address if colocated else config.home_address,
        # R5944-3.6.1.1-f, R5944-3.1-a, R5944-3.6.1.1-i: "the address of the agent as learned from the IP source address
        # of the corresponding Agent Advertisement MUST be used", else (R5944-3.6.1.1-h, R5944-3.1-c, R5944-3.1-d) the
        # home agent's.
        destination=attachment.agent or direct_to,
        interface=attachment.interface,
        # R5944-3.6.1.1-g, R5944-1.7-d: "MUST use a link-layer Destination Address copied from the link-layer source
        # address of the Agent Advertisement".
        link_destination=attachment.first_hop,
        # R5944-3.6.1.1-j: with the Mobile-Agents group the TTL "MUST be set to 1". A foreign agent may ask for 255 to
        # know that we are its neighbour: R3024-3.2-b, R3024-4.1.1-a, R3024-6.1-a: "The TTL field [...] MUST be set to
        # 255".
        ttl=1 if attachment.agent == ALL_AGENTS else 255 if attachment.agent else 64,
    )
