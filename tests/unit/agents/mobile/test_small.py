"""The small parts: rate limit, chance, solicitor, refusals, link."""

import math
from ipaddress import IPv4Address

from tests.support.mobile_node import config

from mobileip.agents.events import Link
from mobileip.agents.mobile.attachment import CareOf
from mobileip.agents.mobile.discovery import Solicitor, solicitation
from mobileip.agents.mobile.draws import Draws
from mobileip.agents.mobile.link import LinkTurn, LinkView
from mobileip.agents.mobile.rate import RateLimit
from mobileip.agents.mobile.refusals import MOST_REFUSALS, Refusals


class TestRateLimit:
    def test_one_at_a_time(self) -> None:
        limit = RateLimit(1.0)
        assert limit.ready_at(5.0) == 5.0
        limit.take(5.0)
        assert limit.ready_at(5.0) == 6.0
        assert limit.ready_at(7.0) == 7.0

    def test_what_was_not_used_is_not_saved_up(self) -> None:
        limit = RateLimit(1.0)
        limit.take(5.0)
        limit.take(100.0)
        assert limit.ready_at(100.0) == 101.0

    def test_burst(self) -> None:
        limit = RateLimit(1.0, burst=3)
        for _ in range(3):
            assert limit.ready_at(5.0) == 5.0
            limit.take(5.0)
        assert limit.ready_at(5.0) == 6.0


class TestDraws:
    def test_without_entropy_all_are_zero(self) -> None:
        draws = Draws(b"")
        assert [draws.fraction() for _ in range(3)] == [0.0, 0.0, 0.0]

    def test_from_the_second_half(self) -> None:
        draws = Draws(bytes(16) + b"\x80\0\0\0" + b"\x40\0\0\0" + bytes(8))
        assert [draws.fraction() for _ in range(5)] == [0.5, 0.25, 0.0, 0.0, 0.5]

    def test_below_one(self) -> None:
        assert Draws(b"\xff" * 32).fraction() < 1

    def test_odd_lengths(self) -> None:
        draws = Draws(b"\xff" * 22)
        assert [math.ceil(draws.fraction()) for _ in range(3)] == [1, 1, 1]


class TestSolicitor:
    def test_intervals_with_the_longest_jitter(self) -> None:
        solicitor, now, intervals = Solicitor(60.0), 0.0, []
        solicitor.search(now)
        for _ in range(9):
            solicitor.sent(now, 0.5)
            assert solicitor.due is not None
            intervals.append(round(solicitor.due - now, 6))
            now = solicitor.due
        assert intervals == [round(1.1 * i, 6) for i in (1, 1, 2, 4, 8, 16, 32, 60, 60)]

    def test_searching_on_is_no_new_search(self) -> None:
        solicitor = Solicitor(60.0)
        solicitor.search(0.0)
        solicitor.sent(0.0, 0.0)
        solicitor.search(0.5)
        assert solicitor.due == 1.0
        solicitor.stop()
        assert solicitor.due is None
        solicitor.search(0.5)
        assert solicitor.due == 0.5

    def test_restarts_within_the_limit(self) -> None:
        solicitor = Solicitor(60.0)
        for _ in range(3):
            solicitor.restart(0.0)
            assert solicitor.due == 0.0
            solicitor.sent(0.0, 0.0)
        solicitor.restart(0.0)
        assert solicitor.due == 1.0

    def test_message(self) -> None:
        output = solicitation("eth0", IPv4Address("10.1.0.10"))
        assert output.departure.source == IPv4Address("10.1.0.10")
        assert output.departure.link_destination == bytes.fromhex("01005e000002")


class TestRefusals:
    def place(self, number: int) -> tuple[str, CareOf, IPv4Address, None, int]:
        return ("eth0", CareOf.FOREIGN_AGENT, IPv4Address(number), None, 1)

    def test_doubling_up_to_the_longest(self) -> None:
        refusals, now, waits = Refusals(), 0.0, []
        for _ in range(9):
            until = refusals.note(self.place(1), 10.0, now, avoid=True)
            waits.append(until - now)
            now = until
        assert waits == [10, 20, 40, 80, 160, 320, 600, 600, 600]

    def test_forgiven_after_a_long_time(self) -> None:
        refusals = Refusals()
        refusals.note(self.place(1), 10.0, 0.0, avoid=True)
        assert refusals.note(self.place(1), 10.0, 611.0, avoid=True) == 621.0

    def test_only_some_are_avoided(self) -> None:
        refusals = Refusals()
        refusals.note(self.place(1), 10.0, 0.0, avoid=True)
        refusals.note(self.place(2), 10.0, 0.0, avoid=False)
        assert refusals.avoided(5.0) == {self.place(1)}
        assert refusals.avoided(10.0) == set()
        assert refusals.next_end(5.0) == 10.0
        assert refusals.next_end(10.0) is None

    def test_forget_and_clear(self) -> None:
        refusals = Refusals()
        refusals.note(self.place(1), 10.0, 0.0, avoid=True)
        refusals.note(self.place(2), 10.0, 0.0, avoid=True)
        refusals.forget(self.place(1))
        refusals.forget(self.place(7))
        assert refusals.avoided(0.0) == {self.place(2)}
        refusals.clear()
        assert refusals.avoided(0.0) == set()

    def test_bounded(self) -> None:
        refusals = Refusals()
        for number in range(200):
            refusals.note(self.place(number), 10.0, 0.0, avoid=True)
        avoided = refusals.avoided(0.0)
        assert len(avoided) == MOST_REFUSALS
        assert self.place(199) in avoided


class TestLinkView:
    def picture(self, **fields: object) -> Link:
        defaults: dict[str, object] = {"name": "eth0", "index": 2, "carrier": True}
        return Link(**(defaults | fields))  # type: ignore[arg-type]

    def test_turns(self) -> None:
        view = LinkView("eth0", config())
        assert view.update(self.picture(carrier=False), 0.0) is LinkTurn.NOTHING
        assert view.update(self.picture(carrier_changes=1), 1.0) is LinkTurn.UP
        assert view.update(self.picture(carrier_changes=1), 2.0) is LinkTurn.NOTHING
        assert view.up_since == 1.0
        assert view.update(self.picture(carrier_changes=3), 3.0) is LinkTurn.FLAPPED
        assert view.up_since == 3.0
        assert view.update(self.picture(carrier=False, carrier_changes=4), 4.0) is LinkTurn.DOWN
        assert view.epoch == 2

    def test_neighbours_are_forgotten_with_the_connection(self) -> None:
        view, gateway = LinkView("eth0", config()), IPv4Address("192.0.2.1")
        view.update(self.picture(), 0.0)
        view.learn_neighbour(gateway, b"\2\0\0\0\0\1")
        assert view.neighbour(gateway) == b"\2\0\0\0\0\1"
        view.update(self.picture(carrier_changes=2), 1.0)
        assert view.neighbour(gateway) is None
