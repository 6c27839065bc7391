"""A home agent goes on where an earlier life of it ended."""

from ipaddress import IPv4Address
from typing import Any

import msgspec
import pytest
from tests.support.home_agent import FOREIGN_HOME, HOME_LINK, OTHER_CARE_OF_ADDRESS, OTHER_HOME_ADDRESS, Trial
from tests.support.kept import Kept
from tests.support.messages import CARE_OF_ADDRESS, HOME_ADDRESS, HOME_AGENT, MOBILE_HOME, NTP, registration_request

from mobileip.agents.events import RevokeCommanded, TimerExpired
from mobileip.agents.home.config import MobileNodeEntry
from mobileip.agents.home.snapshot import MobilityBinding
from mobileip.agents.memory import HomeAgentRecord, Remembered
from mobileip.agents.notices import BindingNotRestored, BindingsRestored
from mobileip.agents.outputs import Forget, SendMessage
from mobileip.forwarding.model import ReturnPath
from mobileip.security.association import MobilitySecurityAssociation, ReplayStyle
from mobileip.security.authenticator import sign
from mobileip.wire.extensions.authentication import ForeignHomeAuthentication, MobileHomeAuthentication
from mobileip.wire.extensions.nai import MobileNodeNai
from mobileip.wire.extensions.revocation_support import RevocationSupport
from mobileip.wire.message import encode_message
from mobileip.wire.registration import INFINITE_LIFETIME
from mobileip.wire.revocation import RegistrationRevocation

HOME = int(HOME_ADDRESS)
NONCES = MobilitySecurityAssociation(spi=300, key=b"nonces", replay=ReplayStyle.NONCES)
NAI = "mn@example.net"
LENT = IPv4Address("10.1.0.100")
POOL: dict[str, Any] = {
    "address_pool": (LENT, IPv4Address("10.1.0.101")),
    "mobile_nodes": (
        MobileNodeEntry(nai=NAI, associations=(MOBILE_HOME,)),
        MobileNodeEntry(nai="other@example.net", associations=(MOBILE_HOME,)),
    ),
}
REVOKING: dict[str, Any] = {"revocation": True, "foreign_agents": ((CARE_OF_ADDRESS, FOREIGN_HOME),)}


def first_life(**config: Any) -> Trial:
    return Trial(remembered=Remembered(), **config)


def next_life(before: Trial, *, boot: float | None = None, is_same_boot: bool = True, **changes: Any) -> Trial:
    """Another home agent from what the first one wanted to be remembered, one second later on the same machine."""
    ahead = changes.pop("ahead", before.ahead)
    is_complete = changes.pop("is_complete", True)
    remembered = before.kept.remembered(is_same_boot=is_same_boot, is_complete=is_complete)
    after = Trial.__new__(Trial)
    after.__init__(  # type: ignore[misc]
        remembered=remembered, boot=before.boot + 1.0 if boot is None else boot, ahead=ahead, **changes
    )
    for name, row in before.kept.rows.items():
        after.kept.rows.setdefault(name, row)
    return after


def by_name(home_address: int | str = 0, nai: str = NAI, **fields: Any) -> dict[str, Any]:
    extensions = (MobileNodeNai(nai=nai),)
    return {"home_address": IPv4Address(home_address), "extensions": extensions} | fields


def renamed(kept: Kept, **changes: Any) -> None:
    record = msgspec.structs.replace(kept.record(HOME), **changes)
    kept.rows = {record.name: msgspec.msgpack.encode(record)}


# -- the same boot


def test_at_the_first_start_there_is_nothing_to_go_on_with() -> None:
    trial = first_life()
    assert trial.started.notices == []
    assert trial.kept.rows == {}


def test_a_binding_is_there_at_once_with_the_time_that_it_had() -> None:
    before = first_life()
    before.request()
    after = next_life(before)
    assert after.bindings == before.bindings
    assert after.agent.forwarding() == before.agent.forwarding()
    assert after.started.notices == [BindingsRestored(bindings=1, expired=0)]
    after.boot = before.bindings[0].expires_at
    after.handle(TimerExpired())
    assert after.bindings == ()


