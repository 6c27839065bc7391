"""Every check of Replies by a foreign agent, both ways, and the order of all."""

from ipaddress import IPv4Address
from typing import Any

import msgspec
import pytest
from tests.support.foreign_agent import (
    AGENT_ADDRESS,
    FOREIGN_HOME,
    LINK,
    OTHER_HOME_ADDRESS,
    OTHER_HOME_AGENT,
    OTHER_MAC,
    foreign_agent_config,
    link_changed,
    pending,
    reply,
    unsigned_reply,
    visitor,
)
from tests.support.messages import (
    HOME_ADDRESS,
    HOME_AGENT,
    MOBILE_HOME,
    arrived,
    registration_reply,
    signed,
)

from mobileip.agents.events import MessageArrived
from mobileip.agents.foreign import reply_validity
from mobileip.agents.foreign.config import GreKeyForm
from mobileip.agents.foreign.reply_validity import REPLY_CHECKS, ReplyCase, refusal_of_reply
from mobileip.agents.foreign.snapshot import RevocationTerms
from mobileip.agents.foreign.surroundings import Surroundings
from mobileip.agents.foreign.validity import Refusal
from mobileip.agents.foreign.visitors import VisitorList
from mobileip.forwarding.drop_reason import DropReason
from mobileip.security.association import MobilitySecurityAssociation
from mobileip.security.authenticator import sign
from mobileip.wire.extensions.authentication import ForeignHomeAuthentication, MobileHomeAuthentication
from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.nai import MobileNodeNai
from mobileip.wire.extensions.revocation_support import RevocationSupport
from mobileip.wire.extensions.vendor import CriticalVendorExtension
from mobileip.wire.message import Decoded
from mobileip.wire.numbers import ReplyCode
from mobileip.wire.registration import RegistrationReply

NOWHERE = IPv4Address(0)
ELSEWHERE = IPv4Address("203.0.113.1")
MHAE = (MobileHomeAuthentication, MOBILE_HOME)
FHAE = (ForeignHomeAuthentication, FOREIGN_HOME)
GUESSED = (ForeignHomeAuthentication, MobilitySecurityAssociation(spi=FOREIGN_HOME.spi, key=b"guessed"))
SHARED: dict[str, Any] = {"home_agents": ((HOME_AGENT, FOREIGN_HOME),)}
REVOKING = SHARED | {"revocation": True}
NAI = MobileNodeNai("mn@example.net")
NAMED: dict[str, Any] = {"nai": NAI.nai}
NAMELESS = {"home_address": NOWHERE, "nai": NAI.nai}
SIGNING = {"home_agent_signs": True}


def surroundings(**fields: Any) -> Surroundings:
    made = Surroundings(foreign_agent_config(**fields))
    made.links[LINK] = link_changed().link
    return made


def case(event: MessageArrived, config: dict[str, Any], asked: dict[str, Any]) -> ReplyCase:
    message = event.decoded.message
    assert isinstance(message, RegistrationReply)
    decoded = Decoded(message, event.decoded.octets, event.decoded.offsets)
    return ReplyCase(surroundings(**config), VisitorList(), decoded, event.arrival, pending(**asked))


def answer(
    *signatures: Any, config: dict[str, Any] | None = None, asked: dict[str, Any] | None = None, **fields: Any
) -> ReplyCase:
    """A reply to `pending(**asked)`, to an agent without visitors."""
    return case(reply(*signatures, **fields), config or {}, asked or {})


def layered(*parts: Extension | str, asked: dict[str, Any] | None = None) -> ReplyCase:
    """A reply whose extensions stand in this order; "mobile_home" and "foreign_home" sign what is before them."""
    octets = signed(registration_reply())[:20]
    for part in parts:
        if isinstance(part, Extension):
            octets += part.encode()
        else:
            octets = sign(octets, *{"mobile_home": MHAE, "foreign_home": FHAE}[part])
    return case(arrived(octets, source=HOME_AGENT), REVOKING, asked or SIGNING)


def test_a_good_reply_passes_all() -> None:
    assert refusal_of_reply(answer()) is None
    assert refusal_of_reply(answer(code=1)) is None
    assert refusal_of_reply(answer(code=133, lifetime=0)) is None


