"""The validity checks of a Registration Reply, in the order of RFC 5944 §3.6.2.1: the first complaint
discards it silently."""

from collections.abc import Callable
from ipaddress import IPv4Address

import msgspec

from mobileip.agents.events import Arrival
from mobileip.agents.mobile import denials
from mobileip.agents.mobile.config import MobileNodeConfig
from mobileip.agents.mobile.requests import Outstanding, foreign_association
from mobileip.forwarding.drop_reason import DropReason
from mobileip.security.association import MobilitySecurityAssociation
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


def match(reply: RegistrationReply, outstanding: list[Outstanding], now: float) -> Outstanding | None:
    """The request that a reply answers.

    RFC 5944 §3.6.2.1: the low-order 32 bits "MUST be compared"; "If they do not match, the Reply MUST be
    silently discarded". An older transmission of the same registration is matched as well, as long as what
    it asked for could still be in force.
    """
    matching = [
        one
        for one in outstanding
        if low(one.identification) == low(reply.identification)
        and (not one.lifetime or now < one.sent_at + one.lifetime)
    ]
    exact = [one for one in matching if one.identification == reply.identification]
    return next(reversed(exact or matching), None)


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
        if complaint is not None:
            return complaint
    return None


def check_mobile_foreign_authentication(case: Case) -> Complaint | None:
    """RFC 5944 §3.6.2.1 a: with a shared association "exactly one Mobile-Foreign Authentication Extension
    MUST be present"."""
    association = foreign_association(case.outstanding.attachment, case.config)
    if association is None:
        return None
    return _check_exactly_one(case.decoded, MobileForeignAuthentication, association)


def check_mobile_home_authentication(case: Case) -> Complaint | None:
    """RFC 5944 §3.6.2.1 b: accepted or denied by the home agent, "exactly one Mobile-Home Authentication
    Extension MUST be present"."""
    if case.issuer is not Issuer.HOME_AGENT:
        return None
    return _check_exactly_one(case.decoded, MobileHomeAuthentication, case.config.association)


def check_replying_agent(case: Case) -> Complaint | None:
    """A foreign agent's own word counts only from the one that was asked (RFC 5944 §3.6.2.1, §3.7.2.3)."""
    if case.issuer is Issuer.HOME_AGENT or case.source == case.outstanding.attachment.agent:
        return None
    return Complaint(DropReason.UNEXPECTED_REPLY, f"code {case.reply.code} from {case.source}, which was not asked")


def check_home_agent(case: Case) -> Complaint | None:
    """An acceptance names the home agent that was asked (RFC 5944 §3.8.3.2)."""
    if not denials.accepts(case.reply.code) or case.reply.home_agent == case.outstanding.home_agent:
        return None
    return Complaint(DropReason.UNEXPECTED_REPLY, f"accepted by {case.reply.home_agent}, which was not asked")


CHECKS: tuple[Callable[[Case], Complaint | None], ...] = (
    check_mobile_foreign_authentication,
    check_mobile_home_authentication,
    check_replying_agent,
    check_home_agent,
)


def _check_exactly_one(
    decoded: Decoded[Message], kind: type[AuthenticationExtension], association: MobilitySecurityAssociation
) -> Complaint | None:
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
