"""The lab's own wires: delay, rate and loss as asked, by counts and by the frames' own time stamps.

cn eth0 198.51.100.10 ~~~~ wire `correspondent` ~~~~ eth0 198.51.100.1 internet
"""

import json
import signal
import socket
import statistics
from collections.abc import Iterator

import pytest

from mobileip.lab import processes
from mobileip.lab.laboratory import Lab
from mobileip.lab.topology import Wire
from mobileip.lab.wires.protocol import LaneReport

pytestmark = [pytest.mark.netns, pytest.mark.no_engine]

FAR = "198.51.100.1"
UDP_PORT = 7000
HEADERS = 14 + 20 + 8


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab("router", name="test-wires", daemons=False, use_netem=False) as lab:
        for node, address, other in (("cn", FAR, "01"), ("internet", "198.51.100.10", "02")):
            neighbour = ["neigh", "replace", address, "lladdr", f"02:00:00:00:{other}:00", "dev", "eth0"]
            lab.run(node, "ip", *neighbour, "nud", "permanent")
        yield lab


def lane(lab: Lab) -> LaneReport:
    """What the relay has counted from cn to the internet."""
    report = lab.wires()
    assert report is not None
    (found,) = (one for one in report.wires["correspondent"] if one.origin.endswith("-cn/eth0"))
    return found


def settled(counted: LaneReport) -> int:
    return counted.forwarded + counted.lost + counted.overflowed


def send(lab: Lab, wire: Wire, count: int, size: int = 200) -> dict[int, tuple[int, int]]:
    """Sends numbered frames of `size` octets at once; of those that arrived: when sent, when there (nanoseconds)."""
    lab.set_wire("correspondent", wire)
    with lab.inside("internet"):
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with lab.inside("cn"):
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with receiver, sender, lab.capture(("cn", "eth0"), ("internet", "eth0")) as capture:
        receiver.bind((FAR, UDP_PORT))
        before = settled(lane(lab))
        for number in range(count):
            sender.sendto(number.to_bytes(4, "big").ljust(size - HEADERS, b"."), (FAR, UDP_PORT))
        while settled(lane(lab)) < before + count:
            pass
    times: dict[str, dict[int, int]] = {"cn": {}, "internet": {}}
    for frame in capture.frames:
        if frame.ether_type == 0x0800 and frame.payload[9] == 17 and frame.length == size:
            times[frame.place.node][int.from_bytes(frame.payload[28:32], "big")] = frame.time
    return {number: (times["cn"][number], at) for number, at in times["internet"].items()}


def test_no_frame_is_early_and_few_are_late(lab: Lab) -> None:
    arrived = send(lab, Wire(delay_ms=25, rate_mbit=1000), count=100)
    assert list(arrived) == list(range(100))
    delays = [(there - sent) / 1e6 for sent, there in arrived.values()]
    assert min(delays) >= 25
    assert statistics.median(delays) <= 25 + 25 + lane(lab).worst_added_ms


def test_the_rate_is_kept(lab: Lab) -> None:
    arrived = send(lab, Wire(delay_ms=1, rate_mbit=4), count=200, size=1000)  # 2 ms each
    assert list(arrived) == list(range(200))
    times = [there for _, there in arrived.values()]
    taken = (times[-1] - times[0]) / 1e6
    assert 0.95 * 199 * 2 <= taken <= 1.5 * 199 * 2 + lane(lab).worst_added_ms


def test_losses_are_as_many_as_asked_and_each_is_counted(lab: Lab) -> None:
    arrived = send(lab, Wire(delay_ms=1, loss=0.2), count=500)
    counted = lane(lab)
    assert 60 <= counted.lost <= 140
    assert counted.overflowed == 0
    assert len(arrived) == 500 - counted.lost == counted.forwarded


def test_a_cut_wire_lets_nothing_through_and_heals(lab: Lab) -> None:
    assert send(lab, Wire(loss=1.0), count=20) == {}
    assert len(send(lab, Wire(), count=20)) == 20


def test_each_way_has_its_own_queue(lab: Lab) -> None:
    lab.set_wire("correspondent", Wire(delay_ms=1))
    report = lab.wires()
    assert report is not None
    assert [one.origin for one in report.wires["correspondent"]] == [
        "mip-test-wires-internet/eth0",
        "mip-test-wires-cn/eth0",
    ]


def test_the_relay_tells_what_it_did_when_it_ends(lab: Lab) -> None:
    send(lab, Wire(), count=10)
    (relay,) = (process for process in lab.processes() if process.label == "wires")
    assert processes.end(relay, signal.SIGTERM)
    told = json.loads((lab.folder.logs / "wires.log").read_text())
    assert sum(one["forwarded"] for one in told["wires"]["correspondent"]) >= 10
