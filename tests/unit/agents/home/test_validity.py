"""Every check of the Request itself both ways, and the order of all (RFC 5944 §3.8.2.1, §3.8.2.3, §3.8.3.2)."""

from ipaddress import IPv4Address
from typing import Any

import pytest
from tests.support.examined import examined
from tests.support.home_agent import FOREIGN_HOME, OTHER_CARE_OF_ADDRESS, OTHER_HOME_ADDRESS, Trial
from tests.support.messages import CARE_OF_ADDRESS, HOME_ADDRESS, HOME_AGENT, MOBILE_HOME, registration_request

from mobileip.agents.home import validity
from mobileip.agents.home.config import MobileNodeEntry
from mobileip.forwarding.tunnel import Tunnel
from mobileip.security.association import MobilitySecurityAssociation
from mobileip.security.authenticator import sign
from mobileip.wire.extensions.authentication import ForeignHomeAuthentication, MobileHomeAuthentication
from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.dynamic_home_agent import DynamicHomeAgent
from mobileip.wire.extensions.nai import MobileNodeNai
from mobileip.wire.extensions.revocation_support import RevocationSupport
from mobileip.wire.extensions.vendor import (
    CriticalVendorExtension,
    NormalVendorExtension,
    OldCriticalVendorExtension,
    OldNormalVendorExtension,
)
from mobileip.wire.message import encode_message
from mobileip.wire.numbers import ReplyCode

MHAE = (MobileHomeAuthentication, MOBILE_HOME)
FHAE = (ForeignHomeAuthentication, FOREIGN_HOME)
WRONG_KEY = MobilitySecurityAssociation(spi=256, key=b"wrong")
WRONG_FOREIGN_KEY = MobilitySecurityAssociation(spi=400, key=b"wrong")
ASSOCIATED = {"foreign_agents": ((CARE_OF_ADDRESS, FOREIGN_HOME),)}
ONE = ReplyCode.ACCEPTED_SIMULTANEOUS_BINDINGS_UNSUPPORTED


# -- the request itself


@pytest.mark.parametrize("destination", ["10.1.0.255", "255.255.255.255", "224.0.0.11"])
def test_request_to_a_broadcast_address_is_answered_with_our_address(destination: str) -> None:
    trial = Trial()
    outcome = trial.request(destination=IPv4Address(destination), home_agent=IPv4Address("10.1.0.255"))
    assert outcome.reply.code == ReplyCode.HA_UNKNOWN_HOME_AGENT_ADDRESS
    assert outcome.reply.home_agent == IPv4Address("10.1.0.1")
    assert outcome.reply.identification == registration_request().identification
    assert outcome.departure.source == IPv4Address("10.1.0.1")
    assert trial.bindings == ()


def test_another_home_agent_address_is_denied() -> None:
    outcome = Trial().request(home_agent=IPv4Address("10.1.0.2"))
    assert outcome.reply.code == ReplyCode.HA_UNKNOWN_HOME_AGENT_ADDRESS
    assert outcome.reply.home_agent == IPv4Address("10.1.0.1")


@pytest.mark.parametrize("bits", [{"reserved_r": True}, {"reserved_x": True}])
def test_reserved_bits(bits: dict[str, bool]) -> None:
    assert Trial().request(**bits).reply.code == ONE
    assert Trial(strict_reserved_bits=True).request(**bits).reply.code == ReplyCode.HA_POORLY_FORMED_REQUEST
    assert Trial(strict_reserved_bits=True).request().reply.code == ONE


def test_home_address_outside_the_home_network_is_prohibited() -> None:
    stray = IPv4Address("10.2.0.5")
    trial = Trial(mobile_nodes=(MobileNodeEntry(home_address=stray, associations=(MOBILE_HOME,)),))
    assert trial.request(home_address=stray).reply.code == ReplyCode.HA_ADMINISTRATIVELY_PROHIBITED


@pytest.mark.parametrize(
    "care_of",
    ["10.1.0.10", "0.0.0.0", "255.255.255.255", "224.0.0.1", "127.0.0.1", "240.0.0.1"],  # noqa: S104 - values to refuse
)
def test_care_of_address_that_no_tunnel_leads_to_is_poorly_formed(care_of: str) -> None:
    outcome = Trial().request(care_of_address=IPv4Address(care_of), source=CARE_OF_ADDRESS)
    assert outcome.reply.code == ReplyCode.HA_POORLY_FORMED_REQUEST


