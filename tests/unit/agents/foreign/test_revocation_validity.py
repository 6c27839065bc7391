"""Which revocations a foreign agent believes."""

from ipaddress import IPv4Address
from typing import Any

import pytest
from tests.support.foreign_agent import (
    BETWEEN_AGENTS,
    FOREIGN_HOME,
    OTHER_HOME_AGENT,
    acknowledgment,
    foreign_agent_config,
    revocation,
    visitor,
)
from tests.support.messages import HOME_AGENT, MOBILE_HOME, NTP

from mobileip.agents.foreign import revocation_validity
from mobileip.agents.foreign.revocation_validity import (
    REVOCATION_CHECKS,
    RevocationCase,
    refusal_of_authenticator,
    refusal_of_revocation,
)
from mobileip.agents.foreign.revoking import Revoked
from mobileip.agents.foreign.snapshot import RevocationTerms, Visitor
from mobileip.agents.foreign.surroundings import Surroundings
from mobileip.forwarding.drop_reason import DropReason
from mobileip.security.association import MobilitySecurityAssociation
from mobileip.wire.extensions.authentication import ForeignHomeAuthentication, MobileHomeAuthentication
from mobileip.wire.identification import high
from mobileip.wire.message import Decoded
from mobileip.wire.revocation import RegistrationRevocation

MHAE = (MobileHomeAuthentication, MOBILE_HOME)
GUESSED = (ForeignHomeAuthentication, MobilitySecurityAssociation(spi=FOREIGN_HOME.spi, key=b"guessed"))
TERMS = RevocationTerms(timestamp=high(NTP), inform=True)
REVOCABLE = visitor(revocation=TERMS)


def surroundings(**fields: Any) -> Surroundings:
    agents = ((HOME_AGENT, FOREIGN_HOME), (OTHER_HOME_AGENT, FOREIGN_HOME))
    return Surroundings(foreign_agent_config(**({"revocation": True, "home_agents": agents} | fields)))


def case(
    *signatures: Any,
    there: Visitor | None = REVOCABLE,
    revoked: Revoked | None = None,
    config: dict[str, Any] | None = None,
    **fields: Any,
) -> RevocationCase:
    event = revocation(*signatures, **fields)
    message = event.decoded.message
    assert isinstance(message, RegistrationRevocation)
    decoded = Decoded(message, event.decoded.octets, event.decoded.offsets)
    return RevocationCase(surroundings(**(config or {})), decoded, there, revoked)


def test_a_good_one_passes_all() -> None:
    assert refusal_of_revocation(case()) is None


def test_the_order() -> None:
    names = [check.__name__ for check in REVOCATION_CHECKS]
    assert names == ["check_support", "check_authenticator", "check_direction", "check_binding", "check_freshness"]
    assert set(names) == {name for name in vars(revocation_validity) if name.startswith("check_")}


def test_without_revocation_none_is_for_us() -> None:
    assert refusal_of_revocation(case(config={"revocation": False})) is DropReason.NOT_FOR_US


@pytest.mark.parametrize(
    ("signatures", "refusal"),
    [
        ((BETWEEN_AGENTS,), None),
        ((MHAE,), DropReason.MISSING_AUTHENTICATION),
        ((GUESSED,), DropReason.BAD_AUTHENTICATOR),
        ((BETWEEN_AGENTS, BETWEEN_AGENTS), DropReason.BAD_AUTHENTICATOR),
    ],
)
def test_authenticator(signatures: Any, refusal: DropReason | None) -> None:
    assert refusal_of_revocation(case(*signatures)) is refusal
    decoded = acknowledgment(*signatures).decoded
    assert refusal_of_authenticator(surroundings(), decoded, HOME_AGENT) is refusal
    strangers = surroundings(home_agents=())
    assert refusal_of_authenticator(strangers, decoded, HOME_AGENT) is not None


def test_a_reflection_of_our_own() -> None:
    assert refusal_of_revocation(case(from_home_agent=False)) is DropReason.REPLAYED


@pytest.mark.parametrize(
    "fields",
    [
        {"there": None},
        {"home_domain_address": OTHER_HOME_AGENT},
        {"foreign_domain_address": IPv4Address("198.51.100.77")},
    ],
)
def test_a_binding_that_is_none_of_ours(fields: dict[str, Any]) -> None:
    assert refusal_of_revocation(case(**fields)) is DropReason.UNKNOWN_MOBILE_NODE


@pytest.mark.parametrize(("seconds", "is_fresh"), [(1, True), (0, False), (-1, False), (1 << 31, False)])
def test_a_revocation_is_later_than_the_registration(seconds: int, is_fresh: bool) -> None:
    refusal = None if is_fresh else DropReason.REPLAYED
    identifier = (high(NTP) + seconds) % 2**32
    assert refusal_of_revocation(case(revocation_identifier=identifier)) is refusal


def test_without_terms_nothing_tells_old_from_new() -> None:
    assert refusal_of_revocation(case(there=visitor())) is DropReason.REPLAYED


def test_what_was_revoked_is_revoked_again_only_by_a_later_one() -> None:
    for seconds, refusal in ((60, DropReason.REPLAYED), (59, DropReason.REPLAYED), (61, None)):
        known = Revoked(visitor=REVOCABLE, identifier=high(NTP) + 60, told=True)
        tried = case(there=None, revoked=known, revocation_identifier=high(NTP) + seconds)
        assert refusal_of_revocation(tried) is refusal
