"""A path that leads nowhere is found though its link is up."""

import pytest
from tests.support.messages import HOME_ADDRESS, HOME_AGENT
from tests.support.mobile_node import FOREIGN_1
from tests.support.two_links import WLAN, WLAN_ADDRESS, WWAN, WWAN_ADDRESS, TwoLinks

from mobileip.agents.events import HandoverCommanded, LinkUsed, ProbeAnswered
from mobileip.agents.mobile.config import Probing
from mobileip.agents.mobile.paths import MOST_PROVEN
from mobileip.agents.notices import PathNoticed
from mobileip.agents.outputs import AskLinkUse, Departure, Notify, SendProbe


def registered(**fields: object) -> TwoLinks:
    """By wlan0; wwan0 has an address too, and the first probe was answered."""
    scene = TwoLinks(**fields)
    scene.lease(WLAN)
    scene.answer()
    scene.answer_probe()
    scene.lease(WWAN)
    return scene


def busy(**fields: object) -> TwoLinks:
    """And packets pass."""
    scene = registered(**fields)
    scene.use(sent=100)
    scene.wait(0.1)
    scene.use(sent=200)
    return scene


def quality(scene: TwoLinks, name: str = WLAN) -> tuple[str, float | None, float | None]:
    (found,) = [link for link in scene.node.snapshot().links if link.name == name]
    return found.state, found.delay, found.loss


class TestWhatIsSent:
    def test_from_a_care_of_address_of_our_own(self) -> None:
        scene = TwoLinks()
        scene.lease(WLAN)
        scene.answer()
        (probe,) = scene.probes
        gateway = bytes((2, 0, 203, 0, 113, 1))
        assert probe.departure == Departure(
            source=WLAN_ADDRESS, destination=HOME_AGENT, interface=WLAN, link_destination=gateway
        )

    def test_through_a_foreign_agent_from_the_home_address(self) -> None:
        scene = TwoLinks()
        scene.visit(WLAN)
        scene.answer()
        (probe,) = scene.probes
        assert probe.departure == Departure(
            source=HOME_ADDRESS, destination=HOME_AGENT, interface=WLAN, link_destination=FOREIGN_1.link_address
        )

    def test_nothing_where_it_is_switched_off(self) -> None:
        scene = TwoLinks(probing=Probing.OFF)
        scene.lease(WLAN)
        scene.answer()
        scene.wait(60)
        assert not scene.times(SendProbe)

    def test_seldom_while_nothing_passes(self) -> None:
        scene = registered()
        scene.use(sent=100)
        scene.wait(1)
        scene.use(sent=101)
        before = len(scene.times(SendProbe))
        scene.wait(14.1)
        scene.answer_probe()
        scene.wait(2)
        assert len(scene.times(SendProbe)) - before <= 2

    def test_often_once_one_of_them_is_lost(self) -> None:
        scene = registered()
        scene.wait(16)
        first, second, *_ = [at for at in scene.times(SendProbe) if at > scene.times(SendProbe)[0]]
        assert second - first < 0.5
        assert quality(scene)[0] == "dead"

    def test_often_for_a_while_after_the_last_packet(self) -> None:
        """Whoever only answers is silent when the path has died."""
        scene = busy()
        for _ in range(5):
            scene.use(sent=200)
            scene.wait(0.2)
        assert quality(scene)[0] == "dead"

    def test_seldom_where_there_is_nothing_to_change_to(self) -> None:
        scene = TwoLinks()
        scene.lease(WLAN)
        scene.answer()
        scene.wait(3600)
        assert not scene.times(AskLinkUse)
        assert len(scene.times(SendProbe)) == 1

    def test_often_while_packets_are_sent(self) -> None:
        scene = busy()
        before = len(scene.times(SendProbe))
        for _ in range(10):
            scene.wait(0.1)
            scene.answer_probe()
        assert 5 <= len(scene.times(SendProbe)) - before <= 7

    def test_often_while_packets_are_received(self) -> None:
        scene = registered()
        scene.use(sent=10, received=100)
        scene.wait(0.1)
        scene.use(sent=10, received=200)
        assert scene.probes


