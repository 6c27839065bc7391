"""Which engine the daemons of a lab run, and that none falls back silently while tests trust in it."""

import os

import pytest
from tests.support.roaming import engines, go, roaming

from mobileip.lab.laboratory import Lab
from mobileip.lab.roles import ENGINE_VARIABLE

pytestmark = pytest.mark.netns

ALL = {"ha", "fa1", "fa2", "mn"}


def test_every_daemon_of_a_lab_runs_the_engine_that_the_environment_names() -> None:
    chosen = os.environ.get(ENGINE_VARIABLE) or "auto"
    with roaming("roaming", "engines") as lab:
        go(lab, "visited")
        running = engines(lab)
        assert running.keys() == ALL
        names = {name for name, _ in running.values()}
        assert names == {"userspace" if chosen == "userspace" else "ebpf"}, running
        if chosen != "auto":
            assert all(reason.startswith("chosen") for _, reason in running.values()), running
        assert lab.run("mn", "mip", "status").stdout.count(f"{names.pop()} (") == 1


@pytest.mark.no_engine
@pytest.mark.parametrize("engine", ["ebpf", "userspace"])
def test_a_daemon_of_a_lab_runs_the_engine_that_its_settings_name(engine: str) -> None:
    with Lab("minimal", name="engine-of-one", settings={"fa1": {"daemon": {"engine": engine}}}) as lab:
        name, reason = engines(lab)["fa1"]
        assert name == engine
        assert reason.startswith("chosen")
