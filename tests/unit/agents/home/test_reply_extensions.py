"""What a Reply carries besides authentication, and for whom."""

from ipaddress import IPv4Address
from typing import Any

import pytest
from tests.support.home_agent import FOREIGN_HOME, Trial
from tests.support.messages import CARE_OF_ADDRESS, HOME_ADDRESS, MOBILE_HOME

from mobileip.agents.home.config import MobileNodeEntry
from mobileip.agents.home.reply_extensions import message_string
from mobileip.security.authenticator import sign
from mobileip.wire.extensions.authentication import ForeignHomeAuthentication, MobileHomeAuthentication
from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.dynamic_home_agent import DynamicHomeAgent
from mobileip.wire.extensions.message_string import MessageString
from mobileip.wire.extensions.nai import MobileNodeNai, NaiCarrying
from mobileip.wire.extensions.revocation_support import RevocationSupport

NAI = MobileNodeNai("mn@example.net")
IDENTITY = NaiCarrying(1, "ha@example.net")


def carried(trial: Trial, *extensions: Extension, **fields: Any) -> list[Extension]:
    """The Reply's extensions but for authentication."""
    reply = trial.request(extensions=extensions, **fields).reply
    return [each for each in reply.extensions if not isinstance(each, MobileHomeAuthentication)]


def test_nothing_by_default() -> None:
    assert carried(Trial()) == []


def test_the_nai_comes_back() -> None:
    assert carried(Trial(), IDENTITY, NAI) == [NAI]


def test_the_identity_is_told_to_those_who_do_not_know_it_and_to_those_who_do() -> None:
    trial = Trial(identity="ha.example.net")
    assert carried(trial, ahead=3600) == [IDENTITY]
    assert carried(trial) == [IDENTITY]
    trial.boot = 1.0
    assert carried(trial) == []
    trial.boot = 2.0
    assert carried(trial, NaiCarrying(1, "other@example.net")) == [IDENTITY]
    trial.boot = 3.0
    assert carried(trial, NaiCarrying(2, "aaa@example.net"), NAI) == [NAI]


def test_a_redirection_tells_where() -> None:
    trial = Trial(redirect_to=IPv4Address("10.1.0.2"))
    assert carried(trial, home_agent=IPv4Address(0)) == [DynamicHomeAgent(2, IPv4Address("10.1.0.2"))]
    assert carried(trial, home_agent=IPv4Address("10.1.0.9")) == []


def test_words_for_people_are_utf_8_of_a_home_agent() -> None:
    assert message_string("Grüß") == MessageString(1, "Grüß".encode())


@pytest.mark.parametrize(("message", "own", "words"), [("all", None, b"all"), ("all", "own", b"own")])
def test_each_mobile_node_may_have_words_of_its_own(message: str, own: str | None, words: bytes) -> None:
    entry = MobileNodeEntry(home_address=HOME_ADDRESS, message=own, associations=(MOBILE_HOME,))
    trial = Trial(message=message, mobile_nodes=(entry,))
    assert carried(trial) == [MessageString(1, words)]
    assert carried(trial, ahead=3600) == [MessageString(1, words)]


def test_the_offer_of_a_direct_mobile_node_is_answered_within_what_is_signed_for_it() -> None:
    trial = Trial(revocation=True)
    (support,) = carried(trial, RevocationSupport(7, inform=True), decapsulation_by_mobile_node=True)
    assert isinstance(support, RevocationSupport)
    assert support.inform
    trial.boot = 1.0
    denied = carried(trial, RevocationSupport(7), decapsulation_by_mobile_node=True, gre_encapsulation=True)
    assert denied == []


def test_the_offer_of_a_foreign_agent_is_answered_behind_that_again_for_a_duplicate() -> None:
    trial = Trial(revocation=True, foreign_agents=((CARE_OF_ADDRESS, FOREIGN_HOME),))
    octets = sign(trial.octets() + RevocationSupport(7).encode(), ForeignHomeAuthentication, FOREIGN_HOME)
    first = trial.receive(octets).reply.extensions
    assert [type(each) for each in first] == [
        MobileHomeAuthentication,
        RevocationSupport,
        ForeignHomeAuthentication,
    ]
    trial.boot = 5.0
    again = trial.receive(octets).reply.extensions
    # The binding is as old as it was: so is our timestamp.
    assert again[1] == first[1]


def test_a_duplicate_deregistration_has_nothing_to_be_revoked() -> None:
    trial = Trial(revocation=True, message="Bye")
    octets = trial.octets(lifetime=0, extensions=(RevocationSupport(7),))
    trial.receive(octets)
    again = trial.receive(octets).reply.extensions
    assert [type(each) for each in again] == [MessageString, MobileHomeAuthentication]
