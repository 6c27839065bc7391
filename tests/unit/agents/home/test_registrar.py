"""What decisions change: bindings, forwarding, announcements, notices (RFC 5944 §3.8.2.2, §4.6)."""

from ipaddress import IPv4Address
from math import inf
from typing import Any

import pytest
from tests.support.home_agent import (
    FOREIGN_HOME,
    HOME_LINK,
    MAC,
    OTHER_CARE_OF_ADDRESS,
    OTHER_HOME_ADDRESS,
    Outcome,
    Trial,
)
from tests.support.messages import CARE_OF_ADDRESS, HOME_ADDRESS, HOME_AGENT, MOBILE_HOME, NTP, signed

from mobileip.agents.events import PacketsTold, RevokeCommanded, TimerExpired
from mobileip.agents.home.config import MobileNodeEntry, ReverseTunnels
from mobileip.agents.home.snapshot import MobilityBinding
from mobileip.agents.instant import Deadline
from mobileip.agents.memory import Remembered
from mobileip.agents.notices import (
    BindingChanged,
    BindingCreated,
    BindingRemoved,
    BindingRenewed,
    RegistrationDenied,
    TunnelMoved,
)
from mobileip.agents.outputs import AnnounceAddress, ChangeForwarding, Notify, Remember, SendMessage
from mobileip.forwarding.model import BindingRoute, ForwardingChange, Interception, ReverseExit
from mobileip.forwarding.news import KeepaliveHeard
from mobileip.forwarding.tunnel import Tunnel, UdpPorts
from mobileip.security.association import MobilitySecurityAssociation
from mobileip.security.authenticator import sign
from mobileip.wire.extensions.authentication import ForeignHomeAuthentication, MobileHomeAuthentication
from mobileip.wire.extensions.nai import MobileNodeNai
from mobileip.wire.extensions.nat_traversal import UdpTunnelRequest
from mobileip.wire.extensions.revocation_support import RevocationSupport
from mobileip.wire.revocation import RegistrationRevocation

THIRD = IPv4Address("203.0.113.2")
TUNNEL = Tunnel(HOME_AGENT, CARE_OF_ADDRESS)
OTHER_TUNNEL = Tunnel(HOME_AGENT, OTHER_CARE_OF_ADDRESS)
OURS = AnnounceAddress(interface=HOME_LINK, address=HOME_ADDRESS)
THEIRS = AnnounceAddress(interface=HOME_LINK, address=HOME_ADDRESS, link_address=MAC)


def route(expires_at: float, *tunnels: Tunnel) -> BindingRoute:
    return BindingRoute(home_address=HOME_ADDRESS, tunnels=tunnels or (TUNNEL,), expires_at=expires_at)


def installs(*wishes: BindingRoute | Interception) -> list[ForwardingChange]:
    return [ForwardingChange(install=wishes)]


def test_registration_makes_a_binding() -> None:
    trial = Trial()
    trial.boot = 5.0
    outcome = trial.request(lifetime=900, decapsulation_by_mobile_node=True)
    assert trial.bindings == (
        MobilityBinding(
            home_address=HOME_ADDRESS,
            care_of_address=CARE_OF_ADDRESS,
            home_agent=HOME_AGENT,
            tunnel=TUNNEL,
            lifetime=900,
            registered_at=5.0,
            expires_at=905.0,
            identification=NTP + (5 << 32),
            request_identification=NTP + (5 << 32),
            spi=256,
            decapsulation_by_mobile_node=True,
        ),
    )
    assert outcome.changes == installs(route(905.0))
    assert outcome.notices == [BindingCreated(home_address=HOME_ADDRESS, care_of_address=CARE_OF_ADDRESS, lifetime=900)]
    assert trial.counters == {"accepted": 1}


def test_answer_is_the_last_output_and_forwarding_the_first() -> None:
    outputs = Trial(home_link=HOME_LINK).request().outputs
    kinds = [ChangeForwarding, ChangeForwarding, AnnounceAddress, Notify, SendMessage]
    assert [type(output) for output in outputs] == kinds


def test_renewal_moves_the_end() -> None:
    trial = Trial(home_link=HOME_LINK, announcements=1)
    trial.request()
    trial.boot = 900.0
    outcome = trial.request()
    assert outcome.changes == installs(route(2700.0))
    assert outcome.announcements == []
    assert outcome.notices == [
        BindingRenewed(home_address=HOME_ADDRESS, care_of_address=CARE_OF_ADDRESS, lifetime=1800)
    ]