def test_what_has_ended_meanwhile_stays_away_and_is_counted() -> None:
    before = first_life()
    before.request(lifetime=10)
    after = next_life(before, boot=10.0)
    assert after.bindings == ()
    assert after.started.notices == [BindingsRestored(bindings=0, expired=1)]


def test_a_request_of_before_is_refused_with_timestamps() -> None:
    before = first_life()
    before.boot = 1.0
    octets = before.octets()
    before.receive(octets)
    before.boot = 2.0
    before.request(care_of_address=OTHER_CARE_OF_ADDRESS)
    after = next_life(before)
    assert after.receive(octets).reply.code == 133
    assert after.bindings == before.bindings


def test_a_deregistration_of_before_is_refused_or_answered_as_the_duplicate_that_it_is() -> None:
    before = first_life()
    octets = before.octets(lifetime=0)
    before.receive(octets)
    before.boot = 2.0
    before.request()
    after = next_life(before)
    assert after.receive(octets).reply.code == 133
    assert after.bindings == before.bindings
    before.boot = 4.0
    octets = before.octets(lifetime=0)
    before.receive(octets)
    assert next_life(before).receive(octets).reply.code == 1  # RFC 5944 §3.8.2.2: duplicates
    assert next_life(before, boot=60.0).receive(octets).reply.code == 133


def test_a_nonce_of_before_is_refused_and_the_next_one_is_good() -> None:
    nodes = (MobileNodeEntry(home_address=HOME_ADDRESS, associations=(NONCES,)),)
    before = first_life(mobile_nodes=nodes)
    signature = (MobileHomeAuthentication, NONCES)
    octets = before.octets(signature, identification=1)
    offered = before.receive(octets, entropy=bytes([7] * 32)).reply.identification >> 32
    accepted = before.octets(signature, identification=offered << 32 | 2)
    following = before.receive(accepted, entropy=bytes([8] * 32)).reply.identification >> 32
    after = next_life(before, mobile_nodes=nodes, boot=60.0)
    assert after.receive(accepted).reply.code == 133
    assert after.request(signature, identification=following << 32 | 3).reply.code == 1


def test_the_ways_of_packets_are_known_again() -> None:
    before = first_life(home_link=HOME_LINK)
    before.request()
    after = next_life(before, home_link=HOME_LINK)
    assert ReturnPath(interface="eth0").key in after.agent.forwarding().wishes
    after.boot += 1.0
    assert after.request().return_paths == []


def test_what_is_as_it_was_is_not_written_again() -> None:
    before = first_life()
    before.request()
    assert [o for o in next_life(before).started.outputs if hasattr(o, "record")] == []


def test_time_never_goes_back_across_a_restart() -> None:
    before = first_life()
    before.ahead = 100.0
    before.request(ahead=100.0)
    after = next_life(before, ahead=0.0)
    assert after.request(ahead=100.0).reply.code == 1


def test_not_more_than_one_message_a_second_about_a_binding_across_a_restart() -> None:
    before = first_life(**REVOKING)
    register_revocably(before)
    after = next_life(before, **REVOKING)
    outcome = after.handle(RevokeCommanded(home_address=HOME_ADDRESS))
    assert outcome.messages == []
    assert len(after.wait(1.0).messages) == 1


# -- another boot


def test_another_boot_goes_on_by_the_time_of_day() -> None:
    before = first_life()
    before.boot = 1000.0
    before.request(lifetime=100)
    # The machine was away for 30 s, and has been up for 5.
    after = next_life(before, boot=5.0, is_same_boot=False, ahead=1025.0)
    (binding,) = after.bindings
    assert binding.expires_at == pytest.approx(75.0)
    assert binding.registered_at == pytest.approx(-25.0)
    late = next_life(before, boot=5.0, is_same_boot=False, ahead=1095.0)
    assert late.bindings == ()


def test_a_boot_time_that_went_back_is_another_boots() -> None:
    before = first_life()
    before.boot = 1000.0
    before.request(lifetime=100)
    after = next_life(before, boot=5.0, ahead=1025.0)
    assert after.bindings[0].expires_at == pytest.approx(75.0)