class TestWhatIsFound:
    def test_an_answer_verifies_the_path(self) -> None:
        scene = TwoLinks()
        scene.lease(WLAN)
        scene.answer()
        assert quality(scene) == ("registered", None, None)
        scene.wait(0.05)
        scene.answer_probe()
        assert scene.notice(PathNoticed) == PathNoticed(interface=WLAN, state="verified")
        state, delay, loss = quality(scene)
        assert (state, round(delay or 0, 3), loss) == ("verified", 0.05, 0.0)

    def test_what_answers_nothing_of_ours_is_nothing_to_us(self) -> None:
        scene = registered()
        scene.wait(0.01)
        assert scene.handle(ProbeAnswered(interface=WLAN, number=999)) == []
        assert scene.handle(ProbeAnswered(interface=WWAN, number=1)) == []
        assert scene.handle(LinkUsed(interface=WWAN, sent=1, received=1)) == []

    def test_a_dead_path_is_left_within_a_second(self) -> None:
        scene = busy()
        scene.wait(0.2)
        scene.answer_probe()
        died_at = scene.now
        scene.wait(0.9)
        scene.answer()
        assert scene.handover.to_interface == WWAN
        assert (scene.handover.trigger, scene.handover.make_before_break) == ("path_dead", True)
        assert quality(scene)[0] == "dead"
        assert scene.now - died_at <= 1.0

    def test_a_home_agent_that_answers_no_probe_is_not_judged_by_them(self) -> None:
        scene = TwoLinks()
        scene.lease(WLAN)
        scene.answer()
        scene.lease(WWAN)
        scene.use(sent=100)
        scene.wait(0.1)
        scene.use(sent=200)
        scene.wait(5)
        assert [handover.to_interface for handover in scene.handovers] == [WLAN]

    def test_two_lost_probes_mean_nothing(self) -> None:
        scene = busy()
        scene.wait(0.45)
        scene.answer_probe()
        assert len(scene.handovers) == 1

    def test_who_has_nowhere_else_stays_and_sees_it_come_back(self) -> None:
        scene = busy(idle_probe_interval=1.0)
        scene.wait(0.9)
        scene.down(WWAN, addresses=())
        scene.wait(4)
        assert quality(scene)[0] == "dead"
        assert scene.way == WLAN
        before = len(scene.times(SendProbe))
        while len(scene.times(SendProbe)) == before:
            scene.wait(0.1)
        scene.answer_probe()
        assert scene.notice(PathNoticed).state == "verified"
        assert quality(scene)[0] == "verified"

    def test_the_path_that_died_is_tried_again_after_a_while(self) -> None:
        scene = busy()
        scene.wait(1.0)
        scene.answer()
        assert scene.way == WWAN
        scene.wait(6)
        assert scene.request.care_of_address == WLAN_ADDRESS
        assert scene.way == WWAN, "until the home agent has answered by it"
        scene.answer()
        assert scene.way == WLAN

    def test_loss_and_delay_count_against_a_link(self) -> None:
        scene = busy()
        for number in range(40):
            scene.wait(0.2)
            scene.use(sent=300 + 100 * number)
            if number % 2:
                scene.answer_probe()
        (link,) = [link for link in scene.node.snapshot().links if link.name == WLAN]
        assert "loss -" in link.why

    def test_what_was_found_of_a_link_is_forgotten(self) -> None:
        scene = busy()
        scene.wait(1.0)
        scene.answer()
        scene.answer_probe(WWAN)
        assert quality(scene)[0] == "dead"
        scene.down(WLAN, addresses=())
        assert quality(scene)[0] == "down"

    def test_what_was_found_is_forgotten_at_a_time_of_its_own_and_by_no_message(self) -> None:
        scene = TwoLinks()
        scene.lease(WLAN)
        scene.answer()
        scene.wait(0.05)
        scene.answer_probe()
        found_at = scene.now
        assert quality(scene) == ("verified", pytest.approx(0.05), 0.0)
        while scene.now < found_at + 60.0:
            due = scene.node.next_deadline()
            assert due is not None
            assert quality(scene)[0] == "verified"
            scene.wait(min(due.at, found_at + 60.0) - scene.now)
        assert scene.now == found_at + 60.0
        assert quality(scene)[0] == "registered"

    def test_how_long_an_answer_is_waited_for_is_settled_when_the_probe_leaves(self) -> None:
        """An answer that comes late makes those after it patient, and not those that are on their way."""
        scene = busy()
        scene.wait(0.19)
        probes = scene.node._paths._path
        assert probes is not None
        until = {number: waiting.until for number, waiting in probes.sent.items()}
        assert len(until) == 2
        first, second = sorted(until)
        scene.handle(ProbeAnswered(interface=WLAN, number=first))
        assert {number: waiting.until for number, waiting in probes.sent.items()} == {second: until[second]}

    def test_where_it_had_answered_before_a_path_may_die_before_its_first_answer(self) -> None:
        scene = busy()
        scene.wait(1.0)
        scene.answer()
        scene.wait(6)
        scene.answer()
        assert scene.way == WLAN
        scene.use(sent=300)
        scene.wait(0.1)
        scene.use(sent=400)
        scene.wait(0.8)
        seen = [output.notice for _, output in scene.history if isinstance(output, Notify)]
        assert [notice.state for notice in seen if isinstance(notice, PathNoticed)] == ["verified", "dead", "dead"]
        assert scene.request.care_of_address == WWAN_ADDRESS

    def test_of_few_places_it_is_remembered_that_they_answer(self) -> None:
        scene = TwoLinks()
        for number in range(MOST_PROVEN + 3):
            scene.down(WLAN)
            scene.lease(WLAN)
            scene.wait(1)
            scene.answer()
            scene.answer_probe()
            assert len(scene.node._paths._proven) == min(number + 1, MOST_PROVEN)


