"""Decisions: the code and the lifetime of a Reply (RFC 5944 §3.8.2.2, §3.8.3.2)."""

from ipaddress import IPv4Address

import pytest
from tests.support.home_agent import Trial
from tests.support.messages import HOME_ADDRESS, NTP, registration_request

from mobileip.agents.home.config import MobileNodeEntry, ReverseTunnels
from mobileip.agents.notices import Discarded
from mobileip.forwarding.drop_reason import DropReason
from mobileip.security.association import MobilitySecurityAssociation, ReplayStyle
from mobileip.wire.extensions.authentication import MobileHomeAuthentication
from mobileip.wire.extensions.nat_traversal import UdpTunnelRequest
from mobileip.wire.message import encode_message


@pytest.mark.parametrize(
    ("requested", "maximum", "granted"),
    [
        (1800, 1800, 1800),
        (600, 1800, 600),
        (36000, 1800, 1800),
        (0xFFFF, 1800, 1800),
        (0xFFFF, 0xFFFE, 0xFFFE),
        (0xFFFF, 0xFFFF, 0xFFFF),
        (0xFFFE, 0xFFFF, 0xFFFE),
        (0, 1800, 0),
    ],
)
def test_lifetime_is_never_above_the_requested_or_the_maximum(requested: int, maximum: int, granted: int) -> None:
    assert Trial(maximum_lifetime=maximum).request(lifetime=requested).reply.lifetime == granted


@pytest.mark.requirement("R3519-5.2-a", "R3519-6-a")
@pytest.mark.parametrize(("requested", "maximum", "granted"), [(600, 60, 60), (0xFFFF, 90, 90), (30, 60, 30)])
def test_behind_a_nat_it_is_short(requested: int, maximum: int, granted: int) -> None:
    trial = Trial(nat_traversal=True, reverse_tunnel=ReverseTunnels.ALLOWED, nat_maximum_lifetime=maximum)
    fields = {"extensions": (UdpTunnelRequest(),), "decapsulation_by_mobile_node": True, "lifetime": requested}
    assert trial.receive(trial.octets(**fields), source=IPv4Address("198.51.100.7")).reply.lifetime == granted


def test_lifetime_of_a_denial_is_copied() -> None:
    assert Trial().request(lifetime=36000, gre_encapsulation=True).reply.lifetime == 36000


def test_what_is_silently_discarded_has_no_answer() -> None:
    outcome = Trial().receive(encode_message(registration_request()))
    assert outcome.messages == []
    (notice,) = outcome.notices
    assert isinstance(notice, Discarded)
    assert notice.reason is DropReason.MISSING_AUTHENTICATION


@pytest.mark.parametrize(("maximum", "code"), [(1, 1), (2, 0)])
@pytest.mark.parametrize("asked", [False, True])
def test_code_tells_whether_simultaneous_bindings_are_supported(maximum: int, code: int, asked: bool) -> None:
    trial = Trial(maximum_simultaneous_bindings=maximum)
    assert trial.request(simultaneous_bindings=asked).reply.code == code


def test_duplicate_is_answered_again_without_a_longer_lifetime() -> None:
    trial = Trial()
    octets = trial.octets(lifetime=100)
    first = trial.receive(octets).reply
    before = trial.bindings
    trial.boot = 6.5
    outcome = trial.receive(octets)
    assert outcome.reply.code == first.code
    assert outcome.reply.identification == first.identification
    assert outcome.reply.lifetime == 93
    assert len(outcome.outputs) == 1
    assert trial.bindings == before


def test_duplicate_of_an_infinite_registration_is_infinite() -> None:
    trial = Trial(maximum_lifetime=0xFFFF)
    octets = trial.octets(lifetime=0xFFFF)
    trial.receive(octets)
    trial.boot = 40.5
    assert trial.receive(octets).reply.lifetime == 0xFFFF


def test_duplicate_of_an_ended_registration_is_a_replay() -> None:
    trial = Trial()
    octets = trial.octets(lifetime=3)
    trial.receive(octets)
    trial.boot = 3.0
    assert trial.receive(octets).reply.code == 133


def test_same_identification_with_another_care_of_address_is_a_replay() -> None:
    trial = Trial()
    trial.request(identification=NTP)
    outcome = trial.request(identification=NTP, care_of_address=IPv4Address("198.51.100.2"))
    assert outcome.reply.code == 133


def test_duplicate_deregistration_is_answered_again() -> None:
    trial = Trial()
    trial.request()
    trial.boot = 1.0
    octets = trial.octets(lifetime=0)
    assert trial.receive(octets).reply.code == 1
    trial.boot = 2.0
    outcome = trial.receive(octets)
    assert (outcome.reply.code, outcome.reply.lifetime) == (1, 0)
    assert len(outcome.outputs) == 1


def test_old_deregistration_is_a_replay_once_there_is_a_new_binding() -> None:
    trial = Trial()
    octets = trial.octets(lifetime=0)
    trial.receive(octets)
    trial.boot = 1.0
    trial.request()
    assert trial.receive(octets).reply.code == 133
    assert len(trial.bindings) == 1


def test_deregistration_of_another_care_of_address_is_no_duplicate() -> None:
    trial = Trial()
    trial.request(lifetime=0, identification=NTP)
    outcome = trial.request(lifetime=0, identification=NTP, care_of_address=IPv4Address("198.51.100.2"))
    assert outcome.reply.code == 133


def test_nonces_survive_a_lost_reply() -> None:
    """The mobile node repeats the message unchanged (RFC 5944 §3.6.3) though the nonce was used up."""
    nonces = MobilitySecurityAssociation(spi=256, key=b"k", replay=ReplayStyle.NONCES)
    trial = Trial(mobile_nodes=(MobileNodeEntry(home_address=HOME_ADDRESS, associations=(nonces,)),))
    signature = (MobileHomeAuthentication, nonces)
    offered = trial.receive(trial.octets(signature, identification=7), entropy=b"\0\0\0\x05").reply
    assert offered.code == 133
    assert offered.identification == 5 << 32 | 7
    octets = trial.octets(signature, identification=5 << 32 | 8)
    accepted = trial.receive(octets, entropy=b"\0\0\0\x06").reply
    assert (accepted.code, accepted.identification) == (1, 6 << 32 | 8)
    repeated = trial.receive(octets, entropy=b"\0\0\0\x09").reply
    assert (repeated.code, repeated.identification) == (1, 6 << 32 | 8)
    after = trial.receive(trial.octets(signature, identification=6 << 32 | 9), entropy=b"\0\0\0\x0a").reply
    assert after.code == 1


def test_a_duplicate_that_asks_for_less_gets_no_more() -> None:
    trial = Trial()
    trial.request(lifetime=600)
    assert trial.request(lifetime=60).reply.lifetime == 60
