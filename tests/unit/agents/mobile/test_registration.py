"""One link's registration: what is asked for, what is in force, and what ends it."""

import math
from ipaddress import IPv4Address

import msgspec
import pytest
from tests.support.attachments import COLOCATED_ADDRESS, asked, at_home, colocated, through_agent
from tests.support.messages import HOME_ADDRESS, HOME_AGENT

from mobileip.agents.mobile.attachment import Attachment
from mobileip.agents.mobile.fsm import IllegalTransition, State
from mobileip.agents.mobile.registration import MOST_OUTSTANDING, Registration
from mobileip.agents.mobile.requests import Outstanding
from mobileip.wire.registration import INFINITE_LIFETIME

HERE = through_agent()
THERE = through_agent(care_of_address=IPv4Address("198.51.100.2"), agent=IPv4Address("192.0.2.1"))


def asking(target: Attachment = HERE, request: Outstanding | None = None) -> tuple[Registration, Outstanding]:
    """Its first request has just left, at boot time 100."""
    registration = Registration()
    registration.pursue(target, 100.0)
    request = request or asked(target)
    registration.sent(request, 100.0)
    return registration, request


def registered(target: Attachment = HERE, lifetime: int = 900) -> Registration:
    registration, request = asking(target)
    registration.granted(request, lifetime, 0.0)
    return registration


def silent(registration: Registration) -> bool:
    """Nothing is out and nothing is going to be sent."""
    return not registration.outstanding and registration.send_at is None and registration.unanswered is None


class TestPursuing:
    def test_nothing_at_first(self) -> None:
        registration = Registration()
        assert registration.state is State.SEARCHING
        assert not registration.pursues(HERE.place)
        assert silent(registration)

    def test_a_request_is_due_at_once(self) -> None:
        registration = Registration()
        registration.pursue(HERE, 100.0)
        assert registration.state is State.REGISTERING
        assert registration.send_at == 100.0
        assert registration.pursues(HERE.place)
        assert not registration.pursues(THERE.place)

    def test_elsewhere_what_is_in_force_stays(self) -> None:
        registration = registered()
        registration.pursue(THERE, 200.0)
        assert registration.binding is not None
        assert registration.binding.attachment == HERE
        assert not registration.outstanding, "answers to earlier requests are no answers any more"

    def test_at_home_the_own_route_is_needed_at_once(self) -> None:
        """RFC 5944 §2.4.3: "Before attempting to deregister"."""
        registration = registered()
        registration.pursue(at_home(), 200.0)
        assert registration.state is State.RETURNING
        assert registration.binding is None

    def test_details_change_without_a_new_registration(self) -> None:
        registration = registered()
        changed = msgspec.structs.replace(HERE, longest_lifetime=60)
        registration.refresh(changed)
        assert registration.target == changed
        assert registration.binding is not None
        assert registration.binding.attachment == changed
        assert registration.state is State.REGISTERED

    def test_details_of_the_next_place_are_not_those_of_what_is_in_force(self) -> None:
        registration = registered()
        registration.pursue(THERE, 200.0)
        registration.refresh(THERE)
        assert registration.binding is not None
        assert registration.binding.attachment == HERE

    def test_details_before_the_first_answer(self) -> None:
        registration, _ = asking()
        registration.refresh(HERE)
        assert registration.target == HERE
        assert registration.binding is None

    def test_other_details_make_another_request(self) -> None:
        """RFC 5944 §3.6.3: only what is "retransmitted unchanged" keeps its Identification."""
        registration, request = asking()
        registration.refresh(HERE)
        assert registration.unanswered == request.identification
        registration.refresh(msgspec.structs.replace(HERE, longest_lifetime=60))
        assert registration.unanswered is None

    def test_a_renewal_begins_with_a_new_request(self) -> None:
        registration = registered()
        registration.renew(700.0)
        assert registration.state is State.RENEWING
        assert (registration.send_at, registration.attempt, registration.unanswered) == (700.0, 0, None)


