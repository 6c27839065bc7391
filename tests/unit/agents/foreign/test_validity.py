"""Every check of Requests by a foreign agent, both ways, and the order of all."""

from ipaddress import IPv4Address
from typing import Any

import msgspec
import pytest
from tests.support.foreign_agent import (
    AGENT_ADDRESS,
    FOREIGN_HOME,
    LINK,
    MAC,
    MOBILE_FOREIGN,
    OTHER_HOME_ADDRESS,
    OTHER_HOME_AGENT,
    OTHER_MAC,
    foreign_agent_config,
    link_changed,
    pending,
    request,
    visitor,
)
from tests.support.messages import CARE_OF_ADDRESS, HOME_ADDRESS, HOME_AGENT, MOBILE_HOME, NTP

from mobileip.agents.foreign import validity
from mobileip.agents.foreign.config import ReverseTunnels
from mobileip.agents.foreign.pending import PendingRegistrations
from mobileip.agents.foreign.relaying import nai_of
from mobileip.agents.foreign.surroundings import Surroundings
from mobileip.agents.foreign.validity import (
    REQUEST_CHECKS,
    Refusal,
    RequestCase,
    refusal_of_request,
)
from mobileip.agents.foreign.visitors import MOST_REALMS, VisitorList
from mobileip.forwarding.drop_reason import DropReason
from mobileip.forwarding.tunnel import Encapsulation
from mobileip.security.association import MobilitySecurityAssociation
from mobileip.wire.extensions.authentication import (
    AuthenticationExtension,
    MobileForeignAuthentication,
    MobileHomeAuthentication,
)
from mobileip.wire.extensions.dynamic_home_agent import DynamicHomeAgent
from mobileip.wire.extensions.nai import MobileNodeNai
from mobileip.wire.extensions.reverse_tunnel import EncapsulatingDeliveryStyle
from mobileip.wire.extensions.revocation_support import RevocationSupport
from mobileip.wire.extensions.vendor import CriticalVendorExtension, OldCriticalVendorExtension
from mobileip.wire.message import Decoded
from mobileip.wire.numbers import ReplyCode
from mobileip.wire.registration import RegistrationRequest
from mobileip.wire.subtypes import DynamicHomeAgentSubtype

COLOCATED = IPv4Address("198.51.100.77")
UNSPECIFIED = str(IPv4Address(0))
ELSEWHERE = IPv4Address("203.0.113.1")
OFFERED: dict[str, Any] = {"reverse_tunnel": ReverseTunnels.OFFERED}
MHAE = (MobileHomeAuthentication, MOBILE_HOME)
MFAE = (MobileForeignAuthentication, MOBILE_FOREIGN)


def wrong(
    kind: type[AuthenticationExtension], association: MobilitySecurityAssociation
) -> tuple[type[AuthenticationExtension], MobilitySecurityAssociation]:
    """The same SPI with another key."""
    return kind, MobilitySecurityAssociation(spi=association.spi, key=b"guessed")


def surroundings(**fields: Any) -> Surroundings:
    made = Surroundings(foreign_agent_config(**fields))
    made.links[LINK] = link_changed().link
    return made


def case(*signatures: Any, config: dict[str, Any] | None = None, **fields: Any) -> RequestCase:
    """A request as `support.foreign_agent.request` makes it, to an agent without visitors."""
    event = request(*signatures, **fields)
    message = event.decoded.message
    assert isinstance(message, RegistrationRequest)
    decoded = Decoded(message, event.decoded.octets, event.decoded.offsets)
    around = surroundings(**(config or {}))
    return RequestCase(
        around,
        VisitorList(),
        PendingRegistrations(around.config.maximum_pending, around.config.maximum_pending_total),
        decoded,
        pending(
            home_address=message.home_address,
            home_agent=message.home_agent,
            relayed_to=validity.requested_home_agent(decoded) or message.home_agent,
            identification=message.identification,
            link_address=event.arrival.link_source,
            nai=nai_of(decoded),
        ),
    )


def test_a_good_request_passes_all() -> None:
    assert refusal_of_request(case()) is None


def test_the_order_is_the_rfcs() -> None:
    names = [check.__name__ for check in REQUEST_CHECKS]
    assert names == [
        "check_home_address",
        "check_home_agent",
        "check_reserved_bits",
        "check_care_of_address",
        "check_revocability",
        "check_mobile_foreign_authentication",
        "check_authorization_present",
        "check_critical_vendor_extensions",
        "check_lifetime",
        "check_encapsulation",
        "check_delivery_style",
        "check_reverse_tunnel_mandatory",
        "check_distance",
        "check_reverse_tunnel",
        "check_not_copied",
        "check_home_address_is_free",
        "check_visitors",
        "check_pending",
    ]