def beside() -> TwoLinks:
    """Registered by wlan0, no probe answered yet; wwan0 has an address too."""
    scene = TwoLinks()
    scene.lease(WLAN)
    scene.answer()
    scene.lease(WWAN)
    return scene


def live(scene: TwoLinks, seconds: float, delay: float, name: str = WLAN) -> None:
    """Packets pass by one link, and the home agent answers each probe after that delay."""
    end, step = scene.now + seconds, 0.01
    answered = 0
    while scene.now < end:
        scene.use(sent=round(scene.now * 100), name=name)
        for at, output in scene.history[answered:]:
            if at + delay > scene.now:
                break
            answered += 1
            if isinstance(output, SendProbe):
                scene.handle(ProbeAnswered(interface=name, number=output.number))
        scene.wait(step)


class TestLongWays:
    """A path whose answers take long is no dead one (a satellite's take 0.6 s)."""

    @pytest.mark.parametrize("delay", [0.1999, 0.2005, 0.6, 1.3])
    def test_how_long_is_learnt_from_the_first_answer(self, delay: float) -> None:
        scene = beside()
        live(scene, 10.0, delay)
        state, found, loss = quality(scene)
        assert (state, found) == ("verified", pytest.approx(delay, abs=0.02))
        assert loss == pytest.approx(0.0, abs=0.25)
        assert len(scene.handovers) == 1

    @pytest.mark.parametrize("delay", [0.205, 0.6])
    def test_it_is_known_of_a_place_that_was_left(self, delay: float) -> None:
        """So no answer that takes what answers took there means death."""
        scene = beside()
        live(scene, 3.0, delay)
        for link in (WWAN, WLAN) * 3:
            scene.handle(HandoverCommanded(interface=link))
            scene.wait(0.2)
            scene.answer()
            assert scene.way == link
            live(scene, 3.0, delay, link)
        seen = [output.notice for _, output in scene.history if isinstance(output, Notify)]
        assert {notice.state for notice in seen if isinstance(notice, PathNoticed)} == {"verified"}
        assert len(scene.handovers) == 7

    def test_an_answer_that_comes_late_makes_the_next_ones_waited_for_longer(self) -> None:
        scene = beside()
        live(scene, 3.0, 0.05)
        live(scene, 10.0, 0.4)
        assert quality(scene)[:2] == ("verified", pytest.approx(0.4, abs=0.02))
        assert len(scene.handovers) == 1
        assert scene.node._paths._path is not None
        assert scene.node._paths._path.answer_time == pytest.approx(1.5 * 0.4 + 0.05, abs=0.05)

    def test_one_late_answer_among_many_changes_little(self) -> None:
        scene = beside()
        live(scene, 3.0, 0.05)
        live(scene, 0.5, 0.35)
        path = scene.node._paths._path
        assert path is not None
        assert path.answer_time > 0.5, "the next one may be late as well"
        live(scene, 1.0, 0.05)
        assert path.answer_time == 0.2
        assert len(scene.handovers) == 1

    def test_whether_packets_pass_is_looked_at_before_the_first_answer_is_given_up(self) -> None:
        scene = TwoLinks()
        scene.lease(WLAN)
        scene.lease(WWAN)
        scene.answer()
        scene.wait(0.25)
        (first, second) = scene.times(AskLinkUse)
        assert second - first == pytest.approx(0.2)

    def test_an_answer_that_comes_much_too_late_tells_nothing(self) -> None:
        scene = busy()
        (number, *_) = [output.number for _, output in scene.history if isinstance(output, SendProbe)][1:]
        scene.wait(12.0)
        before = quality(scene)
        scene.handle(ProbeAnswered(interface=WLAN, number=number))
        assert quality(scene) == before == ("dead", before[1], before[2])
