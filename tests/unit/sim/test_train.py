"""Ten simulated minutes on a train, and two links that try a node's patience: one that dies and tells nobody, and one
that comes and goes.

What physics takes is allowed, and nothing else. When the link in use is lost and nobody said so before, these packets
are lost, and the test holds each of them against it:

* to the node: those that would have come between the loss and the moment at which the home agent learns better;
* from the node: those that it sends until the home agent's answer is here.

How long that takes is held as well: the Request that is answered left at the loss, or as soon as there was a way for
it, or a second after the Request before (RFC 5944 §3.6.3 forbids more).
"""

from itertools import pairwise
from statistics import median

import msgspec
import pytest
from tests.support.journey import INSTANT, Journey, journey, two_links

from mobileip.agents.mobile.config import MobileNodeConfig
from mobileip.sim.scenario import load
from train_trace import TRACE, text

HOLD_DOWN = {field.name: field.default for field in msgspec.structs.fields(MobileNodeConfig)}["hold_down"]
MEDIAN, WORST = 0.010, 0.050
"""Seconds beyond a round trip until packets come again after a gap."""


@pytest.fixture(scope="module", params=[False, True], ids=["triangular", "reverse tunnel"])
def train(request: pytest.FixtureRequest) -> Journey:
    """The whole journey, with every invariant of the simulator checked."""
    made = journey(load("train"), reverse_tunnel=request.param)
    made.run()
    return made


def test_the_trace_is_what_its_generator_writes_and_says_where_it_comes_from() -> None:
    assert TRACE.read_text() == text()
    assert TRACE.read_text().startswith("# Origin: synthetic, nothing was measured.")


class TestTheTrain:
    def test_is_one_with_overlaps_and_gaps(self, train: Journey) -> None:
        assert train.scenario.duration == 600.0
        assert {stay.link for stay in train.stays} == {"trackside", "lte1", "lte2"}
        changes = [record for _, record in train.records if record.make_before_break]
        assert len(changes) >= 40, "changes in overlaps"
        assert len(train.gaps()) >= 15
        alone = [cut for cut in train.cuts() if not train.covered(cut.at)]
        assert len(train.cuts()) - len(alone) >= 20, "losses of the link in use with another one there"
        assert train.down.sent >= 60_000 <= train.up.sent

    def test_loses_no_packet_while_links_overlap(self, train: Journey) -> None:
        cuts = train.cuts()
        down = [(cut.at - train.down_way, cut.resumed - train.down_way) for cut in cuts]
        up = [(cut.at, cut.resumed) for cut in cuts]
        assert outside(train.down.lost(), down) == []
        assert outside(train.up.lost(), up) == []
        assert train.down.lost()
        assert train.up.lost()

    def test_is_on_no_link_any_more_of_which_it_was_told(self, train: Journey) -> None:
        """Where another one was there when it was told."""
        told = [stay for stay in train.stays if stay.announced]
        with_another = [stay for stay in told if is_accompanied(train, stay.end - stay.announced, stay.end)]
        assert len(with_another) >= 35
        assert [stay for stay in with_another if train.in_use(stay.end) == stay.link] == []

    def test_asks_at_once_when_a_link_is_lost(self, train: Journey) -> None:
        for cut in train.cuts():
            asked = [at for at in train.requests if at < cut.resumed - INSTANT]
            answered, before = asked[-1], asked[-2]
            (stay,) = [s for s in train.covered(cut.resumed) if s.link == cut.record.to_interface]
            assert cut.resumed == pytest.approx(answered + train.round_trip), "the first answer counts"
            assert answered <= max(cut.at, train.usable_from(stay), before + 1.0) + 0.001

    def test_has_its_packets_back_within_a_round_trip_after_a_gap(self, train: Journey) -> None:
        """Where an agent answers solicitations. The time until the next packet is due is in it: 10 ms at most."""
        gaps = [(end, stay) for end, stay in train.gaps() if stay.network.startswith("foreign")]
        assert len(gaps) >= 15
        arrivals = sorted(train.down.arrived_at)
        first_down = [next(at for at in arrivals if at > stay.begin) - stay.begin for _, stay in gaps]
        lost = set(train.up.lost())
        departures = [at for at in train.up.sent_at if at not in lost]
        first_up = [next(at for at in departures if at > stay.begin) - stay.begin for _, stay in gaps]
        for seconds in (first_down, first_up):
            assert median(seconds) <= train.round_trip + MEDIAN
            assert max(seconds) <= train.round_trip + WORST


def test_without_the_grace_time_of_home_agents_the_same_train_loses_packets_in_overlaps() -> None:
    """So the journey is one that would show it."""
    scenario = load("train")
    made = Journey(msgspec.structs.replace(scenario, home=msgspec.structs.replace(scenario.home, handover_grace=0.0)))
    made.run_for(40.0)
    assert outside(made.up.lost(), [(cut.at, cut.resumed) for cut in made.cuts()])


def outside(lost: list[float], windows: list[tuple[float, float]]) -> list[float]:
    return [at for at in lost if not any(begin - INSTANT <= at <= end + INSTANT for begin, end in windows)]


def is_accompanied(train: Journey, begin: float, end: float) -> bool:
    """Whether another link can be used all that time."""
    others = [stay for stay in train.covered(begin) if stay.end != end and train.usable_from(stay) <= begin]
    return any(stay.end > end for stay in others)


NETWORKS = [("foreign1", "foreign2"), ("plain1", "plain2"), ("foreign1", "plain1")]
DIED_AT = 8.0