def test_every_check_is_in_the_list() -> None:
    there = {name for name in vars(validity) if name.startswith("check_")}
    assert there == {check.__name__ for check in REQUEST_CHECKS}


def test_the_first_answer_wins() -> None:
    spoilt = case(lifetime=9000, reverse_tunneling=True, home_address=IPv4Address(0))
    assert refusal_of_request(spoilt) is ReplyCode.FA_NONZERO_HOME_ADDRESS_REQUIRED
    assert refusal_of_request(case(lifetime=9000, reverse_tunneling=True)) is ReplyCode.FA_REQUESTED_LIFETIME_TOO_LONG


# -- requests


@pytest.mark.parametrize(
    ("home_address", "refusal"),
    [
        ("10.1.0.10", None),
        (UNSPECIFIED, ReplyCode.FA_NONZERO_HOME_ADDRESS_REQUIRED),
        ("255.255.255.255", ReplyCode.FA_POORLY_FORMED_REQUEST),
        ("224.0.0.11", ReplyCode.FA_POORLY_FORMED_REQUEST),
        ("127.0.0.1", ReplyCode.FA_POORLY_FORMED_REQUEST),
        (str(AGENT_ADDRESS), ReplyCode.FA_ADMINISTRATIVELY_PROHIBITED),
        (str(CARE_OF_ADDRESS), ReplyCode.FA_ADMINISTRATIVELY_PROHIBITED),
    ],
)
def test_home_address(home_address: str, refusal: Refusal | None) -> None:
    assert validity.check_home_address(case(home_address=IPv4Address(home_address))) is refusal


@pytest.mark.parametrize(
    ("nai", "config", "is_known"),
    [
        ("mn@example.net", {}, True),
        ("mn@example.net", {"nai_registrations": False}, False),
    ],
)
def test_without_a_home_address_the_nai_will_do(nai: str, config: dict[str, Any], is_known: bool) -> None:
    tried = case(home_address=IPv4Address(0), extensions=(MobileNodeNai(nai),), config=config)
    refusal = None if is_known else ReplyCode.FA_NONZERO_HOME_ADDRESS_REQUIRED
    assert validity.check_home_address(tried) is refusal


@pytest.mark.parametrize(
    ("named", "refusal"),
    [
        ("10.9.0.1", None),
        ("224.0.0.11", ReplyCode.FA_NONZERO_HOME_AGENT_REQUIRED),
        ("127.0.0.1", ReplyCode.FA_NONZERO_HOME_AGENT_REQUIRED),
        (UNSPECIFIED, ReplyCode.FA_NONZERO_HOME_AGENT_REQUIRED),
        (str(AGENT_ADDRESS), ReplyCode.FA_INVALID_HOME_AGENT_ADDRESS),
    ],
)
def test_the_home_agent_that_is_asked_for(named: str, refusal: Refusal | None) -> None:
    extension = DynamicHomeAgent(DynamicHomeAgentSubtype.REQUESTED, IPv4Address(named))
    for home_agent in (HOME_AGENT, IPv4Address(0)):
        assert validity.check_home_agent(case(home_agent=home_agent, extensions=(extension,))) is refusal
    redirected = DynamicHomeAgent(DynamicHomeAgentSubtype.REDIRECTED, IPv4Address(named))
    assert validity.check_home_agent(case(extensions=(redirected,))) is None


@pytest.mark.parametrize(
    ("home_agent", "own", "refusal"),
    [
        ("10.1.0.1", False, None),
        (UNSPECIFIED, False, ReplyCode.FA_NONZERO_HOME_AGENT_REQUIRED),
        ("255.255.255.255", False, ReplyCode.FA_NONZERO_HOME_AGENT_REQUIRED),
        ("224.0.0.11", False, ReplyCode.FA_INVALID_HOME_AGENT_ADDRESS),
        ("127.0.0.1", False, ReplyCode.FA_INVALID_HOME_AGENT_ADDRESS),
        (str(AGENT_ADDRESS), False, ReplyCode.FA_INVALID_HOME_AGENT_ADDRESS),
        (str(CARE_OF_ADDRESS), False, ReplyCode.FA_INVALID_HOME_AGENT_ADDRESS),
        (str(AGENT_ADDRESS), True, None),
    ],
)
def test_home_agent(home_agent: str, own: bool, refusal: Refusal | None) -> None:
    tried = case(home_agent=IPv4Address(home_agent))
    if own:
        tried.surroundings.own_home_agents = frozenset({IPv4Address(home_agent)})
    assert validity.check_home_agent(tried) is refusal


