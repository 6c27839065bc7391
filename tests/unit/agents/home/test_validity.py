"""Every check both ways, and their order (RFC 5944 §3.8.2.1, §3.8.2.3, §3.8.3.2)."""

from ipaddress import IPv4Address
from typing import Any

import pytest
from tests.support.home_agent import (
    FOREIGN_HOME,
    OTHER_CARE_OF_ADDRESS,
    OTHER_HOME_ADDRESS,
    Outcome,
    Trial,
)
from tests.support.messages import CARE_OF_ADDRESS, HOME_ADDRESS, MOBILE_HOME, registration_request

from mobileip.agents.home import validity
from mobileip.agents.home.config import MobileNodeEntry
from mobileip.agents.notices import Discarded
from mobileip.forwarding.drop_reason import DropReason
from mobileip.security.association import MobilitySecurityAssociation
from mobileip.wire.extensions.authentication import ForeignHomeAuthentication, MobileHomeAuthentication
from mobileip.wire.message import encode_message
from mobileip.wire.numbers import ReplyCode

MHAE = (MobileHomeAuthentication, MOBILE_HOME)
FHAE = (ForeignHomeAuthentication, FOREIGN_HOME)
WRONG_KEY = MobilitySecurityAssociation(spi=256, key=b"wrong")
WRONG_SPI = MobilitySecurityAssociation(spi=999, key=b"k")
WRONG_FOREIGN_KEY = MobilitySecurityAssociation(spi=400, key=b"wrong")
ASSOCIATED = {"foreign_agents": ((CARE_OF_ADDRESS, FOREIGN_HOME),)}
ONE = ReplyCode.ACCEPTED_SIMULTANEOUS_BINDINGS_UNSUPPORTED


def discarded(outcome: Outcome) -> DropReason:
    """The reason of a silent discard: a notice and nothing else."""
    (notice,) = outcome.notices
    assert len(outcome.outputs) == 1
    assert isinstance(notice, Discarded)
    return notice.reason


# -- a. the mobile node's authenticator


def test_valid_request_is_accepted() -> None:
    outcome = Trial().request()
    assert outcome.reply.code == ONE
    assert outcome.is_signed_by(MOBILE_HOME)


def test_request_without_authentication_is_discarded() -> None:
    trial = Trial()
    assert discarded(trial.receive(encode_message(registration_request()))) is DropReason.MISSING_AUTHENTICATION
    assert trial.counters == {"discarded_missing_authentication": 1}


def test_foreign_home_extension_alone_authorizes_nothing() -> None:
    outcome = Trial(**ASSOCIATED).request(FHAE)
    assert discarded(outcome) is DropReason.MISSING_AUTHENTICATION


def test_unknown_mobile_node_is_discarded() -> None:
    trial = Trial()
    outcome = trial.request(home_address=IPv4Address("10.1.0.99"))
    assert discarded(outcome) is DropReason.UNKNOWN_MOBILE_NODE


@pytest.mark.parametrize("wrong", [WRONG_KEY, WRONG_SPI])
def test_wrong_authenticator_is_denied_once_a_second(wrong: MobilitySecurityAssociation) -> None:
    trial = Trial()
    outcome = trial.request((MobileHomeAuthentication, wrong))
    assert outcome.reply.code == ReplyCode.HA_MOBILE_NODE_FAILED_AUTHENTICATION
    assert outcome.is_signed_by(MOBILE_HOME)
    assert outcome.reply.identification == registration_request().identification
    trial.boot = 0.9
    reason = DropReason.UNKNOWN_SPI if wrong is WRONG_SPI else DropReason.BAD_AUTHENTICATOR
    assert discarded(trial.request((MobileHomeAuthentication, wrong))) is reason
    trial.boot = 1.0
    assert trial.request((MobileHomeAuthentication, wrong)).reply.code == 131
    assert trial.bindings == ()


def test_silence_about_one_node_does_not_silence_it() -> None:
    trial = Trial()
    trial.request((MobileHomeAuthentication, WRONG_KEY))
    assert trial.request().reply.code == ONE
    assert trial.request((MobileHomeAuthentication, WRONG_KEY), home_address=OTHER_HOME_ADDRESS).reply.code == 131


def test_reply_about_an_unknown_spi_is_signed_by_the_oldest_association() -> None:
    newer = MobilitySecurityAssociation(spi=300, key=b"newer")
    nodes = (MobileNodeEntry(home_address=HOME_ADDRESS, associations=(MOBILE_HOME, newer)),)
    assert Trial(mobile_nodes=nodes).request((MobileHomeAuthentication, WRONG_SPI)).is_signed_by(MOBILE_HOME)
    assert Trial(mobile_nodes=nodes).request((MobileHomeAuthentication, newer)).is_signed_by(newer)