def test_move_replaces_the_tunnel_and_keeps_the_interception() -> None:
    trial = Trial(home_link=HOME_LINK, announcements=1)
    trial.request()
    trial.boot = 1.0
    outcome = trial.request(care_of_address=OTHER_CARE_OF_ADDRESS)
    assert outcome.changes == installs(route(1801.0, OTHER_TUNNEL))
    assert outcome.announcements == []
    assert outcome.notices == [
        BindingChanged(
            home_address=HOME_ADDRESS,
            care_of_address=OTHER_CARE_OF_ADDRESS,
            previous_care_of_address=CARE_OF_ADDRESS,
            lifetime=1800,
        )
    ]
    assert [b.care_of_address for b in trial.bindings] == [OTHER_CARE_OF_ADDRESS]


def test_first_binding_intercepts_on_a_real_link() -> None:
    outcome = Trial(home_link=HOME_LINK).request()
    assert outcome.changes == installs(route(1800.0), Interception(home_address=HOME_ADDRESS, interface=HOME_LINK))
    assert outcome.announcements == [OURS]


def test_our_announcement_is_repeated_a_second_apart() -> None:
    trial = Trial(home_link=HOME_LINK)
    trial.request()
    assert [trial.wait(1).announcements for _ in range(3)] == [[OURS], [OURS], []]


def test_return_home_ends_everything_and_announces_the_nodes_own_address() -> None:
    trial = Trial(home_link=HOME_LINK)
    trial.request()
    trial.boot = 0.5
    outcome = trial.return_home()
    assert trial.bindings == ()
    assert outcome.changes == [
        ForwardingChange(remove=(("BindingRoute", "0/10.1.0.10"), ("Interception", "10.1.0.10")))
    ]
    assert outcome.announcements == [THEIRS]
    assert outcome.notices == [
        BindingRemoved(home_address=HOME_ADDRESS, care_of_address=CARE_OF_ADDRESS, cause="deregistered")
    ]
    assert [trial.wait(1).announcements for _ in range(3)] == [[THEIRS], [THEIRS], []]


def test_return_without_a_binding_announces_too() -> None:
    outcome = Trial(home_link=HOME_LINK).return_home()
    assert outcome.reply.code == 1
    assert outcome.announcements == [THEIRS]
    assert outcome.changes == []
    assert outcome.notices == []


def test_refused_return_changes_nothing() -> None:
    trial = Trial(home_link=HOME_LINK)
    trial.request()
    before = trial.agent.forwarding()
    outcome = trial.return_home(ahead=3600)
    assert outcome.announcements == []
    assert trial.agent.forwarding() == before


def test_repeated_return_in_another_frame_announces_nothing() -> None:
    """A captured deregistration, sent again by another station: answered, its link-layer address not believed."""
    trial = Trial(home_link=HOME_LINK)
    octets = trial.octets(lifetime=0, care_of_address=HOME_ADDRESS)
    arrival = {"source": HOME_ADDRESS, "interface": HOME_LINK}
    assert trial.receive(octets, link_source=MAC, **arrival).announcements == [THEIRS]
    outcome = trial.receive(octets, link_source=b"\x02\0\0\0\0\x66", **arrival)
    assert outcome.announcements == []
    assert trial.wait(1).announcements == [THEIRS]


def test_leaving_again_ends_the_announcements_of_the_return() -> None:
    trial = Trial(home_link=HOME_LINK)
    trial.return_home()
    trial.boot = 0.5
    trial.request()
    assert trial.wait(0.5).announcements == []
    assert trial.wait(0.5).announcements == [OURS]


def test_deregistration_from_abroad_ends_our_announcements() -> None:
    trial = Trial(home_link=HOME_LINK)
    trial.request()
    trial.boot = 0.5
    assert trial.request(lifetime=0, care_of_address=HOME_ADDRESS, source=CARE_OF_ADDRESS).announcements == []
    assert trial.wait(5).announcements == []


def test_deregistration_from_home_through_another_link_announces_nothing() -> None:
    trial = Trial(home_link=HOME_LINK)
    outcome = trial.return_home(interface="visited0")
    assert outcome.departure.link_destination == MAC
    assert outcome.announcements == []