@pytest.mark.parametrize(
    ("care_of", "end", "is_refused"),
    [
        ("172.16.0.5", "198.51.100.7", False),
        ("127.0.0.1", "198.51.100.7", True),
        ("172.16.0.5", "127.0.0.1", True),
    ],
)
def test_behind_a_nat_both_the_care_of_address_and_the_end_of_the_tunnel_are_hosts(
    care_of: str, end: str, is_refused: bool
) -> None:
    tried = examined(care_of_address=IPv4Address(care_of))
    tried.tunnel = Tunnel(HOME_AGENT, IPv4Address(end))
    refusal = ReplyCode.HA_POORLY_FORMED_REQUEST if is_refused else None
    assert validity.check_care_of_address(tried) is refusal


def test_care_of_address_that_is_another_mobile_nodes_home_is_prohibited() -> None:
    outcome = Trial().request(care_of_address=OTHER_HOME_ADDRESS)
    assert outcome.reply.code == ReplyCode.HA_ADMINISTRATIVELY_PROHIBITED


@pytest.mark.parametrize("encapsulation", ["minimal_encapsulation", "gre_encapsulation"])
def test_other_encapsulations_are_unavailable(encapsulation: str) -> None:
    asked = {encapsulation: True}
    assert Trial().request(**asked).reply.code == ReplyCode.HA_REQUESTED_ENCAPSULATION_UNAVAILABLE
    assert Trial().request(lifetime=0, **asked).reply.code == ONE


def test_reverse_tunnel_is_unavailable() -> None:
    outcome = Trial().request(reverse_tunneling=True)
    assert outcome.reply.code == ReplyCode.HA_REQUESTED_REVERSE_TUNNEL_UNAVAILABLE
    assert Trial().request(reverse_tunneling=True, lifetime=0).reply.code == ONE


def test_broadcasts_are_ignored_not_refused() -> None:
    assert Trial().request(broadcast_datagrams=True).reply.code == ONE


def test_too_many_simultaneous_bindings() -> None:
    trial = Trial(maximum_simultaneous_bindings=2)
    codes = []
    for second, care_of in enumerate(["192.0.2.2", "198.51.100.2", "203.0.113.2", "192.0.2.2"]):
        trial.boot = float(second)
        address = IPv4Address(care_of)
        codes.append(trial.request(care_of_address=address, simultaneous_bindings=True).reply.code)
    assert codes == [0, 0, ReplyCode.HA_TOO_MANY_SIMULTANEOUS_BINDINGS, 0]
    trial.boot = 9.0
    assert trial.request(care_of_address=IPv4Address("203.0.113.2")).reply.code == 0
    assert len(trial.bindings) == 1


def test_simultaneous_bindings_are_ignored_where_unsupported() -> None:
    trial = Trial()
    for care_of in (CARE_OF_ADDRESS, OTHER_CARE_OF_ADDRESS):
        trial.boot += 1
        assert trial.request(care_of_address=care_of, simultaneous_bindings=True).reply.code == ONE
    assert [b.care_of_address for b in trial.bindings] == [OTHER_CARE_OF_ADDRESS]


# -- home agents of the mobile node's choice, or not


@pytest.mark.parametrize("home_agent", ["0.0.0.0", "255.255.255.255"])  # noqa: S104 - values of a field
def test_a_request_that_leaves_the_home_agent_open(home_agent: str) -> None:
    open_one = {"home_agent": IPv4Address(home_agent)}
    outcome = Trial().request(**open_one)
    assert (outcome.reply.code, outcome.reply.home_agent) == (ONE, HOME_AGENT)
    trial = Trial(redirect_to=IPv4Address("10.1.0.2"))
    assert trial.request(**open_one).reply.code == ReplyCode.HA_REDIRECT_REQUIRED
    trial.boot = 1.0
    assert trial.request().reply.code == ONE
    trial.boot = 2.0
    assert trial.request(**open_one).reply.code == ONE