@pytest.mark.parametrize("bit", ["reserved_r", "reserved_x"])
def test_reserved_bits(bit: str) -> None:
    strict = {"strict_reserved_bits": True}
    assert validity.check_reserved_bits(case(**{bit: True})) is None
    assert validity.check_reserved_bits(case(config=strict)) is None
    assert validity.check_reserved_bits(case(config=strict, **{bit: True})) is ReplyCode.FA_POORLY_FORMED_REQUEST


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({}, None),
        ({"care_of_address": COLOCATED}, ReplyCode.FA_INVALID_CARE_OF_ADDRESS),
        ({"care_of_address": COLOCATED, "decapsulation_by_mobile_node": True}, None),
        ({"care_of_address": COLOCATED, "lifetime": 0}, None),
    ],
)
def test_care_of_address(fields: dict[str, Any], refusal: Refusal | None) -> None:
    assert validity.check_care_of_address(case(**fields)) is refusal


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({}, None),
        ({"extensions": (RevocationSupport(1),)}, DropReason.BAD_VALUE),
        ({"extensions": (RevocationSupport(1),), "lifetime": 0}, DropReason.BAD_VALUE),
        ({"decapsulation_by_mobile_node": True}, ReplyCode.FA_ADMINISTRATIVELY_PROHIBITED),
        ({"decapsulation_by_mobile_node": True, "lifetime": 0}, None),
        (
            {"decapsulation_by_mobile_node": True, "extensions": (RevocationSupport(1),)},
            ReplyCode.FA_ADMINISTRATIVELY_PROHIBITED,
        ),
    ],
)
def test_revocability(fields: dict[str, Any], refusal: Refusal | None) -> None:
    assert validity.check_revocability(case(config={"revocation": True}, **fields)) is refusal
    assert validity.check_revocability(case(**fields)) is None


@pytest.mark.parametrize(
    ("signatures", "is_right"),
    [
        ((MHAE, MFAE), True),
        ((MHAE,), False),
        ((MHAE, MFAE, MFAE), False),
        ((MHAE, wrong(*MFAE)), False),
        ((MHAE, (MobileForeignAuthentication, FOREIGN_HOME)), False),
    ],
)
def test_mobile_foreign_authentication(signatures: Any, is_right: bool) -> None:
    check = validity.check_mobile_foreign_authentication
    shared = {"mobile_nodes": ((HOME_ADDRESS, MOBILE_FOREIGN),)}
    refusal = None if is_right else ReplyCode.FA_MOBILE_NODE_FAILED_AUTHENTICATION
    assert check(case(*signatures, config=shared)) is refusal
    assert check(case(*signatures)) is None


def test_authorization_present() -> None:
    check = validity.check_authorization_present
    assert check(case()) is None
    assert check(case(MFAE)) is ReplyCode.FA_POORLY_FORMED_REQUEST


@pytest.mark.parametrize(
    "extension",
    [
        CriticalVendorExtension(vendor=9, vendor_type=1),
        OldCriticalVendorExtension(vendor=9, vendor_type=1),
        # A GRE key of 3GPP2: mobile nodes have none to tell.
        CriticalVendorExtension(vendor=5535, vendor_type=0x0401, value=bytes(4)),
    ],
)
def test_critical_vendor_extensions(extension: CriticalVendorExtension) -> None:
    check = validity.check_critical_vendor_extensions
    assert check(case()) is None
    assert check(case(extensions=(extension,))) is None
    behind = case()
    octets = behind.decoded.octets + extension.encode()
    behind.decoded = Decoded(
        msgspec.structs.replace(behind.request, extensions=(*behind.request.extensions, extension)),
        octets,
        (*behind.decoded.offsets, len(behind.decoded.octets)),
    )
    assert check(behind) is ReplyCode.FA_UNKNOWN_CVSE_FROM_MOBILE_NODE


@pytest.mark.parametrize(
    ("lifetime", "maximum", "refused"),
    [
        (0, 1800, False),
        (1800, 1800, False),
        (1801, 1800, True),
        (0xFFFF, 1800, True),
        (0xFFFF, 0xFFFF, False),
    ],
)
def test_lifetime(lifetime: int, maximum: int, refused: bool) -> None:
    refusal = ReplyCode.FA_REQUESTED_LIFETIME_TOO_LONG if refused else None
    tried = case(lifetime=lifetime, config={"registration_lifetime": maximum})
    assert validity.check_lifetime(tried) is refusal