def test_simultaneous_bindings_are_added_and_removed_one_by_one() -> None:
    trial = Trial(maximum_simultaneous_bindings=3)
    trial.request(simultaneous_bindings=True)
    trial.boot = 1.0
    second = trial.request(care_of_address=OTHER_CARE_OF_ADDRESS, simultaneous_bindings=True)
    assert second.changes == installs(route(1801.0, TUNNEL, OTHER_TUNNEL))
    assert isinstance(second.notices[0], BindingCreated)
    trial.boot = 2.0
    renewed = trial.request(simultaneous_bindings=True)
    assert renewed.changes == installs(route(1802.0, OTHER_TUNNEL, TUNNEL))
    assert [type(n) for n in renewed.notices] == [BindingRenewed]
    trial.boot = 3.0
    one_gone = trial.request(lifetime=0)
    assert one_gone.changes == installs(route(1801.0, OTHER_TUNNEL))
    assert [b.care_of_address for b in trial.bindings] == [OTHER_CARE_OF_ADDRESS]
    trial.boot = 4.0
    assert trial.request(lifetime=0).notices == []  # it is gone already
    trial.boot = 5.0
    assert trial.request(lifetime=0, care_of_address=HOME_ADDRESS).changes[0].remove


def test_request_without_s_replaces_all() -> None:
    trial = Trial(maximum_simultaneous_bindings=3)
    for care_of in (CARE_OF_ADDRESS, OTHER_CARE_OF_ADDRESS):
        trial.boot += 1
        trial.request(care_of_address=care_of, simultaneous_bindings=True)
    trial.boot += 1
    outcome = trial.request(care_of_address=THIRD)
    assert [b.care_of_address for b in trial.bindings] == [THIRD]
    changed, removed = outcome.notices
    assert isinstance(changed, BindingChanged)
    assert changed.previous_care_of_address == OTHER_CARE_OF_ADDRESS
    assert removed == BindingRemoved(home_address=HOME_ADDRESS, care_of_address=CARE_OF_ADDRESS, cause="replaced")


def test_denial_tells_operators() -> None:
    trial = Trial()
    outcome = trial.request(gre_encapsulation=True)
    assert outcome.notices == [
        RegistrationDenied(
            role="home_agent",
            home_address=HOME_ADDRESS,
            code=139,
            reason="ha_requested_encapsulation_unavailable",
        )
    ]
    assert trial.counters == {"denied_139": 1}


def test_binding_ends_at_its_time_without_a_reply() -> None:
    trial = Trial(home_link=HOME_LINK)
    trial.request(lifetime=10)
    assert trial.wait(9.9).changes == []
    outcome = trial.wait(0.1)
    assert outcome.messages == []
    assert outcome.changes[0].remove
    assert outcome.notices == [
        BindingRemoved(home_address=HOME_ADDRESS, care_of_address=CARE_OF_ADDRESS, cause="expired")
    ]
    assert trial.bindings == ()


def test_one_of_several_bindings_ends() -> None:
    trial = Trial(maximum_simultaneous_bindings=2)
    trial.request(lifetime=10, simultaneous_bindings=True)
    trial.boot = 1.0
    trial.request(care_of_address=OTHER_CARE_OF_ADDRESS, simultaneous_bindings=True)
    assert trial.wait(9).changes == [
        ForwardingChange(install=(route(1801.0, OTHER_TUNNEL),)),
    ]


def test_bindings_that_end_together_make_one_change() -> None:
    trial = Trial()
    trial.request(lifetime=10)
    trial.request(lifetime=10, home_address=OTHER_HOME_ADDRESS)
    outcome = trial.wait(11)
    assert len(outcome.changes) == 1
    assert len(outcome.changes[0].remove) == 2


def test_ended_binding_is_gone_before_a_request_is_looked_at() -> None:
    trial = Trial(home_link=HOME_LINK)
    trial.request(lifetime=10)
    trial.boot = 20.0
    outcome = trial.request()
    assert [type(n) for n in outcome.notices] == [BindingRemoved, BindingCreated]
    assert outcome.announcements == [OURS]


def test_infinite_binding_never_ends() -> None:
    trial = Trial(maximum_lifetime=0xFFFF)
    outcome = trial.request(lifetime=0xFFFF)
    assert outcome.changes == installs(route(inf))
    assert trial.agent.next_deadline() is None
    trial.wait(1e9)
    assert len(trial.bindings) == 1