def test_denial_is_not_signed_by_the_key_that_the_node_does_not_have() -> None:
    newer, theirs = (MobilitySecurityAssociation(spi=300, key=key) for key in (b"newer", b"not yet"))
    trial = Trial(mobile_nodes=(MobileNodeEntry(home_address=HOME_ADDRESS, associations=(MOBILE_HOME, newer)),))
    outcome = trial.request((MobileHomeAuthentication, theirs))
    assert outcome.reply.code == ReplyCode.HA_MOBILE_NODE_FAILED_AUTHENTICATION
    assert outcome.is_signed_by(MOBILE_HOME)


def test_every_mobile_home_extension_must_be_valid() -> None:
    newer = MobilitySecurityAssociation(spi=300, key=b"newer")
    trial = Trial(mobile_nodes=(MobileNodeEntry(home_address=HOME_ADDRESS, associations=(MOBILE_HOME, newer)),))
    outcome = trial.request(MHAE, (MobileHomeAuthentication, newer))
    assert outcome.reply.code == ONE
    assert outcome.is_signed_by(MOBILE_HOME)
    trial.boot = 1.0
    assert trial.request((MobileHomeAuthentication, WRONG_KEY), (MobileHomeAuthentication, newer)).reply.code == 131
    trial.boot = 3.0
    assert trial.request(MHAE, (MobileHomeAuthentication, WRONG_SPI)).reply.code == 131


def test_wrong_authenticator_vouched_for_by_a_foreign_agent_is_always_denied() -> None:
    trial = Trial(**ASSOCIATED)
    for _ in range(3):
        outcome = trial.request((MobileHomeAuthentication, WRONG_KEY), FHAE)
        assert outcome.reply.code == 131
        assert outcome.is_signed_by(MOBILE_HOME)
        assert outcome.is_signed_by(FOREIGN_HOME, ForeignHomeAuthentication)


@pytest.mark.parametrize("signatures", [(), ((ForeignHomeAuthentication, WRONG_FOREIGN_KEY),)])
def test_wrong_authenticator_that_the_foreign_agent_did_not_vouch_for_is_discarded(signatures: Any) -> None:
    outcome = Trial(**ASSOCIATED).request((MobileHomeAuthentication, WRONG_KEY), *signatures)
    assert discarded(outcome) is DropReason.BAD_AUTHENTICATOR


# -- b. freshness


@pytest.mark.parametrize("ahead", [-3600, 3600])
def test_request_out_of_the_window_is_denied_with_our_time(ahead: float) -> None:
    trial = Trial()
    trial.boot = 5.0
    outcome = trial.request(ahead=ahead)
    assert outcome.reply.code == ReplyCode.HA_IDENTIFICATION_MISMATCH
    assert outcome.reply.identification >> 32 == (registration_request().identification >> 32) + 5
    assert outcome.is_signed_by(MOBILE_HOME)
    assert trial.bindings == ()


def test_replayed_request_is_denied() -> None:
    trial = Trial()
    first = trial.octets()
    trial.receive(first)
    trial.boot = 1.0
    trial.request(care_of_address=OTHER_CARE_OF_ADDRESS)
    before = trial.bindings
    outcome = trial.receive(first)
    assert outcome.reply.code == ReplyCode.HA_IDENTIFICATION_MISMATCH
    assert trial.bindings == before


def test_denied_request_can_not_be_replayed_into_an_acceptance() -> None:
    trial = Trial(maximum_simultaneous_bindings=2)
    trial.request(lifetime=2, simultaneous_bindings=True)
    trial.boot = 0.1
    trial.request(lifetime=100, care_of_address=OTHER_CARE_OF_ADDRESS, simultaneous_bindings=True)
    trial.boot = 0.2
    third = trial.octets(care_of_address=IPv4Address("203.0.113.9"), simultaneous_bindings=True)
    assert trial.receive(third).reply.code == ReplyCode.HA_TOO_MANY_SIMULTANEOUS_BINDINGS
    trial.wait(4)
    assert trial.receive(third).reply.code == ReplyCode.HA_IDENTIFICATION_MISMATCH


@pytest.mark.parametrize("lifetime", [1800, 0])
def test_repeated_request_is_answered_again(lifetime: int) -> None:
    trial = Trial()
    octets = trial.octets(lifetime=lifetime)
    first = trial.receive(octets).reply
    trial.boot = 1.0
    again = trial.receive(octets).reply
    assert (again.code, again.identification) == (ONE, first.identification)


def test_repeated_deregistration_of_something_else_is_a_replay() -> None:
    trial = Trial()
    trial.request(lifetime=0)
    same = {"lifetime": 0, "identification": registration_request().identification}
    assert trial.request(care_of_address=OTHER_CARE_OF_ADDRESS, **same).reply.code == 133
    assert trial.request(**same).reply.code == ONE


# -- c, d. the foreign agent's authenticator


