"""What a node shows, from what it remembers."""

from typing import Any

import msgspec
import pytest
from tests.support.attachments import (
    COLOCATED_ADDRESS,
    ask,
    at_home,
    colocated,
    pursue,
    register,
    started,
    through_agent,
)
from tests.support.messages import HOME_ADDRESS, HOME_AGENT
from tests.support.mobile_node import FOREIGN_1, NODE_MAC

from mobileip.agents.events import Link
from mobileip.agents.mobile.config import LinkPreference
from mobileip.agents.mobile.fsm import State
from mobileip.agents.mobile.keepalives import Keepalives
from mobileip.agents.mobile.link import Quality
from mobileip.agents.mobile.showing import snapshot_of
from mobileip.agents.mobile.snapshot import LinkSnapshot, MobileNodeSnapshot
from mobileip.agents.mobile.state import NodeState
from mobileip.agents.mobile.terms import UdpAnswer


def shown(state: NodeState) -> MobileNodeSnapshot:
    return snapshot_of(state, Keepalives())


def connect(state: NodeState, name: str = "eth0", **fields: Any) -> None:
    defaults: dict[str, Any] = {"name": name, "index": 2, "carrier": True, "link_address": NODE_MAC}
    state.links[name].update(Link(**(defaults | fields)), 100.0)


def link_of(state: NodeState, name: str = "eth0") -> LinkSnapshot:
    return next(link for link in shown(state).links if link.name == name)


class TestNode:
    def test_before_anything_has_happened(self) -> None:
        snapshot = shown(started())
        assert (snapshot.home_address, snapshot.home_agent) == (HOME_ADDRESS, HOME_AGENT)
        assert (snapshot.state, snapshot.registration, snapshot.links) == ("searching", None, ())

    def test_one_that_wants_nothing_is_deregistered(self) -> None:
        state = started()
        state.wanted = False
        assert shown(state).state == "deregistered"

    def test_the_wishes_of_operators(self) -> None:
        state = started()
        state.wanted_link, state.preferred_link = "eth0", "wlan0"
        snapshot = shown(state)
        assert (snapshot.wanted_link, snapshot.preferred_link) == ("eth0", "wlan0")

    def test_what_it_shows_does_not_change_afterwards(self) -> None:
        state = started()
        snapshot = shown(state)
        state.count("requests_sent")
        assert snapshot.counters == {}


class TestLinks:
    def test_only_those_that_are_there(self) -> None:
        state = started()
        connect(state, "wlan0")
        assert [link.name for link in shown(state).links] == ["wlan0"]

    def test_points_and_where_they_come_from(self) -> None:
        state = started(link_preferences=(("eth0", LinkPreference(preference=7, metered=True)),))
        connect(state)
        link = link_of(state)
        assert (link.score, link.why, link.metered) == (77, "order +100, preference +7, metered -30", True)
        assert (link.leaving, link.trusted_at, link.delay, link.loss) == (False, None, None, None)

    def test_registered_is_more_than_addressed_and_less_than_verified(self) -> None:
        state = started()
        connect(state)
        register(state, through_agent())
        assert link_of(state).state == "registered"
        state.links["eth0"].quality = Quality(delay=0.02, loss=0.25, is_verified=True)
        link = link_of(state)
        assert (link.state, link.delay, link.loss) == ("verified", 0.02, 0.25)
        state.links["eth0"].quality = Quality(is_verified=True, is_dead=True)
        assert link_of(state).state == "dead"

    def test_being_at_home_is_being_registered(self) -> None:
        state = started()
        connect(state)
        assert link_of(state).state == "up"
        pursue(state, at_home())
        assert link_of(state).state == "registered"

    def test_one_that_was_lost_and_one_that_will_be(self) -> None:
        state = started()
        connect(state)
        connect(state, carrier=False)
        assert link_of(state).state == "down"
        connect(state)
        state.links["eth0"].leaving = True
        link = link_of(state)
        assert (link.leaving, link.trusted_at) == (True, 100.0 + state.config.hold_down)


class TestRegistration:
    def test_in_force(self) -> None:
        state = started()
        register(state, through_agent(), lifetime=900)
        registration = shown(state).registration
        assert registration is not None
        assert (registration.care_of, registration.interface) == ("foreign_agent", "eth0")
        assert (registration.care_of_address, registration.agent) == (FOREIGN_1.care_of_addresses[0], FOREIGN_1.address)
        assert (registration.granted_lifetime, registration.registered_at, registration.expires_at) == (900, 100, 1000)
        tunnel = registration.tunnel
        assert tunnel is not None
        assert (tunnel.encapsulation, tunnel.reverse, tunnel.keepalive_interval) == ("ipip", False, None)

    def test_asked_for(self) -> None:
        state = started()
        ask(state, colocated())
        registration = shown(state).registration
        assert registration is not None
        assert (registration.care_of, registration.care_of_address) == ("colocated", COLOCATED_ADDRESS)
        assert (registration.granted_lifetime, registration.tunnel) == (0, None)

    def test_while_another_is_asked_for_what_is_in_force_is_not_shown_as_that(self) -> None:
        state = started()
        register(state, through_agent())
        pursue(state, colocated())
        registration = shown(state).registration
        assert registration is not None
        assert (registration.care_of, registration.granted_lifetime) == ("colocated", 0)

    @pytest.mark.parametrize("interface", ["eth0", "wlan0"])
    def test_what_still_carries_packets_is_shown_while_no_other_is_chosen(self, interface: str) -> None:
        state = started()
        register(state, through_agent(interface=interface))
        state.registrations[interface].leave()
        state.active = None
        snapshot = shown(state)
        assert snapshot.state == State.LINGERING
        assert snapshot.registration is not None
        assert (snapshot.registration.interface, snapshot.registration.granted_lifetime) == (interface, 900)

    def test_at_home_while_one_leaves_it(self) -> None:
        state = started()
        pursue(state, at_home())
        state.registrations["eth0"].home = at_home()
        state.registrations["eth0"].target = None
        registration = shown(state).registration
        assert registration is not None
        assert registration.care_of == "home"

    def test_none_where_nothing_was_chosen(self) -> None:
        state = started()
        state.active = "eth0"
        assert shown(state).registration is None

    def test_a_tunnel_in_udp_has_keepalives(self) -> None:
        state = started()
        register(state, colocated())
        registration = state.registrations["eth0"]
        binding = registration.binding
        assert binding is not None
        agreed = msgspec.structs.replace(binding.agreement, udp=UdpAnswer.AGREED)
        registration.binding = msgspec.structs.replace(binding, agreement=agreed)
        registration_shown = shown(state).registration
        assert registration_shown is not None
        tunnel = registration_shown.tunnel
        assert tunnel is not None
        assert tunnel.nat_traversal == "agreed"
        assert tunnel.keepalive_interval == Keepalives().interval()
