import pytest

from mobileip.sim import clock
from mobileip.sim.clock import NTP_AT_START, HostClock, Schedule, StuckError


class TestSchedule:
    def test_things_happen_in_the_order_of_time(self) -> None:
        schedule, seen = Schedule(), []
        for at in (3.0, 1.0, 2.0):
            schedule.at(at, seen.append, at)
        schedule.run(2.5)
        assert seen == [1.0, 2.0]
        assert schedule.now == 2.5
        assert len(schedule) == 1

    def test_at_one_time_they_happen_in_the_order_in_which_they_were_set(self) -> None:
        schedule, seen = Schedule(), []
        for name in "abc":
            schedule.at(1.0, seen.append, name)
        schedule.run(1.0)
        assert seen == ["a", "b", "c"]

    def test_what_happens_may_set_more(self) -> None:
        schedule, seen = Schedule(), []

        def again(left: int) -> None:
            seen.append(schedule.now)
            if left:
                schedule.after(1.0, again, left - 1)

        schedule.at(0.0, again, 3)
        schedule.run(2.0)
        assert seen == [0.0, 1.0, 2.0]
        assert schedule.happened == 3

    def test_time_that_stands_still_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(clock, "_MOST_AT_ONCE", 100)
        schedule = Schedule()

        def now_again(_: object) -> None:
            schedule.at(schedule.now, now_again)

        schedule.at(1.0, now_again)
        with pytest.raises(StuckError, match=r"stands still at 1\.0 s"):
            schedule.run(2.0)


class TestHostClock:
    def test_boot_time_counts_from_the_start_of_the_machine(self) -> None:
        assert HostClock(started_at=-100.0).instant(5.0).boot == 105.0

    def test_the_time_of_day_drifts(self) -> None:
        right, fast = HostClock(), HostClock(drift=0.01, ahead=2.0)
        assert right.instant(100.0).ntp == NTP_AT_START + (100 << 32)
        assert fast.instant(100.0).ntp == NTP_AT_START + (103 << 32)

    def test_a_jump_moves_the_time_of_day_alone(self) -> None:
        jumping = HostClock()
        jumping.jump(-60.0)
        assert jumping.instant(100.0) == clock.Instant(100.0, NTP_AT_START + (40 << 32))

    def test_a_restart_begins_boot_time_anew(self) -> None:
        restarted = HostClock(started_at=-100.0)
        restarted.instant(7.0)
        restarted.restart(8.0)
        assert restarted.instant(8.0).boot == 0.0
        assert restarted.virtual(1.5) == 9.5

    def test_who_is_woken_for_a_time_does_not_see_an_earlier_one(self) -> None:
        fractions = HostClock(started_at=-1 / 3)
        wanted = 0.1 + 1 / 3 + 1e-16
        assert fractions.instant(fractions.virtual(wanted), not_before=wanted).boot >= wanted

    def test_boot_time_never_goes_back(self) -> None:
        steady = HostClock()
        steady.instant(1.0, not_before=1.000001)
        assert steady.instant(1.0).boot == 1.000001
