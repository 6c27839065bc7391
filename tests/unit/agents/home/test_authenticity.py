"""Authentication and freshness of Requests, every check both ways (RFC 5944 §3.8.2.1)."""

from ipaddress import IPv4Address
from typing import Any

import pytest
from tests.support.examined import examined
from tests.support.home_agent import FOREIGN_HOME, OTHER_CARE_OF_ADDRESS, OTHER_HOME_ADDRESS, Outcome, Trial
from tests.support.messages import CARE_OF_ADDRESS, HOME_ADDRESS, MOBILE_HOME, registration_request

from mobileip.agents.home.authenticity import has_valid_foreign_home
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
TEACHING_LAB = {
    "allow_unauthenticated": True,
    "mobile_nodes": (
        MobileNodeEntry(home_address=HOME_ADDRESS, associations=()),
        MobileNodeEntry(home_address=OTHER_HOME_ADDRESS, associations=(MOBILE_HOME,)),
    ),
}


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


@pytest.mark.requirement("R5944-3.8.2.1-j")
def test_reply_about_an_unknown_spi_is_signed_by_the_oldest_association() -> None:
    newer = MobilitySecurityAssociation(spi=300, key=b"newer")
    nodes = (MobileNodeEntry(home_address=HOME_ADDRESS, associations=(MOBILE_HOME, newer)),)
    assert Trial(mobile_nodes=nodes).request((MobileHomeAuthentication, WRONG_SPI)).is_signed_by(MOBILE_HOME)
    assert Trial(mobile_nodes=nodes).request((MobileHomeAuthentication, newer)).is_signed_by(newer)


@pytest.mark.requirement("R5944-3.8.2.1-j")
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


@pytest.mark.parametrize("lifetime", [1800, 0])
@pytest.mark.parametrize(("later", "code"), [(0.0, ONE), (60.0, ONE), (60.125, 133), (120.0, 133)])
def test_repeated_request_is_answered_again_as_long_as_it_would_be_fresh(
    lifetime: int, later: float, code: int
) -> None:
    wide = MobilitySecurityAssociation(spi=256, key=MOBILE_HOME.key, timestamp_window=60)
    trial = Trial(mobile_nodes=(MobileNodeEntry(home_address=HOME_ADDRESS, associations=(wide,)),))
    trial.boot = 1000.0
    octets = trial.octets(lifetime=lifetime)
    assert trial.receive(octets).reply.code == ONE
    trial.boot += later
    assert trial.receive(octets).reply.code == code


def test_repeated_deregistration_of_something_else_is_a_replay() -> None:
    trial = Trial()
    trial.request(lifetime=0)
    same = {"lifetime": 0, "identification": registration_request().identification}
    assert trial.request(care_of_address=OTHER_CARE_OF_ADDRESS, **same).reply.code == 133
    assert trial.request(**same).reply.code == ONE


# -- c, d. the foreign agent's authenticator


@pytest.mark.parametrize("lifetime", [1800, 0])
def test_refused_identification_is_signed_for_the_foreign_agent_too(lifetime: int) -> None:
    """Else it would discard the Reply, and the mobile node never learn our time. Not where it asks for no signature."""
    outcome = Trial(**ASSOCIATED).request(MHAE, FHAE, ahead=3600, lifetime=lifetime)
    assert outcome.reply.code == ReplyCode.HA_IDENTIFICATION_MISMATCH
    assert outcome.is_signed_by(FOREIGN_HOME, ForeignHomeAuthentication) is (lifetime > 0)
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
    assert not outcome.is_signed_by(FOREIGN_HOME, ForeignHomeAuthentication)
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


@pytest.mark.parametrize(
    ("signatures", "code"),
    [((MHAE,), ONE), ((MHAE, (ForeignHomeAuthentication, WRONG_FOREIGN_KEY)), 132), ((MHAE, FHAE), ONE)],
)
def test_a_co_located_address_behind_a_foreign_agent_need_not_be_signed_by_it(signatures: Any, code: int) -> None:
    colocated = {"care_of_address": IPv4Address("192.0.2.50"), "source": CARE_OF_ADDRESS}
    outcome = Trial(**ASSOCIATED).request(*signatures, decapsulation_by_mobile_node=True, **colocated)
    assert outcome.reply.code == code
    assert outcome.is_signed_by(FOREIGN_HOME, ForeignHomeAuthentication)
    assert Trial(**ASSOCIATED).request(MHAE, **colocated).reply.code == 132


@pytest.mark.parametrize(("signature", "is_valid"), [(FHAE, True), ((ForeignHomeAuthentication, WRONG_SPI), False)])
def test_whether_a_foreign_agents_signature_is_right_can_be_asked_again(signature: Any, is_valid: bool) -> None:
    assert has_valid_foreign_home(examined(MHAE, signature, config=ASSOCIATED)) is is_valid
    assert not has_valid_foreign_home(examined(MHAE, signature))


# -- teaching labs


def test_a_node_without_association_registers_unauthenticated() -> None:
    trial = Trial(**TEACHING_LAB)
    outcome = trial.receive(encode_message(registration_request()))
    assert outcome.reply.code == ONE
    assert outcome.reply.extensions == ()
    (binding,) = trial.bindings
    assert binding.spi == 0
    again = trial.receive(encode_message(registration_request(identification=1)))
    assert again.reply.code == ONE


def test_what_it_signs_all_the_same_is_not_believed() -> None:
    assert discarded(Trial(**TEACHING_LAB).request()) is DropReason.UNKNOWN_SPI


def test_others_are_authenticated_as_ever() -> None:
    octets = encode_message(registration_request(home_address=OTHER_HOME_ADDRESS))
    assert discarded(Trial(**TEACHING_LAB).receive(octets)) is DropReason.MISSING_AUTHENTICATION


@pytest.mark.parametrize(("source", "care_of"), [("8.8.8.8", "192.0.2.2"), ("192.0.2.2", "8.8.8.8")])
def test_a_lab_stays_among_its_own_addresses(source: str, care_of: str) -> None:
    octets = encode_message(registration_request(care_of_address=IPv4Address(care_of)))
    outcome = Trial(**TEACHING_LAB).receive(octets, source=IPv4Address(source))
    assert discarded(outcome) is DropReason.MISSING_AUTHENTICATION