def test_a_time_of_day_that_went_back_costs_no_binding() -> None:
    before = first_life()
    before.boot = 1000.0
    before.request(lifetime=100)
    after = next_life(before, boot=5.0, is_same_boot=False, ahead=-5000.0)
    assert after.bindings[0].expires_at == pytest.approx(105.0)


def test_after_another_boot_all_is_written_anew_with_its_times() -> None:
    before = first_life()
    before.boot = 1000.0
    before.request(lifetime=INFINITE_LIFETIME)
    before.request(lifetime=0, home_address=OTHER_HOME_ADDRESS)
    after = next_life(before, boot=5.0, is_same_boot=False, ahead=1025.0)
    assert after.kept.record(HOME).bindings[0].registered_at == pytest.approx(-25.0)
    assert after.kept.record(int(OTHER_HOME_ADDRESS)).deregistration.at == pytest.approx(-25.0)
    again = next_life(after, ahead=1025.0)
    assert again.bindings == after.bindings


@pytest.mark.parametrize("lost", [{"is_same_boot": False}, {"is_complete": False}])
def test_where_something_may_be_missing_no_time_before_the_start_is_fresh(lost: dict[str, Any]) -> None:
    before = first_life()
    before.boot = 10.0
    octets = before.octets(home_address=OTHER_HOME_ADDRESS)  # accepted; the record of it is lost
    before.request(lifetime=50)
    after = next_life(before, boot=11.0, **lost)
    assert after.receive(octets).reply.code == 133
    assert after.request(home_address=OTHER_HOME_ADDRESS, ahead=0.1).reply.code == 1
    assert len(after.bindings) == 2
    # The next life knows that, too, of those that it knows nothing else about.
    again = next_life(before, boot=11.0, **lost)
    again = next_life(again, boot=11.5)
    assert again.receive(octets).reply.code == 133


def test_a_later_accepted_time_counts_more_than_the_start() -> None:
    before = first_life()
    before.boot = 10.0
    octets = before.octets(ahead=5.0)
    before.receive(octets)
    after = next_life(before, boot=12.0, is_complete=False)
    assert after.receive(octets, source=OTHER_CARE_OF_ADDRESS).reply.code in {1, 133}
    assert after.bindings == before.bindings
    assert after.kept.record(HOME).latest == NTP + (15 << 32)


def test_nonces_that_were_offered_are_forgotten_where_something_may_be_missing() -> None:
    nodes = (MobileNodeEntry(home_address=HOME_ADDRESS, associations=(NONCES,)),)
    before = first_life(mobile_nodes=nodes)
    signature = (MobileHomeAuthentication, NONCES)
    offered = before.request(signature, identification=1).reply.identification >> 32
    after = next_life(before, mobile_nodes=nodes, is_complete=False)
    assert (
        after.receive(after.octets(signature, identification=offered << 32 | 2), entropy=b"\1" * 32).reply.code == 133
    )


# -- another configuration


def not_restored(trial: Trial) -> list[tuple[IPv4Address, IPv4Address, str]]:
    return [
        (n.home_address, n.care_of_address, n.cause) for n in trial.started.notices if isinstance(n, BindingNotRestored)
    ]


@pytest.mark.parametrize(
    ("entry", "cause"),
    [
        (MobileNodeEntry(home_address=OTHER_HOME_ADDRESS, associations=(MOBILE_HOME,)), "not_configured"),
        (MobileNodeEntry(home_address=HOME_ADDRESS, nai=NAI, associations=(MOBILE_HOME,)), "name_changed"),
        (
            MobileNodeEntry(
                home_address=HOME_ADDRESS, associations=(msgspec.structs.replace(MOBILE_HOME, key=b"another"),)
            ),
            "key_changed",
        ),
        (MobileNodeEntry(home_address=HOME_ADDRESS, associations=(NONCES,)), "key_changed"),
    ],
)
def test_a_node_that_is_another_by_configuration_gets_no_binding_and_it_is_said(
    entry: MobileNodeEntry, cause: str
) -> None:
    before = first_life()
    before.request()
    after = next_life(before, mobile_nodes=(entry,))
    assert after.bindings == ()
    assert not_restored(after) == [(HOME_ADDRESS, CARE_OF_ADDRESS, cause)]
    # Nor does it come back with the old configuration. What it has sent stays refused.
    again = next_life(after)
    assert again.bindings == ()
    assert again.receive(before.octets()).reply.code == 133