class TestASilentlyDeadPath:
    @pytest.mark.parametrize("phase", [0.0, 0.04, 0.08, 0.12])
    @pytest.mark.parametrize("how", ["radio", "behind the agent"])
    @pytest.mark.parametrize("networks", NETWORKS, ids="-".join)
    def test_is_left_within_a_second(self, networks: tuple[str, str], how: str, phase: float) -> None:
        """Whenever it dies between two probes."""
        died_at = DIED_AT + phase
        made = dying(networks, how, died_at).run_for(10.0)
        assert [(record.trigger, record.to_interface) for _, record in made.records[1:]] == [("path_dead", "lte")]
        left_at = made.records[-1][0]
        assert died_at < left_at <= died_at + 1.0
        for stream in (made.down, made.up):
            lost = stream.lost()
            assert died_at - made.down_way <= min(lost)
            settled = [at for at in lost if at < 9.9]  # what was sent last is on its way
            assert max(settled) <= left_at

    def test_is_found_by_what_is_received_alone_as_well(self) -> None:
        made = dying(NETWORKS[0], "radio", DIED_AT, traffic={"streams": 1, "every": 0.02}).run_for(10.0)
        assert DIED_AT < made.records[-1][0] <= DIED_AT + 1.0

    def test_is_no_reason_to_go_anywhere_where_there_is_nothing_else(self) -> None:
        made = two_links(
            NETWORKS[0],
            [{"at": 7.0, "link": "lte", "to": "nowhere"}, {"at": DIED_AT, "link": "wifi", "to": "silence"}],
        ).run_for(20.0)
        assert [record.to_interface for _, record in made.records] == ["wifi"]


def dying(networks: tuple[str, str], how: str, at: float, **tables: object) -> Journey:
    """The path by `wifi`, which is in use, dies without a carrier event."""
    if how == "radio":
        return two_links(networks, [{"at": at, "link": "wifi", "to": "silence"}], **tables)
    outage = {"network": networks[0], "at": at, "seconds": 1000.0}
    return two_links(networks, [], faults={"outage": [outage]}, **tables)


PERIOD = 3.0


def alternations(first: float, count: int, lost: str) -> list[dict[str, object]]:
    """`wifi` is lost every six seconds, for three of them."""
    steps: list[dict[str, object]] = []
    for number in range(count):
        at = first + 2 * PERIOD * number
        steps += [
            {"at": at, "link": "wifi", "to": lost},
            {"at": at + PERIOD, "link": "wifi", "to": "foreign1", "silent": lost == "silence"},
        ]
    return steps


class TestALinkThatAlternatesEveryThreeSeconds:
    """It is the one that is preferred, and is in use when it begins."""

    def test_moves_the_node_once(self) -> None:
        made = two_links(("foreign1", "foreign2"), alternations(10.0, 20, "nowhere")).run_for(130.0)
        assert [(record.to_interface, record.trigger) for _, record in made.records[1:]] == [("lte", "link_lost")]

    def test_is_taken_again_once_it_has_stayed_for_as_long_as_the_hold_down(self) -> None:
        made = two_links(("foreign1", "foreign2"), alternations(10.0, 3, "nowhere")).run_for(60.0)
        assert [record.to_interface for _, record in made.records] == ["wifi", "lte", "wifi"]
        back_at = 10.0 + 5 * PERIOD + 0.1  # the cable was out for a moment
        assert back_at + HOLD_DOWN - 0.2 <= made.records[-1][0] <= back_at + HOLD_DOWN + 0.1

    def test_is_used_where_there_is_no_other_and_left_when_it_goes(self) -> None:
        """While `lte` is gone the node goes where it can; of its own will it changes once per hold-down."""
        gone = [{"at": 30.5, "link": "lte", "to": "nowhere"}, {"at": 44.5, "link": "lte", "to": "foreign2"}]
        made = two_links(("foreign1", "foreign2"), [*alternations(10.0, 20, "nowhere"), *gone]).run_for(130.0)
        used = {record.to_interface for at, record in made.records if 30.5 < at < 44.5}
        assert used == {"wifi"}
        before = [record for at, record in made.records if 10.0 < at < 30.5]
        after = [record for at, record in made.records if at > 44.5]
        assert (len(before), len(after)) == (1, 1)

    @pytest.mark.parametrize("how", ["radio", "behind the agent"])
    def test_silently_moves_the_node_at_most_once_per_hold_down(self, how: str) -> None:
        """Nothing tells when it is whole but a try; each that does not last puts the next one off for twice as long."""
        seconds, deaths = 300.0, [10.0 + 2 * PERIOD * number for number in range(48)]
        if how == "radio":
            made = two_links(("foreign1", "foreign2"), alternations(10.0, 48, "silence"))
        else:
            outages = [{"network": "foreign1", "at": at, "seconds": PERIOD} for at in deaths]
            made = two_links(("foreign1", "foreign2"), [], faults={"outage": outages})
        changes = made.run_for(seconds).records[1:]
        assert len(changes) <= seconds / HOLD_DOWN / 4, "far fewer than one per hold-down"
        left = [at for at, record in changes if record.to_interface == "lte"]
        assert {record.trigger for _, record in changes if record.to_interface == "lte"} == {"path_dead"}
        for at in left:
            assert at - max(begin for begin in deaths if begin < at) <= 1.0
        returns = [at for at, record in changes if record.to_interface == "wifi"]
        assert len(returns) >= 4
        for left_at, at in zip(left, returns, strict=False):
            assert at >= left_at + HOLD_DOWN - made.round_trip, "the way was dead a round trip before it was left"
        waits = [back_at - left_at for left_at, back_at in zip(left, returns, strict=False)]
        assert all(later > 1.5 * wait or later >= 60.0 - PERIOD for wait, later in pairwise(waits))
