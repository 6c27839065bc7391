"""A home agent's daemon is killed and started again: its bindings are there at once, and old requests stay old."""

from collections.abc import Iterator

import pytest
from tests.support.machine import ours
from tests.support.roaming import HOME_ADDRESS, eventually, go, reachable, roaming

from mobileip.lab.laboratory import Lab

pytestmark = pytest.mark.netns

REQUEST, MISMATCH = b"\x01", "133"
SEND = (
    "import socket,sys;s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);s.bind(('192.0.2.6',0));"
    "s.sendto(bytes.fromhex(sys.argv[1]),('10.1.0.1',434));s.settimeout(5);print(s.recv(999)[1])"
)
LASTING = ("home_address", "care_of_address", "lifetime", "registered_at", "expires_at", "tunnel", "spi")


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with roaming("minimal", "memory") as made:
        yield made


def lasting(lab: Lab) -> list[dict[str, object]]:
    """What of the bindings is no matter of the instant; times of day to the second."""
    shown = [{name: each[name] for name in LASTING if name in each} for each in lab.daemon("ha").ask("bindings")]
    return [{name: value[:19] if name.endswith("_at") else value for name, value in each.items()} for each in shown]


def crash(lab: Lab) -> None:
    lab.daemon("ha").kill()
    lab.daemon("ha").start()


def requests_sent(lab: Lab, network: str) -> list[bytes]:
    """The requests that reached the home agent while the node went to `network`."""
    capture = lab.capture(("ha", "eth0"))
    go(lab, network)
    capture.close()
    return [f.payload[28:] for f in capture.frames if not f.outgoing and f.payload[28:29] == REQUEST]


def test_after_kill_9_the_binding_is_there_without_a_registration(lab: Lab) -> None:
    go(lab, "foreign1")
    before, wishes = lasting(lab), ours(lab, "ha")
    accepted = lab.daemon("ha").ask("traffic")["home_agent"]["accepted"]
    assert accepted
    (shown,) = lab.daemon("ha").ask("bindings")
    crash(lab)
    assert lasting(lab) == before
    assert ours(lab, "ha") == wishes
    (after,) = lab.daemon("ha").ask("bindings")
    assert after["remaining_seconds"] <= shown["remaining_seconds"]
    assert reachable(lab)
    assert not lab.daemon("ha").ask("traffic")["home_agent"].get("accepted"), "nobody has registered meanwhile"
    assert "event=bindings_restored bindings=1 expired=0" in lab.daemon("ha").log.read_text()
    assert lab.daemon("ha").ask("status")["warnings"] == []


def test_a_request_captured_before_the_kill_is_refused_after_it(lab: Lab) -> None:
    go(lab, "home")
    captured = requests_sent(lab, "foreign1")
    assert captured, "the relayed request was captured"
    go(lab, "home")  # so that it is no duplicate of the binding's own
    crash(lab)
    assert lab.run("fa1", "python3", "-c", SEND, captured[0].hex()).stdout.strip() == MISMATCH
    assert lab.daemon("ha").ask("bindings") == []
    assert reachable(lab), "the node is at home, undisturbed"


def test_a_stop_forgets_no_binding_either(lab: Lab) -> None:
    go(lab, "foreign1")
    before = lasting(lab)
    lab.daemon("ha").stop()
    assert not any(HOME_ADDRESS in name for name in ours(lab, "ha"))
    lab.daemon("ha").start()
    assert lasting(lab) == before
    assert reachable(lab)


def test_a_damaged_file_costs_the_bindings_and_nothing_else(lab: Lab) -> None:
    go(lab, "foreign1")
    daemon = lab.daemon("ha")
    daemon.stop()
    (daemon.run_dir / "home_agent.db").write_bytes(b"not at all" * 1000)
    daemon.start()
    assert daemon.ask("bindings") == []
    (warning,) = daemon.ask("status")["warnings"]
    assert "kept as home_agent.db.aside-1" in warning
    assert "Traceback" not in daemon.log.read_text()
    lab.daemon("mn").tell("register")
    eventually(lambda: daemon.ask("bindings"), "the node registers anew")
    crash(lab)
    assert len(daemon.ask("bindings")) == 1
    assert daemon.ask("status")["warnings"] == []