def test_another_address_of_the_home_agent_ends_all() -> None:
    before = first_life()
    before.request()
    after = next_life(before, address=IPv4Address("10.1.0.2"))
    assert not_restored(after) == [(HOME_ADDRESS, CARE_OF_ADDRESS, "home_agent_changed")]


def test_of_two_keys_the_one_that_is_gone_takes_its_binding_along() -> None:
    second = MobilitySecurityAssociation(spi=512, key=b"second")
    both = (MobileNodeEntry(home_address=HOME_ADDRESS, associations=(MOBILE_HOME, second)),)
    before = first_life(mobile_nodes=both, maximum_simultaneous_bindings=2)
    before.request(simultaneous_bindings=True)
    before.boot = 2.0
    before.request(
        (MobileHomeAuthentication, second), simultaneous_bindings=True, care_of_address=OTHER_CARE_OF_ADDRESS
    )
    only = (MobileNodeEntry(home_address=HOME_ADDRESS, associations=(MOBILE_HOME,)),)
    after = next_life(before, mobile_nodes=only, maximum_simultaneous_bindings=2)
    assert [binding.care_of_address for binding in after.bindings] == [CARE_OF_ADDRESS]
    assert not_restored(after) == [(HOME_ADDRESS, OTHER_CARE_OF_ADDRESS, "key_changed")]


def test_a_laboratorys_node_without_a_key_needs_none() -> None:
    nodes = (MobileNodeEntry(home_address=HOME_ADDRESS, associations=()),)
    config: dict[str, Any] = {"mobile_nodes": nodes, "allow_unauthenticated": True}
    before = first_life(**config)
    before.receive(encode_message(registration_request()))
    assert len(before.bindings) == 1
    assert next_life(before, **config).bindings == before.bindings


def test_a_stranger_is_forgotten_when_nothing_that_it_sent_can_be_fresh_again() -> None:
    before = first_life()
    before.request(lifetime=0)
    nobody = (MobileNodeEntry(home_address=OTHER_HOME_ADDRESS, associations=(MOBILE_HOME,)),)
    soon = next_life(before, mobile_nodes=nobody)
    assert soon.kept.record(HOME).deregistration is None
    later = next_life(soon, mobile_nodes=nobody, boot=7200.0)
    assert later.started.outputs[-1] == Forget(HOME)
    renamed(soon.kept, latest=None, nonce=5)
    kept = next_life(soon, mobile_nodes=nobody, boot=7200.0)
    assert Forget(HOME) not in kept.started.outputs


# -- lent addresses


def test_a_lent_address_is_lent_still() -> None:
    before = first_life(**POOL)
    assert before.request(**by_name()).reply.home_address == LENT
    after = next_life(before, **POOL)
    assert after.bindings == before.bindings
    after.boot += 1.0
    assert after.request(**by_name(nai="other@example.net")).reply.home_address != LENT
    assert after.request(**by_name(str(LENT))).reply.code == 1


def test_the_address_that_a_node_had_last_is_kept_for_it() -> None:
    before = first_life(**POOL)
    before.request(**by_name())
    before.boot = 2.0
    before.request(**by_name(str(LENT), lifetime=0))
    assert before.bindings == ()
    after = next_life(before, **POOL)
    assert after.request(**by_name(nai="other@example.net")).reply.home_address != LENT
    after.boot += 1.0
    assert after.request(**by_name()).reply.home_address == LENT


def test_a_name_that_never_had_an_address_is_remembered_for_its_times() -> None:
    before = first_life(**POOL)
    before.request(**by_name(ahead=100.0))
    after = next_life(before, **POOL)
    assert after.kept.record(NAI).home_address == 0
    assert after.request(**by_name()).reply.home_address == LENT