def test_the_order_is_the_rfcs() -> None:
    assert [check.__name__ for check in REPLY_CHECKS] == [
        "check_sender",
        "check_foreign_home_authentication",
        "check_revocation_support",
        "check_names",
        "check_form",
        "check_critical_vendor_extensions",
        "check_assigned_address",
        "check_home_address_is_free",
        "check_room",
    ]


def test_every_check_is_in_the_list() -> None:
    there = {name for name in vars(reply_validity) if name.startswith("check_")}
    assert there == {check.__name__ for check in REPLY_CHECKS}


@pytest.mark.parametrize(
    ("signatures", "fields", "config", "refused"),
    [
        ((), {}, {}, False),
        ((), {"source": ELSEWHERE}, {}, True),
        ((MHAE, FHAE), {"source": ELSEWHERE}, {}, True),
        ((MHAE, FHAE), {"source": ELSEWHERE}, SHARED, False),
        ((MHAE,), {"source": ELSEWHERE}, SHARED, True),
        ((MHAE, FHAE), {"source": ELSEWHERE, "home_agent": ELSEWHERE}, SHARED, True),
        # Dynamic home agent address resolution (RFC 5944 §3.6.1.1): whoever is home agent tells its own address.
        ((), {"source": ELSEWHERE, "home_agent": ELSEWHERE, "code": 136}, {}, False),
        ((), {"source": ELSEWHERE, "home_agent": ELSEWHERE, "code": 129}, {}, True),
        ((), {"source": ELSEWHERE, "home_agent": ELSEWHERE}, {}, True),
        ((), {"source": ELSEWHERE, "code": 136}, {}, True),
    ],
)
def test_sender(signatures: Any, fields: dict[str, Any], config: dict[str, Any], refused: bool) -> None:
    tried = answer(*signatures, config=config, **fields)
    assert reply_validity.check_sender(tried) is (DropReason.UNEXPECTED_REPLY if refused else None)


def test_the_sender_is_who_was_asked_not_who_was_named() -> None:
    asked = {"home_agent": NOWHERE, "relayed_to": OTHER_HOME_AGENT}
    check = reply_validity.check_sender
    assert check(answer(asked=asked, source=OTHER_HOME_AGENT)) is None
    assert check(answer(asked=asked)) is DropReason.UNEXPECTED_REPLY


@pytest.mark.parametrize(
    ("signatures", "signs", "refused"),
    [
        ((MHAE, FHAE), True, False),
        ((MHAE,), True, True),
        ((MHAE, FHAE, FHAE), True, True),
        ((MHAE, GUESSED), True, True),
        ((MHAE, (ForeignHomeAuthentication, MOBILE_HOME)), True, True),
        ((MHAE,), False, False),
        ((MHAE, FHAE), False, False),
        ((MHAE, GUESSED), False, True),
    ],
)
def test_foreign_home_authentication(signatures: Any, signs: bool, refused: bool) -> None:
    check = reply_validity.check_foreign_home_authentication
    refusal = ReplyCode.FA_HOME_AGENT_FAILED_AUTHENTICATION if refused else None
    asked = {"home_agent_signs": signs}
    assert check(answer(*signatures, config=SHARED, asked=asked)) is refusal
    assert check(answer(*signatures, asked=asked)) is None


def test_revocation_support_has_to_be_protected() -> None:
    offer = RevocationSupport(7)
    check = reply_validity.check_revocation_support
    assert check(layered(offer, "mobile_home", "foreign_home")) is None
    assert check(layered("mobile_home", offer, "foreign_home")) is None
    assert check(layered(offer, "mobile_home")) is None
    failed = ReplyCode.FA_HOME_AGENT_FAILED_AUTHENTICATION
    assert check(layered("mobile_home", offer)) is failed
    assert check(layered("mobile_home", "foreign_home", offer)) is failed
    assert check(layered(offer)) is failed
    unshared = layered("mobile_home", offer, "foreign_home")
    unshared.surroundings = surroundings(revocation=True)
    assert check(unshared) is failed
    unaware = layered("mobile_home", offer)
    unaware.surroundings = surroundings(**SHARED)
    assert check(unaware) is None


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"extensions": (NAI,)}, None),
        ({}, ReplyCode.FA_MISSING_NAI),
        ({"extensions": (MobileNodeNai("other@example.net"),)}, ReplyCode.FA_MISSING_NAI),
        ({"extensions": (NAI,), "home_agent": NOWHERE}, ReplyCode.FA_MISSING_HOME_AGENT),
        ({"extensions": (NAI,), "home_address": NOWHERE}, ReplyCode.FA_MISSING_HOME_ADDRESS),
        ({"code": 133}, None),
        ({"code": 133, "home_address": NOWHERE}, None),
    ],
)
def test_names(fields: dict[str, Any], refusal: Refusal | None) -> None:
    assert reply_validity.check_names(answer(asked=NAMED, **fields)) is refusal
    assert reply_validity.check_names(answer(**fields)) is None