def test_care_of_address_may_be_our_own() -> None:
    """Home agent and foreign agent in one: the engine delivers straight to the visitor."""
    outcome = Trial().request(care_of_address=HOME_AGENT)
    assert outcome.changes == installs(route(1800.0, Tunnel(HOME_AGENT, HOME_AGENT)))


def test_a_denial_that_anyone_can_cause_is_followed_by_a_second_of_silence() -> None:
    trial = Trial()
    wrong = (MobileHomeAuthentication, MobilitySecurityAssociation(spi=256, key=b"wrong"))
    assert [len(trial.request(wrong).messages) for _ in range(3)] == [1, 0, 0]
    trial.boot = 1.0
    assert len(trial.request(wrong).messages) == 1
    assert trial.counters == {"denied_131": 2, "discarded_bad_authenticator": 2}


# -- revocation

ASSOCIATED = {
    "revocation": True,
    "foreign_agents": ((CARE_OF_ADDRESS, FOREIGN_HOME), (OTHER_CARE_OF_ADDRESS, FOREIGN_HOME)),
}


def registered(trial: Trial, care_of_address: IPv4Address = CARE_OF_ADDRESS, **fields: Any) -> Outcome:
    """A registration through a foreign agent that takes part in revocation."""
    octets = trial.octets(care_of_address=care_of_address, **fields) + RevocationSupport(7).encode()
    return trial.receive(sign(octets, ForeignHomeAuthentication, FOREIGN_HOME), source=care_of_address)


def test_a_binding_that_an_operator_ends_is_gone_and_its_foreign_agent_told() -> None:
    trial = Trial(home_link=HOME_LINK, **ASSOCIATED)
    registered(trial)
    trial.boot = 5.0
    outcome = trial.handle(RevokeCommanded(home_address=HOME_ADDRESS))
    assert trial.bindings == ()
    assert outcome.changes[0].install == ()
    assert len(outcome.changes[0].remove) == 2
    assert outcome.notices[0] == BindingRemoved(
        home_address=HOME_ADDRESS, care_of_address=CARE_OF_ADDRESS, cause="revoked"
    )
    (message,) = outcome.messages
    assert message.departure.destination == CARE_OF_ADDRESS
    assert trial.agent.snapshot().revocations == 1
    # What was to be announced about the home address is not true any more.
    assert trial.wait(1.0).announcements == []


def test_a_revocation_keeps_a_second_from_the_reply() -> None:
    trial = Trial(**ASSOCIATED)
    registered(trial)
    trial.boot = 0.25
    assert trial.handle(RevokeCommanded(home_address=HOME_ADDRESS)).messages == []
    assert trial.agent.next_deadline() == Deadline(1.0, "revocation")
    assert len(trial.wait(0.75).messages) == 1


@pytest.mark.parametrize("home_address", [HOME_ADDRESS, IPv4Address("10.1.0.77")])
def test_where_nothing_is_bound_nothing_is_revoked(home_address: IPv4Address) -> None:
    assert Trial(**ASSOCIATED).handle(RevokeCommanded(home_address=home_address)).outputs == []


def test_a_foreign_agent_ends_its_own_binding_alone() -> None:
    trial = Trial(maximum_simultaneous_bindings=2, home_link=HOME_LINK, **ASSOCIATED)
    registered(trial, simultaneous_bindings=True)
    trial.boot = 0.5
    registered(trial, OTHER_CARE_OF_ADDRESS, simultaneous_bindings=True)
    revocation = RegistrationRevocation(
        home_address=HOME_ADDRESS,
        home_domain_address=HOME_AGENT,
        foreign_domain_address=CARE_OF_ADDRESS,
        revocation_identifier=8,
    )
    outcome = trial.receive(signed(revocation, (ForeignHomeAuthentication, FOREIGN_HOME)))
    assert [b.care_of_address for b in trial.bindings] == [OTHER_CARE_OF_ADDRESS]
    assert outcome.changes[0].remove == ()
    # It is away still: its address is announced as before.
    assert trial.wait(0.5).announcements == [OURS]