@pytest.mark.parametrize("lifetime", [1800, 0])
def test_refused_identification_is_signed_for_the_foreign_agent_too(lifetime: int) -> None:
    """Else it would discard the Reply, and the mobile node never learn our time."""
    outcome = Trial(**ASSOCIATED).request(MHAE, FHAE, ahead=3600, lifetime=lifetime)
    assert outcome.reply.code == ReplyCode.HA_IDENTIFICATION_MISMATCH
    assert outcome.is_signed_by(FOREIGN_HOME, ForeignHomeAuthentication)
    direct = Trial(**ASSOCIATED).request(ahead=3600, source=OTHER_CARE_OF_ADDRESS, lifetime=lifetime)
    assert direct.reply.code == ReplyCode.HA_IDENTIFICATION_MISMATCH
    assert not direct.is_signed_by(FOREIGN_HOME, ForeignHomeAuthentication)


def test_foreign_agent_that_shares_an_association_must_sign() -> None:
    outcome = Trial(**ASSOCIATED).request(MHAE, FHAE)
    assert outcome.reply.code == ONE
    assert outcome.is_signed_by(MOBILE_HOME)
    assert outcome.is_signed_by(FOREIGN_HOME, ForeignHomeAuthentication)


@pytest.mark.parametrize(
    "signatures",
    [
        (MHAE,),
        (MHAE, FHAE, FHAE),
        (MHAE, (ForeignHomeAuthentication, WRONG_FOREIGN_KEY)),
        (MHAE, (ForeignHomeAuthentication, WRONG_SPI)),
    ],
)
def test_missing_doubled_or_wrong_foreign_home_extension_is_denied(signatures: Any) -> None:
    trial = Trial(**ASSOCIATED)
    outcome = trial.request(*signatures)
    assert outcome.reply.code == ReplyCode.HA_FOREIGN_AGENT_FAILED_AUTHENTICATION
    assert outcome.is_signed_by(MOBILE_HOME)
    assert outcome.is_signed_by(FOREIGN_HOME, ForeignHomeAuthentication)
    # The Identification was not used up by it.
    assert trial.request(MHAE, FHAE).reply.code == ONE


def test_another_source_does_not_get_round_the_foreign_agents_association() -> None:
    outcome = Trial(**ASSOCIATED).request(source=IPv4Address("203.0.113.1"))
    assert outcome.reply.code == ReplyCode.HA_FOREIGN_AGENT_FAILED_AUTHENTICATION


def test_relayed_request_from_another_address_of_the_foreign_agent_is_accepted() -> None:
    outcome = Trial(**ASSOCIATED).request(MHAE, FHAE, source=IPv4Address("203.0.113.1"))
    assert outcome.reply.code == ONE
    assert outcome.is_signed_by(FOREIGN_HOME, ForeignHomeAuthentication)


@pytest.mark.parametrize("signatures", [(MHAE,), (MHAE, FHAE)])
def test_deregistration_may_be_without_foreign_home_extension(signatures: Any) -> None:
    trial = Trial(**ASSOCIATED)
    trial.request(MHAE, FHAE)
    trial.boot = 1.0
    outcome = trial.request(*signatures, lifetime=0)
    assert outcome.reply.code == ONE
    assert outcome.is_signed_by(FOREIGN_HOME, ForeignHomeAuthentication)
    assert trial.bindings == ()


def test_deregistration_with_a_wrong_foreign_home_extension_is_denied() -> None:
    outcome = Trial(**ASSOCIATED).request(MHAE, (ForeignHomeAuthentication, WRONG_FOREIGN_KEY), lifetime=0)
    assert outcome.reply.code == ReplyCode.HA_FOREIGN_AGENT_FAILED_AUTHENTICATION


@pytest.mark.parametrize("config", [{}, ASSOCIATED])
def test_foreign_home_extension_without_association_is_discarded(config: Any) -> None:
    outcome = Trial(**config).request(MHAE, FHAE, care_of_address=OTHER_CARE_OF_ADDRESS)
    assert discarded(outcome) is DropReason.UNKNOWN_SPI


def test_foreign_home_authentication_may_be_required_of_all() -> None:
    trial = Trial(require_foreign_home_authentication=True, **ASSOCIATED)
    stranger = {"care_of_address": OTHER_CARE_OF_ADDRESS}
    assert trial.request(**stranger).reply.code == ReplyCode.HA_FOREIGN_AGENT_FAILED_AUTHENTICATION
    assert trial.request(decapsulation_by_mobile_node=True, **stranger).reply.code == ONE
    trial.boot = 1.0
    assert trial.request(lifetime=0, **stranger).reply.code == ONE
    trial.boot = 2.0
    assert trial.request(MHAE, FHAE).reply.code == ONE


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


# -- order


def test_order_is_the_rfcs() -> None:
    assert [check.__name__ for check in validity.CHECKS] == [
        "check_authentication_present",  # RFC 5944 §3.8.2.1 a
        "check_mobile_home_authentication",  # a
        "check_identification",  # b
        "check_foreign_home_authentication",  # c
        "check_foreign_home_association",  # d
        "check_destination",  # §3.8.2.1, end
        "check_home_agent_address",  # §3.8.3.2
        "check_reserved_bits",  # §3.8.2.3
        "check_home_address",  # §3.8.3.2
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