@pytest.mark.parametrize(
    ("signatures", "fields", "asked", "refused"),
    [
        ((), {}, 1800, False),
        ((), {"lifetime": 0}, 1800, False),
        ((), {"lifetime": 0}, 0, False),
        ((), {"lifetime": 1800}, 0, True),
        ((), {"lifetime": 1800, "code": 133}, 0, False),
        ((), {"home_agent": ELSEWHERE}, 1800, True),
        ((), {"home_agent": ELSEWHERE, "code": 136}, 1800, False),
        ((FHAE,), {}, 1800, True),
        ((FHAE,), {"code": 133}, 1800, True),
    ],
)
def test_form(signatures: Any, fields: dict[str, Any], asked: int, refused: bool) -> None:
    refusal = ReplyCode.FA_POORLY_FORMED_REPLY if refused else None
    tried = answer(*signatures, asked={"requested_lifetime": asked}, **fields)
    assert reply_validity.check_form(tried) is refusal


def test_a_reply_without_any_extension_is_poorly_formed() -> None:
    assert refusal_of_reply(case(unsigned_reply(), {}, {})) is ReplyCode.FA_POORLY_FORMED_REPLY


def test_critical_vendor_extensions() -> None:
    ours = CriticalVendorExtension(vendor=9, vendor_type=1)
    check = reply_validity.check_critical_vendor_extensions
    assert check(layered(ours, "mobile_home", "foreign_home")) is None
    assert check(layered("mobile_home", ours, "foreign_home")) is ReplyCode.FA_UNKNOWN_CVSE_FROM_HOME_AGENT


@pytest.mark.parametrize(
    ("ours", "this_home_agents", "is_known"),
    [
        (GreKeyForm.THREE_GPP2, {}, True),
        (GreKeyForm.RFC6245, {}, False),
        (GreKeyForm.RFC6245, {HOME_AGENT: GreKeyForm.THREE_GPP2}, True),
        (GreKeyForm.THREE_GPP2, {HOME_AGENT: GreKeyForm.RFC6245}, False),
        (GreKeyForm.RFC6245, {OTHER_HOME_AGENT: GreKeyForm.THREE_GPP2}, False),
    ],
)
def test_gre_keys_of_3gpp2_are_known_of_who_is_told_them_so(
    ours: GreKeyForm, this_home_agents: dict[IPv4Address, GreKeyForm], is_known: bool
) -> None:
    key = CriticalVendorExtension(vendor=5535, vendor_type=0x0401, value=bytes(4))
    config = {"gre_key_form": ours, "gre_key_forms": tuple(this_home_agents.items())}
    check = reply_validity.check_critical_vendor_extensions
    unknown = ReplyCode.FA_UNKNOWN_CVSE_FROM_HOME_AGENT
    for extension, code in ((key, None if is_known else unknown), (msgspec.structs.replace(key, vendor=9), unknown)):
        tried = layered("mobile_home", extension)
        tried.surroundings = surroundings(**config)
        assert check(tried) is code


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({}, None),
        ({"home_address": IPv4Address("224.0.0.9")}, ReplyCode.FA_POORLY_FORMED_REPLY),
        ({"home_address": AGENT_ADDRESS}, ReplyCode.FA_ADMINISTRATIVELY_PROHIBITED),
        ({"home_address": OTHER_HOME_ADDRESS}, ReplyCode.FA_ADMINISTRATIVELY_PROHIBITED),
        ({"home_address": OTHER_HOME_ADDRESS, "code": 129}, None),
    ],
)
def test_assigned_address(fields: dict[str, Any], refusal: Refusal | None) -> None:
    config = {"mobile_nodes": ((OTHER_HOME_ADDRESS, FOREIGN_HOME),)}
    check = reply_validity.check_assigned_address
    assert check(answer(config=config, asked=NAMELESS, **fields)) is refusal
    assert check(answer(config=config, **fields)) is None


