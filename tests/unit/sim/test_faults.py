from tests.support.simulated import Stage

from mobileip.sim.faults import Faults
from mobileip.sim.host import Host


def troubled(seconds: float = 100.0, **tables: object) -> tuple[Stage, Faults, list[Host]]:
    stage = Stage(**tables)
    rebooted: list[Host] = []
    faults = Faults(stage.world, seconds, rebooted.append)
    faults.start()
    stage.go("foreign1", seconds=seconds + 20)
    return stage, faults, rebooted


def test_machines_of_each_kind_reboot_as_often_as_asked_for() -> None:
    _, faults, rebooted = troubled(
        faults={"reboot_home_every": 20.0, "reboot_foreign_every": 10.0, "reboot_mobile_every": 20.0, "down": 1.0}
    )
    assert set(faults.happened) == {"reboot_home", "reboot_foreign", "reboot_mobile"}
    assert len(rebooted) == sum(faults.happened.values())
    assert 5 <= faults.happened["reboot_foreign"] <= 16
    assert {host.role for host in rebooted} == {"home", "foreign", "mobile"}


def test_whoever_sleeps_wakes_with_all_memory() -> None:
    stage, faults, rebooted = troubled(faults={"suspend_every": 10.0, "down": 5.0})
    assert faults.happened["suspend"] > 4
    assert rebooted == []
    assert stage.node.host.boots == 1
    assert stage.state == "registered"


def test_clocks_jump() -> None:
    _, faults, _ = troubled(clocks={"jump_every": 10.0, "jump": 100.0})
    assert faults.happened["clock_jump"] > 4


def test_without_faults_nothing_happens() -> None:
    _, faults, rebooted = troubled()
    assert faults.happened == {}
    assert rebooted == []


def test_at_the_end_everybody_is_awake_and_links_are_well() -> None:
    stage, _, _ = troubled(
        faults={"reboot_foreign_every": 3.0, "down": 1000.0}, access={"loss": 0.9}, core={"duplicate": 0.5}
    )
    assert all(host.awake for host in stage.world.hosts)
    assert stage.world.network.core.is_plain
    assert all(segment.wire.loss == 0 for segment in stage.world.network.segments.values())


def test_who_is_off_can_not_fail_again() -> None:
    stage, faults, _ = troubled(faults={"reboot_home_every": 1.0, "down": 100.0})
    assert faults.happened["reboot_home"] < 20
    assert stage.world.homes[0].host.boots == faults.happened["reboot_home"] + 1


def test_kinds_of_machines_that_there_are_none_of_have_no_faults() -> None:
    stage = Stage(foreign={"agents": 0}, faults={"reboot_foreign_every": 1.0})
    faults = Faults(stage.world, 50.0, lambda _host: None)
    faults.start()
    stage.run(60.0)
    assert faults.happened == {}


def test_a_network_is_cut_off_for_a_while_and_never_longer_than_faults_last() -> None:
    stage = Stage(
        faults={
            "outage": [
                {"network": "foreign1", "at": 5, "seconds": 3},
                {"network": "foreign2", "at": 8, "seconds": 100},
                {"network": "home", "at": 30, "seconds": 1},
            ]
        }
    )
    faults = Faults(stage.world, 20.0, lambda _host: None)
    faults.start()
    seen = []
    for _ in range(25):
        stage.run(1.0)
        seen.append(sorted(stage.world.network.cut_off))
    expected = [[]] * 4 + [["foreign1"]] * 3 + [["foreign2"]] * 12 + [[]] * 6
    assert seen == expected
    assert faults.happened == {"outage": 2}