@pytest.mark.parametrize(
    ("extension", "code"),
    [
        (DynamicHomeAgent(1, HOME_AGENT), ONE),
        (DynamicHomeAgent(1, IPv4Address("10.1.0.9")), 136),
        (DynamicHomeAgent(2, IPv4Address("10.1.0.9")), ONE),
        (MobileNodeNai("mn@example.net"), ONE),
    ],
)
def test_a_requested_home_agent_is_the_one_that_was_asked(extension: Extension, code: int) -> None:
    assert Trial().request(extensions=(extension,)).reply.code == code


def test_a_requested_home_agent_is_found_behind_other_extensions() -> None:
    other, wrong = MobileNodeNai("mn@example.net"), DynamicHomeAgent(1, IPv4Address("10.1.0.9"))
    assert Trial().request(extensions=(other, wrong)).reply.code == ReplyCode.HA_UNKNOWN_HOME_AGENT_ADDRESS


# -- home addresses of the pool

POOL = {
    "address_pool": (IPv4Address("10.1.0.100"), IPv4Address("10.1.0.101")),
    "mobile_nodes": tuple(MobileNodeEntry(nai=f"{name}@example.net", associations=(MOBILE_HOME,)) for name in "abc"),
}
NO_ADDRESS = IPv4Address(0)


def asked_by(name: str, home_address: IPv4Address = NO_ADDRESS, **fields: Any) -> dict[str, Any]:
    return {"home_address": home_address, "extensions": (MobileNodeNai(f"{name}@example.net"),), **fields}


def test_addresses_of_the_pool_are_given_until_none_is_left() -> None:
    trial = Trial(**POOL)
    answers = [trial.request(**asked_by(name)).reply for name in "abc"]
    assert [(answer.code, str(answer.home_address)) for answer in answers] == [
        (ONE, "10.1.0.100"),
        (ONE, "10.1.0.101"),
        (ReplyCode.HA_INSUFFICIENT_RESOURCES, "0.0.0.0"),  # noqa: S104 - a value of a field
    ]
    trial.boot = 1.0
    assert trial.request(**asked_by("a")).reply.home_address == IPv4Address("10.1.0.100")
    assert len(trial.bindings) == 2


def test_the_address_that_a_mobile_node_had_last_is_given_to_it_again() -> None:
    trial = Trial(**POOL)
    had = trial.request(**asked_by("a")).reply.home_address
    trial.boot = 1.0
    assert trial.request(**asked_by("a", had, lifetime=0)).reply.code == ONE
    assert trial.bindings == ()
    trial.boot = 2.0
    assert trial.request(**asked_by("a")).reply.home_address == had


def test_an_address_of_the_pool_may_be_asked_for_again() -> None:
    trial = Trial(**POOL)
    wanted = IPv4Address("10.1.0.101")
    assert trial.request(**asked_by("a", wanted)).reply.home_address == wanted
    trial.boot = 1.0
    assert trial.request(**asked_by("b", wanted)).reply.code == ReplyCode.HA_ADMINISTRATIVELY_PROHIBITED
    assert trial.request(**asked_by("a", IPv4Address("10.1.0.100"))).reply.code == 129


def test_a_deregistration_of_nothing_is_poorly_formed() -> None:
    outcome = Trial(**POOL).request(**asked_by("a", lifetime=0))
    assert outcome.reply.code == ReplyCode.HA_POORLY_FORMED_REQUEST


# -- vendors' extensions, by whom they stand


@pytest.mark.parametrize("kind", [CriticalVendorExtension, OldCriticalVendorExtension])
def test_critical_vendor_extensions_are_unknown(kind: type[CriticalVendorExtension]) -> None:
    extension = kind(vendor=9, vendor_type=1)
    trial = Trial()
    assert trial.request(extensions=(extension,)).reply.code == ReplyCode.HA_UNKNOWN_CVSE_FROM_MOBILE_NODE
    trial.boot = 1.0
    behind = trial.octets() + extension.encode()
    assert trial.receive(behind).reply.code == ReplyCode.HA_UNKNOWN_CVSE_FROM_FOREIGN_AGENT
    # What anybody can append uses up no Identification of the mobile node.
    assert trial.receive(behind[: -len(extension.encode())]).reply.code == ONE


