"""The record of each handover tells the truth."""

from tests.support.attachments import colocated, register, started, through_agent
from tests.support.mobile_node import FOREIGN_1, FOREIGN_2, HOME
from tests.support.two_links import LASTING_1, LASTING_2, WLAN, WLAN_ADDRESS, WWAN, WWAN_ADDRESS, TwoLinks

from mobileip.agents.events import HandoverCommanded
from mobileip.agents.mobile.handovers import Handovers
from mobileip.agents.mobile.outbox import Outbox
from mobileip.agents.notices import HandedOver


def test_the_first_registration() -> None:
    scene = TwoLinks()
    scene.wait(1.0)
    scene.up(WLAN)
    scene.wait(0.01)
    scene.hear(LASTING_1, WLAN)
    scene.wait(0.03)
    scene.answer()
    assert scene.handover == HandedOver(
        number=1,
        trigger="agent_heard",
        reason=f"foreign agent {FOREIGN_1.address} is heard",
        to_interface=WLAN,
        to_care_of="foreign_agent",
        to_address=FOREIGN_1.care_of_addresses[0],
        make_before_break=False,
        detection_ms=0.0,
        waiting_ms=0.0,
        registration_ms=30.0,
        silence_ms=1040.0,
    )


def test_make_before_break() -> None:
    scene = TwoLinks()
    scene.lease(WLAN)
    scene.answer()
    scene.wait(0.5)
    scene.lease(WWAN)
    scene.handle(HandoverCommanded(interface=WWAN))
    scene.wait(0.4)
    scene.answer()
    record = scene.handover
    assert (record.from_interface, record.from_care_of, record.from_address) == (WLAN, "colocated", WLAN_ADDRESS)
    assert (record.to_interface, record.to_care_of, record.to_address) == (WWAN, "colocated", WWAN_ADDRESS)
    assert (record.make_before_break, record.silence_ms) == (True, 0.0)
    assert (record.waiting_ms, record.registration_ms) == (300.0, 100.0), "one Request in a second"


def test_break_before_make() -> None:
    scene = TwoLinks()
    scene.visit(WLAN)
    scene.answer()
    scene.wait(2)
    scene.down(WLAN)
    scene.wait(0.2)
    scene.up(WWAN)
    scene.wait(0.05)
    scene.hear(LASTING_2, WWAN)
    scene.wait(0.01)
    scene.answer()
    record = scene.handover
    assert (record.from_interface, record.to_interface) == (WLAN, WWAN)
    assert (record.trigger, record.make_before_break, record.silence_ms) == ("agent_heard", False, 260.0)


def test_home_and_away_again() -> None:
    scene = TwoLinks()
    scene.visit(WLAN)
    scene.answer()
    scene.wait(2)
    scene.up(WWAN)
    scene.hear(HOME.but(lifetime=9000), WWAN)
    scene.wait(0.02)
    scene.answer()
    assert (scene.handover.to_care_of, scene.handover.registration_ms) == ("home", 20.0)
    scene.wait(2)
    scene.handle(HandoverCommanded(interface=WLAN))
    assert scene.way == WWAN, "home carries packets until something else does"
    assert not scene.answers_arp(WWAN), "but answers for the home address no more (RFC 5944 §4.6)"
    scene.answer()
    assert scene.way == WLAN
    assert (scene.handover.from_care_of, scene.handover.make_before_break) == ("home", True)


def test_a_renewal_is_none() -> None:
    scene = TwoLinks()
    scene.visit(WLAN)
    scene.answer()
    scene.wait(1300)
    scene.answer()
    assert len(scene.handovers) == 1


def test_an_agent_that_was_restarted_is_another_place() -> None:
    scene = TwoLinks()
    scene.visit(WLAN)
    scene.answer()
    scene.wait(2)
    scene.hear(LASTING_1, WLAN, sequence_number=0)
    scene.answer()
    assert (scene.handover.trigger, scene.handover.from_address) == ("agent_rebooted", scene.handover.to_address)


def test_an_agent_that_fell_silent() -> None:
    scene = TwoLinks()
    scene.up(WLAN)
    scene.hear(FOREIGN_1, WLAN)
    scene.answer()
    scene.visit(WWAN)
    scene.wait(3)
    scene.answer()
    assert (scene.handover.trigger, scene.handover.to_address) == ("agent_lost", FOREIGN_2.care_of_addresses[0])


def test_the_answer_to_an_earlier_request_counts_as_well() -> None:
    """The command was taken back while its Request was on its way."""
    scene = TwoLinks()
    scene.visit(WWAN)
    scene.answer()
    scene.wait(2)
    scene.visit(WLAN)
    assert scene.handover.to_interface == WWAN
    scene.wait(1)
    scene.answer()
    assert scene.handover.to_interface == WLAN


def test_the_earlier_of_two_requests_may_be_the_one_that_is_answered() -> None:
    """Then nothing is known of why that way was chosen, and nothing is made up."""
    state, handovers, out = started(), Handovers(), Outbox()
    handovers.happened("link_up", 99.0)
    handovers.decided(colocated(), 99.5)
    register(state, through_agent())
    handovers.look(state, 101.0, out)
    (record,) = (output.notice for output in out.notices)
    assert isinstance(record, HandedOver)
    assert (record.to_address, record.trigger) == (FOREIGN_1.care_of_addresses[0], "better_link")
    assert (record.detection_ms, record.waiting_ms, record.registration_ms) == (0.0, 0.0, 0.0)