class TestRepeating:
    def test_nothing_at_first(self) -> None:
        assert Registration().to_repeat(0.0) is None

    def test_what_is_unanswered_until_its_lifetime_is_over(self) -> None:
        registration, request = asking(request=asked(HERE, lifetime=60, sent_at=100.0))
        assert registration.to_repeat(159.9) == request.identification
        assert registration.to_repeat(160.0) is None

    def test_a_deregistration_is_never_over(self) -> None:
        registration, request = asking(at_home(), asked(at_home(), lifetime=0, sent_at=100.0))
        assert registration.to_repeat(1e6) == request.identification


class TestLeaving:
    def test_with_something_in_force_it_lingers(self) -> None:
        registration = registered()
        registration.leave()
        assert registration.state is State.LINGERING
        assert registration.binding is not None
        assert registration.target is None
        assert silent(registration)

    def test_with_nothing_in_force_it_is_over(self) -> None:
        registration, _ = asking()
        registration.leave()
        assert registration.state is State.SEARCHING
        assert silent(registration)

    def test_while_it_deregisters_it_is_over_as_well(self) -> None:
        registration = registered()
        registration.deregister(200.0)
        registration.leave()
        assert registration.state is State.DEREGISTERED
        assert registration.binding is None

    def test_replaced_by_another(self) -> None:
        registration = registered()
        registration.leave()
        registration.release()
        assert registration.state is State.SEARCHING
        assert registration.binding is None

    def test_its_link_is_lost(self) -> None:
        registration = registered()
        registration.lose_link()
        assert registration.state is State.SEARCHING
        assert registration.binding is None
        assert registration.target is None
        assert silent(registration)

    def test_a_step_that_the_table_does_not_know_is_our_own_error(self) -> None:
        with pytest.raises(IllegalTransition):
            Registration().renew(0.0)


class TestDeregistering:
    def test_what_is_in_force_goes_on_until_the_answer(self) -> None:
        registration = registered()
        registration.deregister(200.0)
        assert registration.state is State.DEREGISTERING
        assert registration.binding is not None
        assert registration.send_at == 200.0
        assert registration.lifetime_to_request(1800) == 0
        assert registration.care_of_address_to_request(HOME_ADDRESS) == HERE.care_of_address

    def test_what_lingers_is_deregistered_where_it_was(self) -> None:
        registration = registered()
        registration.leave()
        registration.deregister(200.0)
        assert registration.target == HERE

    def test_all_that_the_home_agent_may_hold_when_nothing_is_in_force(self) -> None:
        registration, _ = asking()
        registration.deregister(200.0)
        assert registration.target == HERE
        assert registration.care_of_address_to_request(HOME_ADDRESS) == HOME_ADDRESS

    def test_all_that_the_home_agent_may_hold_when_something_else_is_in_force(self) -> None:
        registration = registered()
        registration.pursue(THERE, 200.0)
        registration.deregister(200.0)
        assert registration.care_of_address_to_request(HOME_ADDRESS) == HOME_ADDRESS

    def test_agreed(self) -> None:
        registration, request = registered(), asked(lifetime=0, identification=9)
        registration.deregister(200.0)
        registration.sent(request, 200.0)
        registration.deleted(request)
        assert registration.state is State.DEREGISTERED
        assert registration.binding is None
        assert silent(registration)

    def test_given_up(self) -> None:
        registration = registered()
        registration.deregister(200.0)
        registration.give_up()
        assert registration.state is State.DEREGISTERED
        assert registration.binding is None
        assert registration.target is None


class TestLifetimeToRequest:
    @pytest.mark.parametrize(
        ("wanted", "advertised", "asked_for"),
        [
            (1800, INFINITE_LIFETIME, 1800),
            (1800, 120, 120),
            (300, 600, 300),
            (INFINITE_LIFETIME, INFINITE_LIFETIME, INFINITE_LIFETIME),
            (0, 600, 1),
        ],
    )
    def test_no_more_than_the_agent_advertises(self, wanted: int, advertised: int, asked_for: int) -> None:
        registration, _ = asking(through_agent(longest_lifetime=advertised))
        assert registration.lifetime_to_request(wanted) == asked_for

    def test_at_home_all_is_deleted(self) -> None:
        registration, _ = asking(at_home())
        assert registration.lifetime_to_request(1800) == 0
        assert registration.care_of_address_to_request(HOME_ADDRESS) == HOME_ADDRESS

    def test_without_a_place_nothing_is_asked_for(self) -> None:
        assert Registration().lifetime_to_request(1800) == 0
        assert Registration().care_of_address_to_request(HOME_ADDRESS) == HOME_ADDRESS


