import json

import pytest
from tests.support.simulated import simulated

from mobileip.sim.report import Figures, figures, page
from mobileip.sim.simulation import Simulation


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    return simulated(
        duration=60.0,
        mobile={"nodes": 3, "lifetime": 30},
        moves={"model": "random", "every": 10.0},
        access={"loss": 0.02},
        traffic={"streams": 2, "every": 0.1},
        faults={"reboot_foreign_every": 20.0, "down": 1.0},
        attack={"flood": 2.0},
    )


@pytest.fixture(scope="module")
def found(simulation: Simulation) -> Figures:
    return figures(simulation, 0.5)


def test_figures_are_json(found: Figures) -> None:
    assert json.loads(json.dumps(found)) == found


def test_rates_are_by_the_second(found: Figures) -> None:
    assert found["speed"]["simulated_seconds_per_real_second"] == 130.0
    registrations = found["registrations"]
    assert registrations["per_second"] == pytest.approx(registrations["accepted"] / 65.0, abs=0.001)
    for message in found["messages"].values():
        assert message["per_second"] == pytest.approx(message["number"] / 65.0, abs=0.001)


def test_messages_are_by_role_and_kind(found: Figures) -> None:
    assert {"mobile request", "foreign request", "home reply", "foreign advertisement"} < set(found["messages"])


def test_links_and_machines_have_their_load(found: Figures) -> None:
    assert {"core", "home", "foreign1", "mean of all segments"} < set(found["links"])
    assert set(found["machines"]) == {"home agent", "foreign agent", "mobile node"}
    assert found["links"]["core"]["signalling_octets_per_second"] > 0


def test_traffic_adds_up(found: Figures) -> None:
    traffic = found["traffic"]
    assert traffic["lost"] == traffic["sent"] - traffic["received"] > 0
    assert traffic["lost_per_handover"] == pytest.approx(traffic["lost"] / traffic["handovers"], abs=0.001)
    assert traffic["longest_silence_ms"]["number"] == traffic["handovers"]


def test_the_page_shows_it_all(found: Figures) -> None:
    shown = page(found)
    for words in (
        "3 mobile nodes, 1 home agents, 2 foreign agents",
        "130 times real time",
        "request to reply",
        "longest silence",
        "mobile solicitation",
        "reboot_foreign",
        "flood",
        "discarded (role, reason)",
        "none broken",
    ):
        assert words in shown


def test_a_quiet_run_has_a_page_too() -> None:
    shown = page(figures(simulated(), 0.0))
    assert "new link to reply       0       -" in shown
    assert "traffic" not in shown
    assert "attacks" not in shown