def test_an_address_is_not_taken_from_another_home_agents_visitor_unless_both_can_be_told_apart() -> None:
    for taken_by, refusal in (
        ({"link_address": OTHER_MAC}, None),
        ({"home_agent": OTHER_HOME_AGENT}, None),
        (
            {"link_address": OTHER_MAC, "home_agent": OTHER_HOME_AGENT},
            ReplyCode.FA_ADMINISTRATIVELY_PROHIBITED,
        ),
    ):
        for asked in (NAMELESS, {}):
            tried = answer(asked=asked)
            tried.visitors.put(visitor(**taken_by))
            assert reply_validity.check_home_address_is_free(tried) is refusal
        tried = answer(asked={"reverse_tunnel": True})
        tried.visitors.put(visitor(**taken_by))
        assert reply_validity.check_home_address_is_free(tried) is None
        assert reply_validity.check_home_address_is_free(answer(asked=NAMELESS, code=128)) is None


@pytest.mark.parametrize(
    ("fields", "is_taken"), [({"lifetime": 1}, True), ({"lifetime": 0}, False), ({"code": 128}, False)]
)
def test_only_what_makes_a_visitor_takes_an_address(fields: dict[str, Any], is_taken: bool) -> None:
    tried = answer(**fields)
    tried.visitors.put(visitor(link_address=OTHER_MAC, home_agent=OTHER_HOME_AGENT))
    refusal = ReplyCode.FA_ADMINISTRATIVELY_PROHIBITED if is_taken else None
    assert reply_validity.check_home_address_is_free(tried) is refusal


def test_room() -> None:
    def full(**fields: Any) -> ReplyCase:
        tried = answer(config={"maximum_visitors": 1}, **fields)
        tried.visitors.put(visitor())
        return tried

    check = reply_validity.check_room
    assert check(answer(config={"maximum_visitors": 1})) is None
    assert check(full()) is None
    assert check(full(home_address=OTHER_HOME_ADDRESS)) is ReplyCode.FA_INSUFFICIENT_RESOURCES
    assert check(full(home_address=OTHER_HOME_ADDRESS, lifetime=1)) is ReplyCode.FA_INSUFFICIENT_RESOURCES
    assert check(full(home_address=OTHER_HOME_ADDRESS, lifetime=0)) is None
    assert check(full(home_address=OTHER_HOME_ADDRESS, code=129)) is None


def test_without_proof_only_its_own_visitor_is_moved() -> None:
    def met(*signatures: Any, config: dict[str, Any], **there: Any) -> bool:
        tried = answer(*signatures, config=config)
        tried.visitors.put(visitor(**there))
        return tried.may_move_visitors

    assert answer(config=SHARED).may_move_visitors
    assert met(MHAE, config=SHARED)
    assert not met(MHAE, config=SHARED, link_address=OTHER_MAC)
    assert met(MHAE, FHAE, config=SHARED, link_address=OTHER_MAC)
    assert met(MHAE, config={}, link_address=OTHER_MAC)


def test_terms_of_revocation() -> None:
    offered = SIGNING | {"offers_revocation": True}
    parts = (RevocationSupport(7), "mobile_home", RevocationSupport(8, inform=True), "foreign_home")
    assert layered(*parts, asked=offered).revocation_terms() == RevocationTerms(timestamp=8, inform=True)
    assert layered(*parts).revocation_terms() is None
    assert layered("mobile_home", "foreign_home", asked=offered).revocation_terms() is None


def test_home_addresses_of_others_are_none_of_this_case() -> None:
    assert answer(home_address=HOME_ADDRESS).is_acceptance
    assert not answer(code=42).is_acceptance
