"""What a request asks and tells besides its place."""

from ipaddress import IPv4Address

import msgspec
from tests.support.attachments import asked, at_home, colocated, pursue, started, through_agent
from tests.support.messages import NTP

from mobileip.agents.mobile.extras import extras_of
from mobileip.agents.mobile.state import NodeState
from mobileip.agents.mobile.terms import Terms
from mobileip.wire.extensions.dynamic_home_agent import DynamicHomeAgent
from mobileip.wire.extensions.nai import MobileNodeNai, NaiCarrying
from mobileip.wire.extensions.nat_traversal import UdpTunnelRequest
from mobileip.wire.extensions.revocation_support import RevocationSupport

ANY = IPv4Address("255.255.255.255")
HINT = IPv4Address("10.1.0.7")
ELSEWHERE = through_agent(care_of_address=IPv4Address("198.51.100.9"))


def registered(**fields: object) -> NodeState:
    """Through FOREIGN_1."""
    state = started(**fields)
    pursue(state, through_agent())
    request = asked()
    state.registrations["eth0"].sent(request, 100.0)
    state.registrations["eth0"].granted(request, 600, 0.0)
    return state


class TestSimultaneousBindings:
    def test_for_a_second_place(self) -> None:
        state = registered(simultaneous_bindings=True)
        assert extras_of(state, asked(ELSEWHERE), NTP).simultaneous_bindings

    def test_not_for_the_same_place_again(self) -> None:
        state = registered(simultaneous_bindings=True)
        assert not extras_of(state, asked(), NTP).simultaneous_bindings

    def test_not_for_a_deregistration(self) -> None:
        state = registered(simultaneous_bindings=True)
        assert not extras_of(state, asked(ELSEWHERE, lifetime=0), NTP).simultaneous_bindings

    def test_not_at_home(self) -> None:
        state = registered(simultaneous_bindings=True)
        assert not extras_of(state, asked(at_home()), NTP).simultaneous_bindings

    def test_not_where_nobody_wants_it(self) -> None:
        assert not extras_of(registered(), asked(ELSEWHERE), NTP).simultaneous_bindings

    def test_not_where_nothing_is_in_force(self) -> None:
        assert not extras_of(started(simultaneous_bindings=True), asked(), NTP).simultaneous_bindings


class TestExtensions:
    def test_none_unless_wanted(self) -> None:
        assert extras_of(started(), asked(colocated()), NTP).extensions == ()

    def test_in_their_order(self) -> None:
        state = started(home_agent=ANY, preferred_home_agent=HINT, nai="mn@example.net", revocation=True)
        state.identities |= {2: "aaa@example.net", 1: "ha@example.net"}
        assert extras_of(state, asked(colocated()), NTP).extensions == (
            MobileNodeNai("mn@example.net"),
            DynamicHomeAgent(1, HINT),
            NaiCarrying(1, "ha@example.net"),
            NaiCarrying(2, "aaa@example.net"),
            RevocationSupport(timestamp=NTP >> 32, inform=True),
        )

    def test_revocation_is_for_who_registers_directly(self) -> None:
        state = started(revocation=True)
        through = msgspec.structs.replace(colocated(), agent=IPv4Address("192.0.1.1"))
        for attachment in (through_agent(), through, at_home()):
            assert extras_of(state, asked(attachment), NTP).extensions == ()

    def test_a_hint_is_given_until_one_is_assigned(self) -> None:
        state = started(home_agent=ANY, preferred_home_agent=HINT)
        state.session_ends_at = 700.0
        assert extras_of(state, asked(), NTP).extensions == ()

    def test_where_it_goes(self) -> None:
        assert extras_of(started(home_agent=ANY, preferred_home_agent=HINT), asked(), NTP).direct_to == HINT
        assert extras_of(started(home_agent=ANY), asked(), NTP).direct_to == asked().home_agent

    def test_a_tunnel_in_udp_is_asked_for(self) -> None:
        udp = UdpTunnelRequest(force=True)
        assert extras_of(started(), asked(colocated(), terms=Terms(reverse=True, udp=udp)), NTP).extensions == (udp,)