class TestRetransmission:
    def test_timeouts_double_up_to_the_longest(self) -> None:
        """RFC 5944 §3.6.3."""
        registration = Registration()
        registration.pursue(HERE, 0.0)
        timeouts = []
        for number in range(9):
            registration.sent(asked(identification=number), 0.0)
            timeouts.append(registration.send_at)
        assert timeouts == [1, 2, 4, 8, 16, 32, 60, 60, 60]

    @pytest.mark.parametrize(("lifetime", "longest"), [(10, 10), (1, 1), (0, 60), (INFINITE_LIFETIME, 60)])
    def test_no_longer_than_the_lifetime_that_is_asked_for(self, lifetime: int, longest: int) -> None:
        registration = Registration()
        registration.pursue(HERE, 0.0)
        for number in range(9):
            registration.sent(asked(identification=number, lifetime=lifetime), 0.0)
        assert registration.send_at == longest

    def test_each_identification_may_be_answered(self) -> None:
        registration, first = asking()
        second = asked(identification=2)
        registration.sent(second, 101.0)
        assert registration.outstanding == [first, second]
        assert registration.unanswered == 2

    def test_the_same_request_again_counts_from_the_first(self) -> None:
        registration, first = asking()
        registration.sent(msgspec.structs.replace(first, sent_at=101.0), 101.0)
        assert registration.outstanding == [first]
        assert registration.attempt == 2

    def test_few_are_kept(self) -> None:
        registration = Registration()
        registration.pursue(HERE, 0.0)
        for number in range(30):
            registration.sent(asked(identification=number), 0.0)
        assert [one.identification for one in registration.outstanding] == list(range(30 - MOST_OUTSTANDING, 30))


class TestGranted:
    def test_time_counts_from_the_request(self) -> None:
        """RFC 5944 §3.6.2.2."""
        binding = registered(lifetime=900).binding
        assert binding is not None
        assert (binding.attachment, binding.home_agent, binding.lifetime) == (HERE, HOME_AGENT, 900)
        assert (binding.registered_at, binding.renew_at, binding.expires_at) == (100.0, 700.0, 1000.0)

    def test_chance_only_ever_hastens_the_renewal(self) -> None:
        registration, request = asking()
        registration.granted(request, 900, 0.5)
        assert registration.binding is not None
        assert registration.binding.renew_at == pytest.approx(100 + 900 * (2 / 3 - 0.05))

    def test_an_infinite_lifetime_never_ends(self) -> None:
        binding = registered(lifetime=INFINITE_LIFETIME).binding
        assert binding is not None
        assert binding.renew_at == binding.expires_at == math.inf

    def test_later_requests_may_still_be_answered_and_older_ones_not(self) -> None:
        registration, _ = asking()
        second, third = asked(identification=2), asked(identification=3)
        registration.sent(second, 101.0)
        registration.sent(third, 103.0)
        registration.granted(second, 900, 0.0)
        assert registration.outstanding == [third]
        assert registration.send_at is None

    def test_details_of_now_and_not_of_the_request(self) -> None:
        registration, request = asking()
        changed = msgspec.structs.replace(HERE, gateway_link_address=bytes(6))
        registration.refresh(changed)
        registration.granted(request, 900, 0.0)
        assert registration.binding is not None
        assert registration.binding.attachment == changed