def test_foreign_agents_that_were_left_are_told() -> None:
    trial = Trial(**ASSOCIATED)
    registered(trial)
    trial.boot = 5.0
    reply, revocation = registered(trial, OTHER_CARE_OF_ADDRESS).messages
    assert reply.departure.destination == OTHER_CARE_OF_ADDRESS
    assert revocation.departure.destination == CARE_OF_ADDRESS
    trial.boot = 5.5
    # It goes back, so that what it was to be told is over.
    assert len(registered(trial).messages) == 1
    assert trial.agent.next_deadline() == Deadline(6.0, "revocation")
    trial.boot = 6.0
    (revocation,) = trial.handle(TimerExpired()).messages
    assert revocation.departure.destination == OTHER_CARE_OF_ADDRESS


def test_those_that_the_registration_came_through_and_those_that_are_kept_are_not() -> None:
    trial = Trial(maximum_simultaneous_bindings=2, **ASSOCIATED)
    registered(trial, simultaneous_bindings=True)
    trial.boot = 1.0
    registered(trial, OTHER_CARE_OF_ADDRESS, simultaneous_bindings=True)
    trial.boot = 2.0
    assert len(registered(trial).messages) == 2  # the reply, and a word to the other one
    trial.boot = 3.0
    assert len(trial.request(lifetime=0).messages) == 2  # itself deregistered through it; the other is still told
    assert trial.agent.snapshot().revocations == 1


def test_a_mobile_node_that_comes_home_is_told_of_to_the_foreign_agent_that_it_left() -> None:
    trial = Trial(home_link=HOME_LINK, **ASSOCIATED)
    registered(trial)
    trial.boot = 5.0
    reply, revocation = trial.return_home().messages
    assert reply.departure.destination == HOME_ADDRESS
    assert revocation.departure.destination == CARE_OF_ADDRESS


def test_a_direct_mobile_node_knows_that_it_moved() -> None:
    trial = Trial(revocation=True)
    direct = {"decapsulation_by_mobile_node": True, "extensions": (RevocationSupport(7),)}
    trial.request(**direct)
    trial.boot = 5.0
    assert len(trial.request(care_of_address=OTHER_CARE_OF_ADDRESS, **direct).messages) == 1


# -- addresses of the pool


def test_an_address_is_lent_while_a_binding_lives() -> None:
    pool = IPv4Address("10.1.0.100")
    trial = Trial(
        address_pool=(pool, pool), mobile_nodes=(MobileNodeEntry(nai="a@example.net", associations=(MOBILE_HOME,)),)
    )
    asked = {"home_address": IPv4Address(0), "extensions": (MobileNodeNai("a@example.net"),)}
    assert trial.request(lifetime=10, **asked).changes[0].install[0] == BindingRoute(
        home_address=pool, tunnels=(TUNNEL,), expires_at=10.0
    )
    assert trial.bindings[0].home_address == pool
    trial.wait(10)
    assert trial.request(home_address=pool).messages == []
    trial.boot = 11.0
    assert trial.request(**asked).reply.home_address == pool
    trial.boot = 12.0
    trial.request(home_address=pool, lifetime=0)
    trial.boot = 13.0
    assert trial.request(home_address=pool, lifetime=0, extensions=asked["extensions"]).reply.code == 1


def test_a_first_keepalive_makes_a_tunnel_whole() -> None:
    trial = Trial(nat_traversal=True, reverse_tunnel=ReverseTunnels.ALLOWED)
    fields = {"extensions": (UdpTunnelRequest(through_foreign_agent=True),), "decapsulation_by_mobile_node": True}
    nat = IPv4Address("198.51.100.7")
    trial.receive(trial.octets(**fields), source=nat, source_port=4)
    strange = KeepaliveHeard(home_address=HOME_ADDRESS, address=THIRD, port=5)
    assert trial.handle(PacketsTold(news=strange)).outputs == []
    outcome = trial.handle(PacketsTold(news=KeepaliveHeard(home_address=HOME_ADDRESS, address=nat, port=5)))
    assert trial.bindings[0].tunnel.udp == UdpPorts(434, 5)
    (notice,) = outcome.notices
    assert isinstance(notice, TunnelMoved)
    assert len(outcome.changes) == 1


