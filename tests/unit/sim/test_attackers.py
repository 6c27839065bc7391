import pytest
from tests.support.simulated import Stage

from mobileip.sim.attackers import MOST_CAPTURED, Attackers

KINDS = ("replay", "forge", "reflect", "deny", "advertise", "flood")


def attacked(kind: str, seconds: float = 60.0, **tables: object) -> tuple[Stage, Attackers]:
    stage = Stage(attack={kind: 2.0}, mobile={"lifetime": 20}, **tables)
    attackers = Attackers(stage.world, seconds)
    attackers.start()
    stage.go("foreign1", seconds=3.0)
    stage.go("foreign2", seconds=seconds)
    return stage, attackers


@pytest.mark.parametrize("kind", KINDS)
def test_each_attack_sends_about_as_often_as_asked_for(kind: str) -> None:
    stage, attackers = attacked(kind)
    assert set(attackers.sent) == {kind}
    assert 30 < attackers.sent[kind] < 180
    assert {attack for _, attack in stage.watch.attacks} == {kind}


@pytest.mark.parametrize(
    ("kind", "roles"),
    [
        ("replay", {"home", "foreign", "mobile"}),
        ("forge", {"home", "foreign", "mobile"}),
        ("reflect", {"home", "foreign", "mobile"}),
        ("deny", {"mobile"}),
        ("flood", {"home", "foreign"}),
    ],
)
def test_attacks_reach_those_whom_they_are_for(kind: str, roles: set[str]) -> None:
    stage, _ = attacked(kind, foreign={"keys": True})
    assert {name.rstrip("0123456789") for name, _ in stage.watch.attacks} == roles


def test_nobody_attacks_where_nobody_is_asked_to() -> None:
    stage = Stage()
    attackers = Attackers(stage.world, 60.0)
    attackers.start()
    stage.go("foreign1", seconds=60.0)
    assert attackers.sent == {}
    assert stage.world.network.segments["foreign1"].listeners == []


def test_attacks_end() -> None:
    stage, attackers = attacked("flood", seconds=10.0)
    sent = attackers.sent["flood"]
    stage.run(30.0)
    assert attackers.sent["flood"] == sent


def test_an_attacker_hears_everything_on_its_link_and_keeps_some() -> None:
    stage, _ = attacked("replay", seconds=400.0)
    captured = [listener.owner.captured for s in stage.world.network.segments.values() for listener in s.listeners]
    assert max(len(c) for c in captured) == MOST_CAPTURED
    assert all(packet.attack is None for c in captured for packet in c)
