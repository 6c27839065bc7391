"""What leaves a foreign agent: Requests towards the home agent, Replies and denials towards the mobile node.

Octets that the two ends have signed pass unchanged; what lies behind them was for us and goes no further
(RFC 5944 §3.7.2.2, §3.7.3.2).
"""

from ipaddress import IPv4Address

from mobileip.agents.foreign.snapshot import PendingRegistration
from mobileip.agents.foreign.surroundings import Surroundings
from mobileip.agents.outputs import Departure, SendMessage
from mobileip.security.authenticator import sign
from mobileip.wire.extensions.authentication import (
    ForeignHomeAuthentication,
    MobileAaaAuthentication,
    MobileForeignAuthentication,
    MobileHomeAuthentication,
)
from mobileip.wire.message import Decoded, Message, encode_message
from mobileip.wire.numbers import MOBILE_IP_UDP_PORT, ReplyCode
from mobileip.wire.registration import RegistrationReply, RegistrationRequest

AUTHORIZATION_ENABLING = (MobileHomeAuthentication, MobileAaaAuthentication)
"""RFC 5944 §1.6: what makes a home agent accept, or a mobile node believe; RFC 4721 §3.2 counts Mobile-AAA in, so a
challenge in front of it stays."""

_UNSPECIFIED = IPv4Address(0)
_LIMITED_BROADCAST = IPv4Address("255.255.255.255")


def covered_length(decoded: Decoded[Message]) -> int | None:
    """The octets up to and with the last authorization-enabling extension; None where there is none."""
    ends = (*decoded.offsets, len(decoded.octets))[1:]
    covered = [
        end
        for end, extension in zip(ends, decoded.message.extensions, strict=True)
        if isinstance(extension, AUTHORIZATION_ENABLING)
    ]
    return covered[-1] if covered else None


def relayed_request(decoded: Decoded[RegistrationRequest], surroundings: Surroundings) -> SendMessage:
    """A valid Request on its way to the home agent."""
    request = decoded.message
    # RFC 5944 §3.7.2.2: "It MUST process and remove any extensions that do not precede any
    # authorization-enabling extension"; before that it "MUST NOT modify any of the fields".
    octets = decoded.octets[: covered_length(decoded)]
    association = surroundings.home_agents.first(request.home_agent)
    # RFC 5944 §3.7.2.2: "If the foreign agent shares a Mobility Security Association with the home agent, and
    # the Request has Lifetime != 0, then it MUST append the Foreign-Home Authentication Extension."
    if association is not None and request.lifetime:
        octets = sign(octets, ForeignHomeAuthentication, association)
    # RFC 5944 §3.7.2.2: source "The care-of address offered by the foreign agent", destination "Copied from the
    # Home Agent field", port 434.
    departure = Departure(destination=request.home_agent, source=surroundings.config.care_of_address)
    return SendMessage(octets=octets, departure=departure)


def relayed_reply(
    decoded: Decoded[RegistrationReply], pending: PendingRegistration, surroundings: Surroundings
) -> SendMessage:
    """A valid Reply on its way to the mobile node."""
    # RFC 5944 §3.7.3.2: "It MUST process and remove any Extensions that are not covered by any
    # authorization-enabling extension".
    octets = decoded.octets[: covered_length(decoded)]
    return _to_mobile_node(octets, decoded.message.home_address, pending, surroundings)


def denial(pending: PendingRegistration, code: ReplyCode, surroundings: Surroundings) -> SendMessage:
    """Our own answer to a Request that was refused, or that nobody answered."""
    # RFC 5944 §3.7.2.3: "the Home Address, Home Agent, and Identification fields within the Registration Reply
    # are copied from the corresponding fields of the Registration Request"; so is the Lifetime but with 69.
    is_too_long = code is ReplyCode.FA_REQUESTED_LIFETIME_TOO_LONG
    reply = RegistrationReply(
        code=code,
        lifetime=surroundings.config.registration_lifetime if is_too_long else pending.requested_lifetime,
        home_address=pending.home_address,
        home_agent=pending.home_agent,
        identification=pending.identification,
    )
    return _to_mobile_node(encode_message(reply), pending.home_address, pending, surroundings)


def _to_mobile_node(
    octets: bytes, home_address: IPv4Address, pending: PendingRegistration, surroundings: Surroundings
) -> SendMessage:
    association = surroundings.mobile_association(pending)
    # RFC 5944 §3.7.3.2: "It MUST append the Mobile-Foreign Authentication Extension, if the foreign agent shares
    # a Mobility Security Association with the mobile node." A mobile node looks for it in denials too (§3.6.2.1).
    if association is not None:
        octets = sign(octets, MobileForeignAuthentication, association)
    # RFC 5944 §3.7.2.3: to the Home Address, or 255.255.255.255 where that is 0.0.0.0; source port 434, and
    # "Copied from the UDP Source Port of the Registration Request". §4.2.2: "A foreign agent MUST NOT use
    # broadcast ARP for a mobile node's MAC address": it goes to where the Request came from.
    return SendMessage(
        octets=octets,
        departure=Departure(
            destination=home_address if home_address != _UNSPECIFIED else _LIMITED_BROADCAST,
            source=surroundings.reply_source(pending),
            source_port=MOBILE_IP_UDP_PORT,
            destination_port=pending.udp_port,
            interface=pending.interface,
            link_destination=pending.link_address,
        ),
    )
