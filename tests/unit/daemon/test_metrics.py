"""Metrics in Prometheus' text format, and the histograms in them."""

from ipaddress import IPv4Address
from typing import Any

import msgspec
import pytest
from tests.support.backend import FakeBackend

from mobileip.agents.notices import HandedOver
from mobileip.control.schema import LinkView, TrafficView
from mobileip.daemon import metrics
from mobileip.daemon.handovers import KEPT, Handovers


def handed_over(**fields: Any) -> HandedOver:
    defaults: dict[str, Any] = {
        "number": 1,
        "trigger": "link_lost",
        "reason": "the only one",
        "to_interface": "eth0",
        "to_care_of": "colocated",
        "to_address": IPv4Address("192.0.2.7"),
        "make_before_break": False,
        "detection_ms": 1.0,
        "waiting_ms": 2.0,
        "registration_ms": 37.0,
        "silence_ms": 40.0,
    }
    return HandedOver(**(defaults | fields))


def lines(handovers: Handovers | None = None, **changes: Any) -> list[str]:
    shown = FakeBackend()
    status = msgspec.structs.replace(shown.status(), **changes)
    return metrics.text(status, shown.traffic(), handovers or Handovers()).splitlines()


def test_every_family_has_its_type_before_its_samples() -> None:
    seen: dict[str, str] = {}
    handovers = Handovers()
    handovers.note(handed_over(), 1.0)
    for line in lines(handovers, bindings=3, links=FakeBackend().links()):
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            assert name not in seen
            seen[name] = kind
        elif not line.startswith("#"):
            name = next(iter(reversed(seen)))
            assert line.startswith(name)
            assert (seen[name] == "counter") == name.endswith("_total")
            float(line.rpartition(" ")[2])
    assert seen["mip_handover_duration_seconds"] == seen["mip_handover_silence_seconds"] == "histogram"


def test_what_is_told_of_each_role() -> None:
    found = lines(bindings=3, visitors=2, registration=FakeBackend().registration(), links=FakeBackend().links())
    assert {
        'mip_info{engine="userspace"} 1',
        "mip_uptime_seconds 8000",
        "mip_bindings 3",
        "mip_visitors 2",
        "mip_registered 1",
        'mip_agent_events_total{role="mobile_node",event="requests_sent"} 2',
        'mip_packets_total{outcome="encapsulated"} 5',
        'mip_link_delay_seconds{interface="eth0"} 0.0423',
        'mip_link_loss_ratio{interface="eth0"} 0.25',
    } <= set(found)
    assert not [line for line in found if "wlan0" in line], "what is not known is not told"


def test_what_is_not_there_has_no_sample() -> None:
    found = lines()
    assert not [line for line in found if line.startswith(("mip_bindings", "mip_visitors", "mip_registered"))]


@pytest.mark.parametrize(
    ("content", "written"),
    [("plain", "plain"), ('a"b', r"a\"b"), ("a\\b", r"a\\b"), ("a\nb", r"a\nb"), ("\\n", r"\\n")],
)
def test_values_of_labels_are_escaped(content: str, written: str) -> None:
    assert metrics.escaped(content) == written
    link = LinkView(name=content, state="up", loss=0.0)
    assert f'mip_link_loss_ratio{{interface="{written}"}} 0' in lines(links=[link])


def test_histograms_count_what_is_at_most_so_long() -> None:
    handovers = Handovers()
    for registration in (2.0, 7.0, 97.0, 60_000.0):
        handovers.note(handed_over(registration_ms=registration), 1.0)
    found = lines(handovers)
    labels = 'trigger="link_lost",make_before_break="false"'
    name = "mip_handover_duration_seconds"
    assert [line for line in found if line.startswith(f"{name}_bucket")] == [
        f'{name}_bucket{{{labels},le="{bound}"}} {count}'
        for bound, count in (
            ("0.005", 1),  # 5 ms are in it
            ("0.01", 2),
            ("0.025", 2),
            ("0.05", 2),
            ("0.1", 3),
            ("0.25", 3),
            ("0.5", 3),
            ("1", 3),
            ("2.5", 3),
            ("5", 3),
            ("10", 3),
            ("+Inf", 4),
        )
    ]
    assert f"{name}_sum{{{labels}}} 60.118" in found
    assert f"{name}_count{{{labels}}} 4" in found
    assert f"mip_handover_silence_seconds_sum{{{labels}}} 0.16" in found


def test_kinds_are_told_apart() -> None:
    handovers = Handovers()
    handovers.note(handed_over(), 1.0)
    handovers.note(handed_over(make_before_break=True, trigger="better_link"), 2.0)
    counts = [line for line in lines(handovers) if "duration_seconds_count" in line]
    assert [line[-1] for line in counts] == ["1", "1"]


def test_the_latest_handovers_are_kept() -> None:
    handovers = Handovers()
    for number in range(KEPT + 2):
        handovers.note(handed_over(number=number), float(number))
    assert [at for at, _ in handovers.latest()] == [float(number) for number in range(2, KEPT + 2)]


def test_no_counters_at_all() -> None:
    text = metrics.text(FakeBackend().status(), TrafficView(), Handovers())
    assert text.endswith("\n")
    assert "mip_packets_total{" not in text
