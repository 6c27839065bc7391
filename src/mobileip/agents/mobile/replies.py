"""The validity checks of a Registration Reply, in the order of RFC 5944 §3.6.2.1: the first complaint
discards it silently."""

from collections.abc import Callable
from ipaddress import IPv4Address

import msgspec

from mobileip.agents.events import Arrival
from mobileip.agents.mobile import denials
from mobileip.agents.mobile.attachment import ALL_AGENTS
from mobileip.agents.mobile.config import UNSPECIFIED, MobileNodeConfig
from mobileip.agents.mobile.requests import Outstanding, foreign_association
from mobileip.forwarding.drop_reason import DropReason
from mobileip.security.association import MobilitySecurityAssociation, ReplayStyle
from mobileip.security.authenticator import verify
from mobileip.wire.extensions.authentication import (
    AuthenticationExtension,
    MobileForeignAuthentication,
    MobileHomeAuthentication,
)
from mobileip.wire.identification import low
from mobileip.wire.message import Decoded, Message
from mobileip.wire.numbers import Issuer
from mobileip.wire.registration import RegistrationReply


class Complaint(msgspec.Struct, frozen=True):
    reason: DropReason
    detail: str


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A reply beside the request that it seems to answer."""

    decoded: Decoded[Message]
    reply: RegistrationReply
    source: IPv4Address
    outstanding: Outstanding
    config: MobileNodeConfig

    @property
    def issuer(self) -> Issuer:
        return denials.issuer(self.reply.code)


def match(
    reply: RegistrationReply, outstanding: list[Outstanding], now: float, style: ReplayStyle
) -> Outstanding | None:
    """The request that a reply answers.

    The low-order 32 bits "MUST be compared"; "If they do not match, the Reply MUST be silently discarded". An older
    transmission of the same registration is matched as well, as long as what it asked for could still be in force.

    With timestamps an acceptance repeats the whole Identification (RFC 5944 §5.7.1), so all of it is compared: half of
    it may be that of a Request of long ago, whose Reply somebody kept.
    """
    is_whole = style is ReplayStyle.TIMESTAMPS and denials.accepts(reply.code)
    matching = [
        one
        for one in outstanding
        # R5944-5.7-d: "The mobile node MUST verify that the low-order 32 bits of any Registration Reply are identical
        # to the bits it sent". R5944-5.7.1-j: "before using the high-order bits for clock resynchronization".
        # R5944-3.6.2.1-b, R5944-3.6.2.1-c, R5944-5.7-d, R5944-5.7.1-j
        if low(one.identification) == low(reply.identification)
        and (not one.lifetime or now < one.sent_at + one.lifetime)
    ]
    exact = [one for one in matching if one.identification == reply.identification]
    return next(reversed(exact if exact or is_whole else matching), None)


def check(
    decoded: Decoded[Message],
    reply: RegistrationReply,
    arrival: Arrival,
    outstanding: Outstanding,
    config: MobileNodeConfig,
) -> Complaint | None:
    """What is wrong with a reply, or None."""
    case = Case(decoded=decoded, reply=reply, source=arrival.source, outstanding=outstanding, config=config)
    for step in CHECKS:
        complaint = step(case)
        # R5944-3.6.2.1-h, R5944-3.6.2.1-l: "the Reply MUST be silently discarded".
        if complaint is not None:
            return complaint
    return None


def check_mobile_foreign_authentication(case: Case) -> Complaint | None:
    """With a shared association (RFC 5944 §3.6.2.1 a)."""
    association = foreign_association(case.outstanding.attachment, case.config)
    if association is None:
        return None
    # R5944-3.6.2.1-f: "exactly one Mobile-Foreign Authentication Extension MUST be present". R5944-3.6.2.1-g
    return check_exactly_one(case.decoded, MobileForeignAuthentication, association)


def check_mobile_home_authentication(case: Case) -> Complaint | None:
    """Accepted or denied by the home agent (RFC 5944 §3.6.2.1 b)."""
    # R5944-3.6.2.1-d, R5944-3.6.2.1-e
    if case.issuer is not Issuer.HOME_AGENT:
        return None
    if case.config.allow_unauthenticated and not case.decoded.find(MobileHomeAuthentication):
        return None
    # R5944-3.6.2.1-j: "exactly one Mobile-Home Authentication Extension MUST be present". R5944-3.6.2.1-k, R5944-3.2-b,
    # R4433-5.1.1-c, R4433-5.1.2-d, R3543-6.2-a, R3344-3.5.2-a
    return check_exactly_one(case.decoded, MobileHomeAuthentication, case.config.association)


def check_replying_agent(case: Case) -> Complaint | None:
    """A foreign agent's own word counts only from the one that was asked (RFC 5944 §3.6.2.1, §3.7.2.3)."""
    agent = case.outstanding.attachment.agent
    if case.issuer is Issuer.HOME_AGENT or agent in (case.source, ALL_AGENTS):
        return None
    return Complaint(DropReason.UNEXPECTED_REPLY, f"code {case.reply.code} from {case.source}, which was not asked")


def check_home_agent(case: Case) -> Complaint | None:
    """An acceptance names the home agent that was asked (RFC 5944 §3.8.3.2), or one that was assigned (RFC 4433)."""
    asked, given = case.outstanding.home_agent, case.reply.home_agent
    is_one = is_usable(given) and not case.config.seeks(given)
    if not denials.accepts(case.reply.code) or (is_one if case.config.seeks(asked) else given == asked):
        return None
    return Complaint(DropReason.UNEXPECTED_REPLY, f"accepted by {case.reply.home_agent}, which was not asked")


def check_home_address(case: Case) -> Complaint | None:
    """An acceptance is about the address that we have, or names one when we asked for one (RFC 2794 §2)."""
    asked, given = case.outstanding.home_address, case.reply.home_address
    if given == asked and not (asked == UNSPECIFIED and denials.accepts(case.reply.code)):
        return None
    if asked == UNSPECIFIED and is_usable(given):
        return None
    return Complaint(DropReason.UNEXPECTED_REPLY, f"home address {given}")


def is_usable(address: IPv4Address) -> bool:
    """Whether that can be somebody's address."""
    return not (address.is_unspecified or address.is_multicast or address.is_reserved or address.is_loopback)


CHECKS: tuple[Callable[[Case], Complaint | None], ...] = (
    check_mobile_foreign_authentication,
    check_mobile_home_authentication,
    check_replying_agent,
    check_home_agent,
    check_home_address,
)


def check_exactly_one(
    decoded: Decoded[Message], kind: type[AuthenticationExtension], association: MobilitySecurityAssociation
) -> Complaint | None:
    """Whether one extension of that kind is there, and right."""
    found = decoded.find(kind)
    if not found:
        return Complaint(DropReason.MISSING_AUTHENTICATION, f"no {kind.__name__}")
    if len(found) > 1:
        return Complaint(DropReason.BAD_AUTHENTICATOR, f"{len(found)} times {kind.__name__}")
    ((offset, extension),) = found
    if extension.spi != association.spi:
        return Complaint(DropReason.UNKNOWN_SPI, f"{kind.__name__} with SPI {extension.spi}")
    if not verify(decoded, offset, extension, association):
        return Complaint(DropReason.BAD_AUTHENTICATOR, f"{kind.__name__} is wrong")
    return None