def test_a_tunnel_that_is_whole_again_does_not_end_with_the_grace_of_what_it_was_before() -> None:
    trial = Trial(nat_traversal=True, reverse_tunnel=ReverseTunnels.ALLOWED, handover_grace=30.0)
    fields = {"extensions": (UdpTunnelRequest(through_foreign_agent=True),), "decapsulation_by_mobile_node": True}
    nat = IPv4Address("198.51.100.7")
    heard = PacketsTold(news=KeepaliveHeard(home_address=HOME_ADDRESS, address=nat, port=5))
    trial.receive(trial.octets(**fields), source=nat, source_port=4)
    trial.handle(heard)
    (exit_,) = exits(trial)
    trial.boot = 2.0
    trial.request(care_of_address=THIRD, reverse_tunneling=True)
    assert exit_ in exits(trial), "for the time of grace"
    trial.boot = 4.0
    trial.receive(trial.octets(**fields), source=nat, source_port=4)
    trial.handle(heard)
    assert len(exits(trial)) == 2
    trial.wait(35.0)
    assert exit_ in exits(trial), "the binding is in force"


def test_what_an_operator_clears_has_no_time_of_grace() -> None:
    trial = Trial(reverse_tunnel=ReverseTunnels.ALLOWED, handover_grace=30.0)
    trial.request(reverse_tunneling=True)
    trial.boot = 2.0
    trial.request(care_of_address=THIRD, reverse_tunneling=True)
    assert len(exits(trial)) == 2
    trial.handle(RevokeCommanded(home_address=HOME_ADDRESS))
    assert exits(trial) == set()


def exits(trial: Trial) -> set[str]:
    """What ends reverse tunnels now, by what it is about."""
    return {wish.subject for wish in trial.agent.forwarding().wishes.values() if isinstance(wish, ReverseExit)}


def test_a_tunnel_that_a_nat_moved_is_told_with_the_renewal() -> None:
    trial = Trial(nat_traversal=True, reverse_tunnel=ReverseTunnels.ALLOWED)
    fields = {"extensions": (UdpTunnelRequest(),), "decapsulation_by_mobile_node": True}
    nat = IPv4Address("198.51.100.7")
    trial.receive(trial.octets(**fields), source=nat, source_port=4)
    trial.boot = 1.0
    outcome = trial.receive(trial.octets(**fields), source=nat, source_port=5)
    assert [type(notice) for notice in outcome.notices] == [BindingRenewed, TunnelMoved]
    assert (outcome.departure.destination, outcome.departure.destination_port) == (nat, 5)


# -- what is to be remembered


def remembered_of(outcome: Outcome) -> list[int | str]:
    return [output.record.name for output in outcome.outputs if isinstance(output, Remember)]


def test_who_changed_is_to_be_remembered_once_for_each_event() -> None:
    trial = Trial(remembered=Remembered(), nat_traversal=True, reverse_tunnel=ReverseTunnels.ALLOWED)
    home = int(HOME_ADDRESS)
    assert remembered_of(trial.request(source=HOME_AGENT)) == ["", home]  # the way that it came by, too
    trial.boot = 2.0
    octets = trial.octets(lifetime=100)
    assert remembered_of(trial.receive(octets)) == [home]
    assert remembered_of(trial.receive(octets)) == []  # a duplicate
    assert remembered_of(trial.request(ahead=-100.0)) == []  # too old: nothing new about it
    assert remembered_of(trial.request(ahead=100.0)) == [home]  # its time is to come
    assert remembered_of(trial.wait(100.0)) == []  # the end of a lifetime is in the record


def test_bindings_of_an_earlier_life_are_there_again() -> None:
    before = Trial(remembered=Remembered())
    before.request()
    after = Trial(remembered=before.kept.remembered(), boot=1.0)
    assert after.bindings == before.bindings
    assert after.agent.next_deadline() == Deadline(1800.0, "binding expiry")


def test_a_lent_address_of_an_earlier_life_is_lent_still() -> None:
    pool = IPv4Address("10.1.0.100")
    config: dict[str, Any] = {
        "address_pool": (pool, pool),
        "mobile_nodes": (MobileNodeEntry(nai="a@example.net", associations=(MOBILE_HOME,)),),
    }
    before = Trial(remembered=Remembered(), **config)
    before.request(home_address=IPv4Address(0), extensions=(MobileNodeNai("a@example.net"),))
    after = Trial(remembered=before.kept.remembered(), boot=2.0, **config)
    assert after.bindings == before.bindings
    assert after.request(home_address=pool, extensions=(MobileNodeNai("a@example.net"),)).reply.code == 1
