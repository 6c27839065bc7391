import json
from xml.etree import ElementTree as ET

import pytest
from tests.support.simulated import scenario

from mobileip.sim.plan import GOAL, Load, draw, extrapolate, measure, page, run, sized
from mobileip.sim.report import Figures, figures
from mobileip.sim.scenario import Scenario
from mobileip.sim.simulation import Simulation

BASE = scenario(
    mobile={"nodes": 20, "lifetime": 30},
    foreign={"nodes_per_agent": 5, "interval": 10.0, "lifetime": 30},
    home={"link": False},
    moves={"model": "random", "every": 20.0},
    traffic={"streams": 5, "every": 1.0},
)


def simulate(asked: Scenario) -> tuple[Simulation, Figures]:
    simulation = Simulation(asked)
    simulation.run()
    return simulation, figures(simulation, 1.0)


@pytest.fixture(scope="module")
def planned() -> dict[str, object]:
    return run(BASE, (10, 40), 60.0, simulate)


def load(nodes: int, rate: float) -> Load:
    return Load(
        nodes=nodes,
        foreign_agents=nodes / 10,
        registrations_per_second=rate,
        home_agent_messages_per_second=2 * rate,
        core_octets_per_second=100 * rate,
        link_octets_per_second=70.0,
        bindings=nodes,
    )


def test_agents_and_streams_follow_the_nodes() -> None:
    small = sized(BASE, 3, 60.0)
    assert (small.mobile.nodes, small.foreign_agents, small.traffic.streams) == (3, 1, 3)
    assert sized(BASE, 1000, 60.0).foreign_agents == 200
    fixed = scenario(mobile={"nodes": 20}, foreign={"agents": 4})
    assert sized(fixed, 100, 60.0).foreign_agents == 20


def test_a_run_is_measured() -> None:
    measured = measure(*simulate(sized(BASE, 10, 60.0)))
    assert (measured.nodes, measured.foreign_agents, measured.bindings) == (10, 2, 10)
    assert measured.home_agent_messages_per_second == pytest.approx(2 * measured.registrations_per_second, rel=0.05)
    assert measured.link_octets_per_second > 0


def test_a_line_goes_on_to_a_million() -> None:
    goal, worst = extrapolate([load(100, 1.0), load(1000, 10.0)], GOAL)
    assert (goal.registrations_per_second, goal.bindings) == (pytest.approx(10_000.0), pytest.approx(1e6))
    assert goal.link_octets_per_second == 70.0
    assert not goal.is_measured
    assert worst == pytest.approx(0.0)


def test_what_is_off_its_line_is_told() -> None:
    _, worst = extrapolate([load(100, 1.5), load(1000, 5.0)], GOAL)
    assert worst == pytest.approx(0.5)


def test_a_plan_is_json_a_table_and_a_drawing(planned: dict[str, object]) -> None:
    assert json.loads(json.dumps(planned)) == planned
    shown = page(planned)
    assert shown.count("measured\n") == 2
    assert "1,000,000" in shown
    assert "on paper" in shown
    texts = [element.text for element in ET.fromstring(draw(planned)).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314
    assert {"mobile nodes", "registrations/s", "bindings", "1,000,000"} < set(texts)


def test_a_drawing_leaves_out_what_never_happened(planned: dict[str, object]) -> None:
    loads = [{**one, "bindings": 0.0} for one in planned["loads"]]  # type: ignore[attr-defined]
    assert ">bindings<" not in draw({**planned, "loads": loads})
