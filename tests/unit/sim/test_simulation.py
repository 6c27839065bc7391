import pytest
from tests.support.simulated import scenario, simulated

from mobileip.sim.simulation import SAMPLES, Simulation


def test_everything_works_together() -> None:
    simulation = simulated(
        duration=60.0,
        calm=30.0,
        mobile={"nodes": 4, "lifetime": 30},
        moves={"model": "random", "every": 10.0, "silent": 0.3},
        plain={"networks": 1},
        foreign={"keys": True},
        access={"loss": 0.05},
        clocks={"jump_every": 20.0, "drift": 50.0},
        faults={"reboot_foreign_every": 15.0, "suspend_every": 15.0, "down": 3.0},
        traffic={"streams": 2, "every": 0.1},
        attack={"replay": 1.0, "forge": 1.0, "reflect": 1.0, "flood": 1.0},
    )
    assert simulation.world.schedule.now == 90.0
    assert simulation.moves.made > 10
    assert len(simulation.meter.handovers) > 10
    assert simulation.invariants.checked > 1000
    streams = simulation.streams.streams
    assert 0.5 < sum(s.received for s in streams) / sum(s.sent for s in streams) <= 1.0


@pytest.mark.parametrize("seed", [17, 18])
def test_everything_works_together_with_several_links(seed: int) -> None:
    """Nodes of which each link goes its own ways, between attackers, networks that are cut off, and faults."""
    simulation = simulated(
        seed=seed,
        duration=60.0,
        calm=150.0,
        mobile={"nodes": 3, "lifetime": 30, "links": ["radio1", "radio2"], "reverse_tunnel": seed % 2 == 0},
        moves={"model": "random", "every": 10.0, "silent": 0.3},
        plain={"networks": 1},
        foreign={"keys": True},
        access={"loss": 0.02},
        faults={"suspend_every": 30.0, "outage": [{"network": "foreign1", "at": 20.0, "seconds": 10.0}]},
        traffic={"streams": 2, "every": 0.2, "both_ways": True},
        attack={"replay": 2.0, "forge": 2.0, "reflect": 1.0, "flood": 1.0},
    )
    assert simulation.moves.made > 15
    assert simulation.faults.happened["outage"] == 1
    handovers = simulation.meter.notices["mobile", "HandedOver"]
    assert handovers > simulation.meter.notices["mobile", "RegistrationLost"] > 0, "some are without a break"
    streams = simulation.streams.streams
    assert len(streams) == 4
    assert 0.5 < sum(s.received for s in streams) / sum(s.sent for s in streams) <= 1.0


def test_progress_is_told() -> None:
    told: list[float] = []
    Simulation(scenario(duration=5.0, calm=5.0)).run(told.append)
    assert len(told) == SAMPLES
    assert told[-1] == 10.0


def test_first_registrations_may_be_left_out_of_the_figures() -> None:
    whole, later = (
        simulated(duration=40.0, warm_up=warm_up, mobile={"nodes": 5}, moves={"model": "random", "every": 20.0})
        for warm_up in (0.0, 20.0)
    )
    for part in (
        lambda s: s.meter.sent["mobile", "request"],
        lambda s: s.world.network.core_traffic.messages,
        lambda s: s.world.foreign[0].messages_sent,
        lambda s: s.moves.made,
    ):
        assert 0 < part(later) < part(whole)


def test_undecodable_octets_count_as_discards() -> None:
    simulation = simulated(attack={"flood": 20.0})
    assert any(reason in {"unknown_message_type", "truncated"} for _, reason in simulation.meter.discards)


def test_without_attackers_nobody_keeps_what_was_heard() -> None:
    assert all(host.witness is None for host in simulated().world.hosts)


@pytest.mark.parametrize("link", [True, False], ids=["real home link", "virtual home network"])
def test_nonces_serve_as_well(link: bool) -> None:
    simulation = simulated(
        duration=60.0,
        mobile={"nodes": 3, "lifetime": 30, "replay": "nonces"},
        home={"link": link},
        moves={"model": "random", "every": 15.0},
    )
    assert len(simulation.meter.handovers) > 3