class TestRefused:
    def test_waits(self) -> None:
        registration, request = asking()
        registration.refused(request, 160.0)
        assert registration.state is State.DENIED
        assert registration.wait_until == 160.0
        assert silent(registration)

    def test_what_is_in_force_outlives_a_refused_renewal(self) -> None:
        registration, request = registered(), asked(identification=9)
        registration.renew(700.0)
        registration.sent(request, 700.0)
        registration.refused(request, 760.0)
        assert registration.state is State.REGISTERED
        assert registration.binding is not None
        assert (registration.binding.renew_at, registration.binding.expires_at) == (760.0, 1000.0)

    def test_an_early_renewal_that_was_refused_is_not_tried_before_its_time(self) -> None:
        registration, request = registered(), asked(identification=9)
        registration.renew(200.0)
        registration.sent(request, 200.0)
        registration.refused(request, 210.0)
        assert registration.binding is not None
        assert registration.binding.renew_at == 700.0

    def test_answers_to_other_transmissions_still_count(self) -> None:
        """A foreign agent's denial is not authenticated."""
        registration, first = asking()
        second = asked(identification=2)
        registration.sent(second, 101.0)
        registration.refused(second, 110.0)
        registration.granted(first, 900, 0.0)
        assert registration.state is State.REGISTERED

    def test_repaired(self) -> None:
        registration, request = asking()
        registration.repaired(request, 100.5)
        assert registration.state is State.REGISTERING
        assert (registration.send_at, registration.repairs, registration.unanswered) == (100.5, 1, None)
        assert not registration.outstanding


class TestExpiry:
    def test_not_before_its_time(self) -> None:
        registration = registered(lifetime=900)
        assert registration.expire(999.9) is None
        assert registration.state is State.REGISTERED

    def test_nothing_to_end(self) -> None:
        assert Registration().expire(1e9) is None

    def test_what_is_still_wanted_is_asked_for_again(self) -> None:
        registration = registered(lifetime=900)
        ended = registration.expire(1000.0)
        assert ended is not None
        assert ended.attachment == HERE
        assert registration.binding is None
        assert registration.state is State.REGISTERING
        assert registration.send_at == 1000.0

    def test_a_renewal_under_way_goes_on(self) -> None:
        registration, request = registered(), asked(identification=9)
        registration.renew(700.0)
        registration.sent(request, 700.0)
        registration.end_binding(1000.0)
        assert registration.state is State.REGISTERING
        assert registration.outstanding == [request]
        assert registration.attempt == 1

    def test_what_lingers_is_over(self) -> None:
        registration = registered()
        registration.leave()
        registration.end_binding(1000.0)
        assert registration.state is State.SEARCHING
        assert silent(registration)

    def test_what_is_being_deregistered_is_gone_by_itself(self) -> None:
        registration = registered(colocated())
        registration.deregister(900.0)
        registration.end_binding(1000.0)
        assert registration.state is State.DEREGISTERED
        assert registration.target is None


def test_the_colocated_address_is_what_is_registered() -> None:
    registration, _ = asking(colocated())
    assert registration.care_of_address_to_request(HOME_ADDRESS) == COLOCATED_ADDRESS


class TestWithdrawn:
    def test_answered_whatever_the_answer_is(self) -> None:
        registration, request = asking()
        registration.withdrawn(request)
        assert registration.outstanding == []
        assert registration.state is State.REGISTERING


class TestRevoked:
    """RFC 3543: the home agent ended what was in force."""

    def test_asked_for_again_after_a_wait(self) -> None:
        registration = registered()
        registration.revoked(200.0, 260.0)
        assert registration.state is State.DENIED
        assert (registration.binding, registration.wait_until) == (None, 260.0)
        assert silent(registration)

    def test_what_is_asked_for_elsewhere_is_asked_for_on(self) -> None:
        registration = registered()
        registration.pursue(THERE, 150.0)
        registration.revoked(200.0, 260.0)
        assert registration.state is State.REGISTERING
        assert registration.send_at == 150.0

    def test_what_lingers_is_over(self) -> None:
        registration = registered()
        registration.leave()
        registration.revoked(200.0, 260.0)
        assert registration.state is State.SEARCHING


def test_a_slow_path_has_longer_timeouts() -> None:
    """RFC 5944 §3.6.3: "twice the round-trip time" and "at least another 100 milliseconds"."""
    registration, _ = asking()
    registration.sent(asked(identification=7), 101.0, 2.0)
    assert registration.send_at == 101.0 + 2 * (2 * 2.0 + 0.1)
