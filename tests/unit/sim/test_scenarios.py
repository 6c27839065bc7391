"""Every scenario that ships, cut down: none breaks an invariant."""

import msgspec
import pytest

from mobileip.sim.scenario import Scenario, load, shipped
from mobileip.sim.simulation import Simulation

SECONDS, NODES, STREAMS, MOST_VISITORS = 60.0, 8, 2, 2


def cut_down(name: str) -> Scenario:
    scenario = load(name)
    return msgspec.structs.replace(
        scenario,
        duration=SECONDS,
        mobile=msgspec.structs.replace(scenario.mobile, nodes=min(NODES, scenario.mobile.nodes), start=5.0),
        foreign=msgspec.structs.replace(
            scenario.foreign, nodes_per_agent=min(MOST_VISITORS, scenario.foreign.nodes_per_agent)
        ),
        moves=msgspec.structs.replace(scenario.moves, every=min(20.0, scenario.moves.every)),
        traffic=msgspec.structs.replace(scenario.traffic, streams=min(STREAMS, scenario.traffic.streams), every=0.2),
    )


@pytest.mark.parametrize("name", sorted(shipped()))
def test_it_runs_and_everything_holds(name: str) -> None:
    simulation = Simulation(cut_down(name))
    simulation.run()
    assert simulation.moves.made >= 5
    assert simulation.invariants.checked > 500
    assert len(simulation.meter.registrations) >= 5


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("reboots", {"reboot_foreign", "reboot_mobile", "suspend"}),
        ("attack", {"replay", "forge", "reflect", "deny", "advertise", "flood"}),
    ],
)
def test_it_does_what_it_says(name: str, kinds: set[str]) -> None:
    scenario = msgspec.structs.replace(load(name), duration=200.0, calm=1.0)
    simulation = Simulation(
        msgspec.structs.replace(scenario, traffic=msgspec.structs.replace(scenario.traffic, streams=0))
    )
    simulation.world.start()
    for part in (simulation.moves, simulation.faults, simulation.attackers):
        part.start()
    simulation.world.schedule.run(200.0)
    assert kinds <= {*simulation.faults.happened, *simulation.attackers.sent}
