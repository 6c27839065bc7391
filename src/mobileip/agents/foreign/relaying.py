"""What leaves a foreign agent: Requests towards the home agent, Replies and denials towards the mobile node.

Octets that the two ends have signed pass unchanged; what lies behind them was for us and goes no further
(RFC 5944 §3.7.2.2, §3.7.3.2).
"""

from ipaddress import IPv4Address

from mobileip.agents.foreign.snapshot import PendingRegistration
from mobileip.agents.foreign.surroundings import LIMITED_BROADCAST, Surroundings
from mobileip.agents.foreign.tunnels import extensions_of
from mobileip.agents.outputs import Departure, SendMessage
from mobileip.security.authenticator import sign
from mobileip.wire.extensions.authentication import (
    ForeignHomeAuthentication,
    MobileAaaAuthentication,
    MobileForeignAuthentication,
    MobileHomeAuthentication,
)
from mobileip.wire.extensions.error import ForeignAgentError
from mobileip.wire.extensions.message_string import MessageString
from mobileip.wire.extensions.nai import MobileNodeNai
from mobileip.wire.extensions.revocation_support import RevocationSupport
from mobileip.wire.message import Decoded, Message, encode_message
from mobileip.wire.numbers import MOBILE_IP_UDP_PORT, ReplyCode
from mobileip.wire.registration import RegistrationReply, RegistrationRequest
from mobileip.wire.subtypes import MessageStringSubtype

AUTHORIZATION_ENABLING = (MobileHomeAuthentication, MobileAaaAuthentication)
"""RFC 5944 §1.6: what makes a home agent accept, or a mobile node believe; RFC 4721 §3.2 counts Mobile-AAA in, so a
challenge in front of it stays."""

ERROR_STATUSES = (
    ReplyCode.FA_REASON_UNSPECIFIED,
    ReplyCode.FA_ADMINISTRATIVELY_PROHIBITED,
    ReplyCode.FA_INSUFFICIENT_RESOURCES,
    ReplyCode.FA_HOME_AGENT_FAILED_AUTHENTICATION,
    ReplyCode.FA_POORLY_FORMED_REPLY,
    ReplyCode.FA_INVALID_CARE_OF_ADDRESS,
    ReplyCode.FA_REGISTRATION_TIMEOUT,
)
"""RFC 4636 §4: "Status codes allowable for use within the FA Error Extension are within the range 64-127", and of those
only these are."""

_UNSPECIFIED = IPv4Address(0)


def covered_length(decoded: Decoded[Message]) -> int | None:
    """The octets up to and with the last authorization-enabling extension; None where there is none."""
    ends = (*decoded.offsets, len(decoded.octets))[1:]
    covered = [
        end
        for end, extension in zip(ends, decoded.message.extensions, strict=True)
        if isinstance(extension, AUTHORIZATION_ENABLING)
    ]
    return covered[-1] if covered else None


def nai_of(decoded: Decoded[Message]) -> str | None:
    """The mobile node's NAI, where the message has one."""
    found = decoded.find(MobileNodeNai)
    return found[0][1].nai if found else None


def relayed_request(
    decoded: Decoded[RegistrationRequest], pending: PendingRegistration, surroundings: Surroundings, timestamp: int
) -> SendMessage:
    """A valid Request on its way to the home agent. `timestamp`: our 32-bit clock (RFC 3543)."""
    # R5944-3.7.2.2-c, R3115-2.3-f: "It MUST process and remove any extensions that do not precede any
    # authorization-enabling extension"; R3024-3.3-a: what tells the delivery style is among them. R5944-3.7.2.2-b:
    # before that it "MUST NOT modify any of the fields".
    octets = decoded.octets[: covered_length(decoded)]
    # R3543-3.2-c, R3543-3.2-a: who advertises X and shares an association with the home agent attaches the extension;
    # R3543-4.2.1-a. R3543-3.2-g: in front of the authenticator that protects it.
    if pending.offers_revocation:
        octets += RevocationSupport(timestamp=timestamp, inform=True).encode()
    # R6245-4.1-h: "after the MN-HA and MN-FA Challenge and MN-AAA [...] extensions (if any) and before the FA-HA Auth
    # extension (if any)"; R6245-4.1-d: so the G bit stays as it is. R3519-4.5-b, R3519-4.5-c: so does the UDP Tunnel
    # Request.
    octets += extensions_of(pending, surroundings.key_form(pending.relayed_to))
    association = surroundings.relay_association(decoded.message, pending.relayed_to)
    # R5944-3.7.2.2-d: "If the foreign agent shares a Mobility Security Association with the home agent, and the Request
    # has Lifetime != 0, then it MUST append the Foreign-Home Authentication Extension." R5944-3.7.1-g, R5944-3.3-b:
    # behind everything else.
    if association is not None:
        octets = sign(octets, ForeignHomeAuthentication, association)
    # R5944-3.7.2.2-a: "it MUST relay the Request to the mobile node's home agent". R5944-3.7.2.2-e: source "The
    # care-of address offered by the foreign agent". R5944-3.7.2.2-f: destination "Copied from the Home Agent field",
    # or what stands for it (RFC 4433 §5.2). R5944-3.7.2.2-g: port 434. R3519-4.5-d: for UDP Tunnel Requests it is
    # "REQUIRED that the foreign agent [...] sends the registration request with an IP source address matching the
    # care-of address".
    departure = Departure(destination=pending.relayed_to, source=surroundings.config.care_of_address)
    return SendMessage(octets=octets, departure=departure, ahead=True)