@pytest.mark.parametrize("kind", [NormalVendorExtension, OldNormalVendorExtension])
def test_normal_vendor_extensions_are_skipped(kind: type[NormalVendorExtension]) -> None:
    normal, critical = kind(vendor=9, vendor_type=1), CriticalVendorExtension(vendor=9, vendor_type=1)
    assert Trial().request(extensions=(normal,)).reply.code == ONE
    code = Trial().request(extensions=(normal, critical)).reply.code
    assert code == ReplyCode.HA_UNKNOWN_CVSE_FROM_MOBILE_NODE


def test_the_gre_key_of_3gpp2_is_no_unknown_vendors_extension() -> None:
    key = CriticalVendorExtension(vendor=5535, vendor_type=0x0401, value=bytes(4))
    unknown = CriticalVendorExtension(vendor=5535, vendor_type=0x0402, value=bytes(4))
    assert validity.check_vendor_extensions(examined(extensions=(key,))) is None
    refusal = validity.check_vendor_extensions(examined(extensions=(key, unknown)))
    assert refusal is ReplyCode.HA_UNKNOWN_CVSE_FROM_MOBILE_NODE


# -- revocation


def test_revocation_is_agreed_with_who_takes_part() -> None:
    trial = Trial(revocation=True, **ASSOCIATED)
    octets = trial.octets() + RevocationSupport(7, inform=True).encode()
    signed = sign(octets, *FHAE)
    assert trial.receive(signed).reply.code == ONE
    terms = trial.bindings[0].revocation
    assert terms is not None
    assert (terms.peer, terms.peer_timestamp, terms.inform, terms.is_direct) == (CARE_OF_ADDRESS, 7, True, False)
    assert terms.foreign_agent == CARE_OF_ADDRESS
    trial.boot = 1.0
    assert trial.request(MHAE, FHAE).reply.code == ONE
    assert trial.bindings[0].revocation is None


@pytest.mark.parametrize("config", [{"revocation": True}, ASSOCIATED | {"revocation": True}])
def test_an_unprotected_offer_is_refused(config: dict[str, Any]) -> None:
    trial = Trial(**config)
    octets = trial.octets(care_of_address=OTHER_CARE_OF_ADDRESS) + RevocationSupport(7).encode()
    outcome = trial.receive(octets, source=OTHER_CARE_OF_ADDRESS)
    assert outcome.reply.code == ReplyCode.HA_FOREIGN_AGENT_FAILED_AUTHENTICATION
    assert trial.bindings == ()


def test_an_offer_behind_the_foreign_agents_signature_is_unprotected() -> None:
    trial = Trial(revocation=True, **ASSOCIATED)
    octets = trial.octets(MHAE, FHAE) + RevocationSupport(7).encode()
    assert trial.receive(octets).reply.code == ReplyCode.HA_FOREIGN_AGENT_FAILED_AUTHENTICATION


@pytest.mark.parametrize(
    ("fields", "is_agreed"),
    [
        ({"decapsulation_by_mobile_node": True}, True),
        ({}, False),
        ({"decapsulation_by_mobile_node": True, "source": OTHER_CARE_OF_ADDRESS}, False),
        ({"decapsulation_by_mobile_node": True, "lifetime": 0}, False),
    ],
)
def test_a_mobile_node_offers_it_when_it_registers_directly(fields: dict[str, Any], is_agreed: bool) -> None:
    trial = Trial(revocation=True)
    outcome = trial.request(extensions=(RevocationSupport(7),), **fields)
    assert outcome.reply.code == ONE
    assert any(isinstance(each, RevocationSupport) for each in outcome.reply.extensions) is is_agreed
    assert any(binding.revocation is not None for binding in trial.bindings) is is_agreed


def test_what_is_agreed_with_a_mobile_node_is_no_foreign_agents_through_which_it_came() -> None:
    trial = Trial(revocation=True, **ASSOCIATED)
    asked = {"extensions": (RevocationSupport(7),), "decapsulation_by_mobile_node": True}
    assert trial.request(MHAE, FHAE, **asked).reply.code == ONE
    terms = trial.bindings[0].revocation
    assert terms is not None
    assert (terms.is_direct, terms.association, terms.foreign_agent) == (True, MOBILE_HOME, None)