def test_an_address_that_the_pool_has_no_more_is_not_lent_any_more() -> None:
    before = first_life(**POOL)
    before.request(**by_name())
    smaller = POOL | {"address_pool": (IPv4Address("10.1.0.101"), IPv4Address("10.1.0.101"))}
    after = next_life(before, **smaller)
    assert not_restored(after) == [(LENT, CARE_OF_ADDRESS, "address_taken")]


# -- revocation


def register_revocably(trial: Trial) -> None:
    """By the foreign agent, which adds what it wants and signs that."""
    octets = trial.octets() + RevocationSupport(timestamp=7, inform=True).encode()
    trial.receive(sign(octets, ForeignHomeAuthentication, FOREIGN_HOME))


def binding_with_terms(trial: Trial) -> MobilityBinding:
    (binding,) = trial.bindings
    assert binding.revocation is not None
    return binding


def test_terms_of_revocation_name_their_key_and_find_it_again() -> None:
    before = first_life(**REVOKING)
    register_revocably(before)
    assert binding_with_terms(next_life(before, **REVOKING)) == binding_with_terms(before)


@pytest.mark.parametrize(
    "change",
    [
        {"revocation": False},
        {"foreign_agents": ()},
        {"foreign_agents": ((CARE_OF_ADDRESS, msgspec.structs.replace(FOREIGN_HOME, key=b"another")),)},
    ],
)
def test_without_their_key_or_revocation_at_all_a_binding_goes_on_without_terms(change: dict[str, Any]) -> None:
    before = first_life(**REVOKING)
    register_revocably(before)
    (binding,) = next_life(before, **(REVOKING | change)).bindings
    assert binding == msgspec.structs.replace(before.bindings[0], revocation=None)


def test_terms_of_a_direct_mobile_node_have_its_own_key() -> None:
    before = first_life(**REVOKING)
    before.request(
        decapsulation_by_mobile_node=True,
        care_of_address=OTHER_CARE_OF_ADDRESS,
        extensions=(RevocationSupport(timestamp=7),),
    )
    binding = binding_with_terms(before)
    assert binding.revocation is not None
    assert binding.revocation.is_direct
    assert binding_with_terms(next_life(before, **REVOKING)) == binding


def test_what_a_foreign_agent_has_revoked_is_known_still() -> None:
    before = first_life(**REVOKING)
    register_revocably(before)
    octets = sign(encode_message(revocation(9)), ForeignHomeAuthentication, FOREIGN_HOME)
    before.receive(octets)
    after = next_life(before, **REVOKING)
    assert after.bindings == ()
    assert [notice.reason for notice in after.receive(octets).notices] == ["replayed"]


def revocation(identifier: int) -> RegistrationRevocation:
    return RegistrationRevocation(
        home_address=HOME_ADDRESS,
        home_domain_address=HOME_AGENT,
        foreign_domain_address=CARE_OF_ADDRESS,
        revocation_identifier=identifier,
    )


def test_revocations_that_nobody_acknowledged_go_on() -> None:
    before = first_life(**REVOKING)
    register_revocably(before)
    before.boot = 5.0
    (first,) = before.handle(RevokeCommanded(home_address=HOME_ADDRESS)).messages
    after = next_life(before, **REVOKING)
    assert after.agent.snapshot().revocations == 1
    (second,) = after.started.messages
    assert isinstance(second, SendMessage)
    assert second.octets != first.octets
    assert len(after.wait(2.0).messages) == 1  # twice as long as before
    without = next_life(before, **(REVOKING | {"foreign_agents": ()}))
    assert without.agent.snapshot().revocations == 0


def test_a_general_record_is_no_mobile_nodes() -> None:
    before = first_life()
    before.kept.rows[""] = msgspec.msgpack.encode(HomeAgentRecord(("eth7",), NTP + 5))
    after = next_life(before)
    assert ReturnPath(interface="eth7").key in after.agent.forwarding().wishes
    assert after.receive(before.octets()).reply.code == 133  # the floor