@pytest.mark.parametrize(
    ("check", "bit", "code"),
    [
        (
            validity.check_encapsulation,
            "minimal_encapsulation",
            ReplyCode.FA_REQUESTED_ENCAPSULATION_UNAVAILABLE,
        ),
        (validity.check_encapsulation, "gre_encapsulation", ReplyCode.FA_REQUESTED_ENCAPSULATION_UNAVAILABLE),
        (
            validity.check_reverse_tunnel,
            "reverse_tunneling",
            ReplyCode.FA_REQUESTED_REVERSE_TUNNEL_UNAVAILABLE,
        ),
    ],
)
def test_what_we_have_not(check: validity.RequestCheck, bit: str, code: ReplyCode) -> None:
    assert check(case()) is None
    assert check(case(**{bit: True})) is code
    assert check(case(**{bit: True}, lifetime=0)) is None
    assert check(case(**{bit: True}, decapsulation_by_mobile_node=True)) is None


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({}, None),
        ({"minimal_encapsulation": True}, None),
        ({"gre_encapsulation": True}, ReplyCode.FA_REQUESTED_ENCAPSULATION_UNAVAILABLE),
        (
            {"minimal_encapsulation": True, "gre_encapsulation": True},
            ReplyCode.FA_REQUESTED_ENCAPSULATION_UNAVAILABLE,
        ),
    ],
)
def test_each_encapsulation_that_is_asked_for_is_there(asked: dict[str, Any], code: ReplyCode | None) -> None:
    config = {"encapsulations": (Encapsulation.IPIP, Encapsulation.MINIMAL)}
    assert validity.check_encapsulation(case(config=config, **asked)) is code


def in_front(tried: RequestCase) -> RequestCase:
    """The delivery style behind what the mobile node signs, where it belongs."""
    octets = tried.decoded.octets
    tried.decoded = Decoded(
        msgspec.structs.replace(tried.request, extensions=(*tried.request.extensions, EncapsulatingDeliveryStyle())),
        octets + EncapsulatingDeliveryStyle().encode(),
        (*tried.decoded.offsets, len(octets)),
    )
    return tried


def test_delivery_style() -> None:
    check = validity.check_delivery_style
    lacking = {"encapsulating_delivery": False}
    refusal = ReplyCode.FA_DELIVERY_STYLE_NOT_SUPPORTED
    assert check(case(config=lacking, reverse_tunneling=True)) is None
    assert check(in_front(case(reverse_tunneling=True))) is None
    assert check(in_front(case(config=lacking, reverse_tunneling=True))) is refusal
    assert check(in_front(case(config=lacking))) is None
    assert check(in_front(case(config=lacking, reverse_tunneling=True, lifetime=0))) is None


def test_a_delivery_style_that_is_signed_for_the_home_agent_could_not_be_consumed() -> None:
    check = validity.check_delivery_style
    signed = case(extensions=(EncapsulatingDeliveryStyle(),))
    assert check(signed) is ReplyCode.FA_POORLY_FORMED_REQUEST
    assert check(in_front(case(MFAE))) is None


@pytest.mark.parametrize(
    ("config", "fields", "is_refused"),
    [
        (OFFERED, {}, False),
        ({"reverse_tunnel": ReverseTunnels.REQUIRED}, {}, True),
        ({"reverse_tunnel": ReverseTunnels.REQUIRED}, {"lifetime": 0}, False),
        ({"reverse_tunnel": ReverseTunnels.REQUIRED}, {"reverse_tunneling": True}, False),
        (OFFERED | {"behind_nat": True}, {}, True),
        (OFFERED | {"behind_nat": True, "nat_keeps_addresses": True}, {}, False),
        (OFFERED | {"refuse_private_addresses": True}, {}, True),
        (OFFERED | {"refuse_private_addresses": True}, {"reverse_tunneling": True}, False),
        (OFFERED | {"refuse_private_addresses": True}, {"home_address": ELSEWHERE}, False),
    ],
)
def test_reverse_tunnel_mandatory(config: dict[str, Any], fields: dict[str, Any], is_refused: bool) -> None:
    refusal = ReplyCode.FA_REVERSE_TUNNEL_MANDATORY if is_refused else None
    assert validity.check_reverse_tunnel_mandatory(case(config=config, **fields)) is refusal


