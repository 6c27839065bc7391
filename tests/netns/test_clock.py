"""Clocks that are wrong: RFC 5944 §5.7.1 with real daemons, by faketime (only CLOCK_REALTIME is faked)."""

from pathlib import Path

import pytest
from tests.support.roaming import counters, eventually, go, reachable, registration

from mobileip.lab.laboratory import Lab

pytestmark = pytest.mark.netns

HOUR = 3600


@pytest.fixture
def fake_clock(tmp_path: Path) -> Path:
    """A file with the offset that a daemon started with `environment` sees; it may change meanwhile."""
    file = tmp_path / "offset"
    file.write_text("+0s\n")
    return file


def environment(file: Path) -> dict[str, str]:
    return {
        "LD_PRELOAD": "/usr/$LIB/faketime/libfaketime.so.1",
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


@pytest.mark.parametrize("offset", ["+1h", "-1h"])
def test_a_clock_that_is_an_hour_off(offset: str, fake_clock: Path) -> None:
    fake_clock.write_text(f"{offset}\n")
    with Lab("minimal", name="clock", daemons=False) as lab:
        for node in ("ha", "fa1"):
            lab.daemon(node).start()
        lab.daemon("mn").start(environment=environment(fake_clock))
        go(lab, "foreign1")
        assert reachable(lab)
        assert counters(lab, "ha", "home_agent").get("denied_133"), "the home agent said what time it is"
        correction = registration(lab)["clock_offset_seconds"]
        assert abs(abs(float(str(correction))) - HOUR) < 60
        go(lab, "home")


@pytest.mark.parametrize("offset", ["+1h", "-1h"])
def test_a_clock_that_is_stepped_while_registered(offset: str, fake_clock: Path) -> None:
    settings = {"mn": {"mobile_node": {"requested_lifetime": 8}}}
    with Lab("minimal", name="step", daemons=False, settings=settings) as lab:
        for node in ("ha", "fa1"):
            lab.daemon(node).start()
        lab.daemon("mn").start(environment=environment(fake_clock))
        go(lab, "foreign1")
        before = counters(lab, "ha", "home_agent")["accepted"]
        fake_clock.write_text(f"{offset}\n")
        eventually(lambda: counters(lab, "ha", "home_agent")["accepted"] >= before + 2, "two renewals after the step")
        assert reachable(lab)
        assert registration(lab)["registered"]