def test_nothing_is_agreed_with_who_does_not_ask() -> None:
    trial = Trial(revocation=True)
    trial.request(extensions=(MobileNodeNai("mn@example.net"),), decapsulation_by_mobile_node=True)
    assert trial.bindings[0].revocation is None


def test_where_we_take_no_part_it_is_skipped() -> None:
    trial = Trial()
    trial.request(extensions=(RevocationSupport(7),), decapsulation_by_mobile_node=True)
    assert trial.bindings[0].revocation is None


def test_nothing_is_agreed_with_a_node_that_signs_nothing() -> None:
    keyless = (MobileNodeEntry(home_address=HOME_ADDRESS, associations=()),)
    trial = Trial(revocation=True, allow_unauthenticated=True, mobile_nodes=keyless)
    request = registration_request(decapsulation_by_mobile_node=True, extensions=(RevocationSupport(7),))
    assert trial.receive(encode_message(request)).reply.code == ONE
    assert trial.bindings[0].revocation is None


# -- order


def test_order_is_the_rfcs() -> None:
    assert [check.__name__ for check in validity.CHECKS] == [
        "check_authentication_present",  # RFC 5944 §3.8.2.1 a
        "check_mobile_home_authentication",  # a
        "check_identification",  # b
        "check_foreign_home_authentication",  # c
        "check_foreign_home_association",  # d
        "check_extensions",  # RFC 3115 §2.3, RFC 3543 §4.2.1, RFC 4433 §5.3
        "check_destination",  # §3.8.2.1, end
        "check_home_agent_address",  # §3.8.3.2
        "check_reserved_bits",  # §3.8.2.3
        "check_home_address",  # §3.8.3.2
        "check_udp_tunnel",  # RFC 3519 §4.6.1
        "check_care_of_address",
        "check_encapsulation",  # RFC 3024 §4.3.1, first
        "check_simultaneous_bindings",  # §3.8.2.3
        "check_reverse_tunnel",  # RFC 3024 §4.3.1: "As a last check"
    ]


def test_first_answer_wins() -> None:
    """A request that is wrong in every way, mended one fault after the other."""
    trial = Trial(strict_reserved_bits=True, maximum_simultaneous_bindings=2, **ASSOCIATED)
    for second, care_of in enumerate(["203.0.113.1", "203.0.113.2"]):
        trial.boot = float(second)
        trial.request(MHAE, care_of_address=IPv4Address(care_of), simultaneous_bindings=True)
    faults: dict[str, Any] = {
        "ahead": 3600.0,
        "destination": IPv4Address("255.255.255.255"),
        "home_agent": IPv4Address("10.1.0.2"),
        "reserved_x": True,
        "care_of_address": IPv4Address("224.0.0.1"),
        "gre_encapsulation": True,
        "simultaneous_bindings": True,
        "reverse_tunneling": True,
    }
    foreign = (ForeignHomeAuthentication, WRONG_FOREIGN_KEY)
    mended: list[tuple[str, Any]] = [
        ("ahead", 0.0),
        ("foreign", FHAE),
        ("destination", IPv4Address("10.1.0.1")),
        ("home_agent", IPv4Address("10.1.0.1")),
        ("reserved_x", False),
        ("care_of_address", CARE_OF_ADDRESS),
        ("gre_encapsulation", False),
        ("simultaneous_bindings", False),
        ("reverse_tunneling", False),
    ]
    codes = [trial.request((MobileHomeAuthentication, WRONG_KEY), FHAE, source=CARE_OF_ADDRESS, **faults).reply.code]
    for fault, value in mended:
        trial.boot += 1
        codes.append(trial.request(MHAE, foreign, source=CARE_OF_ADDRESS, **faults).reply.code)
        if fault == "foreign":
            foreign = value
        else:
            faults[fault] = value
    trial.boot += 1
    codes.append(trial.request(MHAE, foreign, source=CARE_OF_ADDRESS, **faults).reply.code)
    assert codes == [131, 133, 132, 136, 136, 134, 134, 139, 135, 137, 0]