def relayed_reply(
    decoded: Decoded[RegistrationReply],
    pending: PendingRegistration,
    surroundings: Surroundings,
    error: ReplyCode | None = None,
) -> SendMessage:
    """A valid Reply on its way to the mobile node; or, with `error`, one that we do not honour."""
    # R5944-3.7.3.2-g: "It MUST process and remove any Extensions that are not covered by any authorization-enabling
    # extension". R5944-3.7.3.2-e: the rest it "MUST NOT modify". R5944-3.7.3.2-f: and now the three additions.
    octets = decoded.octets[: covered_length(decoded)]
    # R4636-4-c: what we find wrong stands behind what the home agent has signed, whose Code stays.
    if error is not None:
        octets += ForeignAgentError(status=error).encode()
    return _to_mobile_node(octets, decoded.message.home_address, pending, surroundings)


def denial(pending: PendingRegistration, code: ReplyCode, surroundings: Surroundings) -> SendMessage:
    """Our own answer to a Request that was refused, or that nobody answered."""
    # R5944-3.7.2.3-d: too long a Lifetime: the agent "sets the Lifetime in the Reply to the maximum Lifetime value it
    # is willing to accept in any Registration Request".
    is_too_long = code is ReplyCode.FA_REQUESTED_LIFETIME_TOO_LONG
    longest = surroundings.config.registration_lifetime
    # R5944-3.7.2.3-e: "Otherwise, the Lifetime SHOULD be copied from the Lifetime field in the Request."
    lifetime = longest if is_too_long else pending.requested_lifetime
    reply = RegistrationReply(
        code=code,
        lifetime=lifetime,
        # R5944-3.7.2.3-a: "the Home Address, Home Agent, and Identification fields within the Registration Reply are
        # copied from the corresponding fields of the Registration Request".
        home_address=pending.home_address,
        home_agent=pending.home_agent,
        identification=pending.identification,
    )
    return _to_mobile_node(encode_message(reply), pending.home_address, pending, surroundings)


def _to_mobile_node(
    octets: bytes, home_address: IPv4Address, pending: PendingRegistration, surroundings: Surroundings
) -> SendMessage:
    config = surroundings.config
    # R4917-5-b: ours stands behind the Mobile-Home Authentication Extension, R4917-5-c: and in front of the
    # Mobile-Foreign Authentication Extension. R4917-4-b: in Replies, and in nothing else that we send.
    if config.message:
        octets += MessageString.of(MessageStringSubtype.FOREIGN_AGENT, config.message).encode()
    association = surroundings.mobile_association(home_address, pending.mobile_foreign_spi)
    # R5944-3.7.3.2-h: "It MUST append the Mobile-Foreign Authentication Extension, if the foreign agent shares a
    # Mobility Security Association with the mobile node." R5944-3.7.1-j. It is looked for in denials too (§3.6.2.1).
    if association is not None:
        octets = sign(octets, MobileForeignAuthentication, association)
    # R5944-3.7.2.3-h: to the Home Address, "If the Home Address field is zero", to 255.255.255.255.
    destination = home_address if home_address != _UNSPECIFIED else LIMITED_BROADCAST
    return SendMessage(
        octets=octets,
        departure=Departure(
            destination=destination,
            source=surroundings.reply_source(pending),
            # R5944-3.7.2.3-i: source port 434, destination "Copied from the UDP Source Port of the Registration
            # Request".
            source_port=MOBILE_IP_UDP_PORT,
            destination_port=pending.udp_port,
            interface=pending.interface,
            # RFC 5944 §4.2.2: "A foreign agent MUST NOT use broadcast ARP for a mobile node's MAC address": it goes to
            # where the Request came from.
            link_destination=pending.link_address,
        ),
    )