@pytest.mark.parametrize(
    ("config", "asked", "ttl", "is_refused"),
    [
        (OFFERED, True, 255, False),
        (OFFERED, True, 254, True),
        (OFFERED, False, 64, False),
        ({}, True, 64, False),
    ],
)
def test_distance(config: dict[str, Any], asked: bool, ttl: int, is_refused: bool) -> None:
    made = case(config=config, reverse_tunneling=asked)
    tried = RequestCase(made.surroundings, made.visitors, made.registrations, made.decoded, made.pending, ttl=ttl)
    assert validity.check_distance(tried) is (ReplyCode.FA_MOBILE_NODE_TOO_DISTANT if is_refused else None)


def test_a_reverse_tunnel_that_is_offered_can_be_had() -> None:
    assert validity.check_reverse_tunnel(case(config=OFFERED, reverse_tunneling=True)) is None


@pytest.mark.parametrize(
    ("fields", "is_copy"),
    [
        ({}, False),
        ({"link_source": OTHER_MAC}, True),
        ({"link_source": OTHER_MAC, "identification": NTP + 1}, False),
        ({"link_source": OTHER_MAC, "home_address": OTHER_HOME_ADDRESS}, False),
    ],
)
def test_not_copied(fields: dict[str, Any], is_copy: bool) -> None:
    refusal = DropReason.REPLAYED if is_copy else None
    while_pending = case(**fields)
    while_pending.registrations.add(pending())
    assert validity.check_not_copied(while_pending) is refusal
    afterwards = case(**fields)
    afterwards.visitors.put(visitor())
    assert validity.check_not_copied(afterwards) is refusal


def test_a_copy_is_known_by_its_name_where_there_was_no_address() -> None:
    nobody: dict[str, Any] = {"home_address": IPv4Address(0), "extensions": (MobileNodeNai("mn@example.net"),)}
    for link_address, refusal in ((OTHER_MAC, DropReason.REPLAYED), (MAC, None)):
        tried = case(link_source=link_address, **nobody)
        tried.visitors.put(visitor(nai="mn@example.net"))
        assert validity.check_not_copied(tried) is refusal


def test_not_copied_knows_home_agents_apart() -> None:
    tried = case(link_source=OTHER_MAC, home_agent=OTHER_HOME_AGENT)
    tried.visitors.put(visitor())
    assert validity.check_not_copied(tried) is None


@pytest.mark.parametrize(
    ("fields", "is_taken"),
    [
        ({}, False),
        ({"home_agent": OTHER_HOME_AGENT}, False),
        ({"link_source": OTHER_MAC}, False),
        ({"link_source": OTHER_MAC, "home_agent": OTHER_HOME_AGENT}, True),
    ],
)
def test_home_address_is_free(fields: dict[str, Any], is_taken: bool) -> None:
    check = validity.check_home_address_is_free
    assert check(case(**fields)) is None
    tried = case(**fields)
    tried.visitors.put(visitor())
    assert check(tried) is (ReplyCode.FA_ADMINISTRATIVELY_PROHIBITED if is_taken else None)


def test_a_home_address_is_shared_where_both_can_be_told_apart() -> None:
    fields: dict[str, Any] = {"link_source": OTHER_MAC, "home_agent": OTHER_HOME_AGENT}
    tried = case(**fields)
    tried.pending = msgspec.structs.replace(tried.pending, reverse_tunnel=True)
    tried.visitors.put(visitor())
    assert validity.check_home_address_is_free(tried) is None
    for number in range(1, MOST_REALMS):
        assert validity.check_visitors(tried) is None
        tried.visitors.put(visitor(home_agent=ELSEWHERE + number, link_address=bytes(5) + bytes((number,))))
    assert validity.check_visitors(tried) is ReplyCode.FA_INSUFFICIENT_RESOURCES


def test_visitors() -> None:
    def full(**fields: Any) -> RequestCase:
        tried = case(config={"maximum_visitors": 1}, **fields)
        tried.visitors.put(visitor())
        return tried

    check = validity.check_visitors
    assert check(case(config={"maximum_visitors": 1})) is None
    assert check(full()) is None
    assert check(full(home_address=OTHER_HOME_ADDRESS)) is ReplyCode.FA_INSUFFICIENT_RESOURCES
    assert check(full(home_address=OTHER_HOME_ADDRESS, lifetime=0)) is None


def test_pending() -> None:
    tried = case(config={"maximum_pending": 1}, identification=NTP + 1)
    assert validity.check_pending(tried) is None
    tried.registrations.add(pending())
    assert validity.check_pending(tried) is ReplyCode.FA_INSUFFICIENT_RESOURCES
