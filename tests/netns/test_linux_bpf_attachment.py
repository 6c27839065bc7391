"""Programs attached to devices by each means: replaced without a gap, left behind, found again, swept."""

import json
import os
import signal
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from tests.support.bpf_program import compiled
from tests.support.bpffs import bpffs
from tests.support.eventually import eventually
from tests.support.netns import Namespace, namespace, veth

from mobileip.linux.bpf import attachment, clsact
from mobileip.linux.bpf.attachment import JOURNAL_NAME, Attachments
from mobileip.linux.bpf.clsact import Direction
from mobileip.linux.bpf.libbpf import BpfObject
from mobileip.linux.bpf.syscall import create_link
from mobileip.linux.errors import BpfRefused

pytestmark = pytest.mark.netns

SOURCE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 2); __type(key, __u32); __type(value, __u64); }
    counts SEC(".maps");
static void count(__u32 place) {
    __u64 *count = bpf_map_lookup_elem(&counts, &place);
    if (count) __sync_fetch_and_add(count, 1);
}
SEC("tc") int passes(struct __sk_buff *skb) { count(0); return -1; }
SEC("tc") int takes(struct __sk_buff *skb) { count(1); return 2; }
char _license[] SEC("license") = "Dual BSD/GPL";
"""
"""`passes` lets the next program see the packet, `takes` does not."""

FRAME = bytes(12) + b"\x88\xb5" + bytes(46)
NAME = "mip_program"


class Program:
    """One load of the object: its programs and what they have counted."""

    def __init__(self) -> None:
        self.object = BpfObject(compiled(SOURCE))
        self.object.load()
        self.passes, self.takes = self.object.program("passes"), self.object.program("takes")

    def counted(self, place: int = 0) -> int:
        value = self.object.map("counts").lookup(struct.pack("=I", place))
        assert value is not None
        return int(struct.unpack("=Q", value)[0])


class Bench:
    """A device `x` whose packets come from `y`."""

    def __init__(self, inside: Namespace, run: Path, bpf: Path) -> None:
        self.inside, self.run, self.bpf = inside, run, bpf
        self._sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self._sender.bind(("y", 0))

    @property
    def index(self) -> int:
        return socket.if_nametoindex("x")

    def send(self, frames: int = 1) -> None:
        for _ in range(frames):
            self._sender.send(FRAME)

    @contextmanager
    def attachments(self, bpf: Path | None = None) -> Iterator[Attachments]:
        made = Attachments(self.run, "mip0", bpf or self.bpf)
        try:
            yield made
        finally:
            made.close()

    def filters(self, device: str = "x", direction: str = "ingress") -> list[str]:
        """Names of the filters of cls_bpf."""
        found = json.loads(self.inside.run("tc", "-j", "filter", "show", "dev", device, direction))
        return [entry["options"]["bpf_name"] for entry in found if "bpf_name" in entry.get("options", {})]

    def qdiscs(self, device: str = "x") -> list[str]:
        found = json.loads(self.inside.run("tc", "-j", "qdisc", "show", "dev", device))
        return [entry["kind"] for entry in found if entry["kind"] != "noqueue"]

    def tc(self, line: str) -> str:
        return self.inside.run("tc", *line.split())

    def others(self, place: str) -> None:
        """Somebody else's filter is added."""
        file = self.run.parent / "other.o"
        file.write_bytes(compiled(SOURCE))
        self.tc(f"filter add dev x {place} protocol all bpf da obj {file} sec tc")

    def pins(self) -> list[str]:
        return sorted(path.name for path in self.bpf.glob("mip-*/*")) if self.bpf.exists() else []

    def close(self) -> None:
        self._sender.close()


@pytest.fixture
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    """With a bpffs, if the test is not about a machine without one."""
    run, folder = tmp_path / "run", tmp_path / "bpf"
    run.mkdir()
    with namespace() as inside, bpffs(folder), inside.entered():
        veth(inside, "x", inside, "y")
        with closing(Bench(inside, run, folder)) as made:
            yield made


@pytest.fixture(params=["bpffs", "clsact", "unpinned"])
def means(bench: Bench, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    return prepared(bench, request.param, monkeypatch)


@pytest.fixture(params=["bpffs", "clsact"])
def lasting(bench: Bench, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Means that outlive the process."""
    return prepared(bench, request.param, monkeypatch)


def prepared(bench: Bench, means: str, monkeypatch: pytest.MonkeyPatch) -> str:
    if means != "bpffs":
        bench.bpf = bench.run / "nowhere"
    if means == "unpinned":  # a kernel without cls_bpf
        monkeypatch.setattr(clsact, "RTM_NEWTFILTER", 0xFF)
    return means


@pytest.fixture
def program() -> Iterator[Program]:
    made = Program()
    yield made
    made.object.close()


@pytest.fixture
def newer() -> Iterator[Program]:
    made = Program()
    yield made
    made.object.close()


def dies(bench: Bench, program: Program) -> None:
    """A process attaches the program and is killed."""
    child = os.fork()
    if child == 0:
        try:
            Attachments(bench.run, "mip0", bench.bpf).attach(bench.index, Direction.INGRESS, program.passes, NAME)
            os.kill(os.getpid(), signal.SIGKILL)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL


def nothing_stays(bench: Bench) -> None:
    assert bench.filters() == bench.filters(direction="egress") == bench.qdiscs() == bench.pins() == []
    assert list(bench.run.iterdir()) == []
    assert list(bench.bpf.glob("mip*")) == []


def test_an_attached_program_sees_each_packet_until_it_is_swept(bench: Bench, means: str, program: Program) -> None:
    with bench.attachments() as attachments:
        attachments.attach(bench.index, Direction.INGRESS, program.passes, NAME)
        bench.send(3)
        eventually(lambda: program.counted() == 3)
        attachments.sweep()
        nothing_stays(bench)
        bench.send()
        assert program.counted() == 3


def test_the_means_is_told(bench: Bench, means: str, program: Program) -> None:
    with bench.attachments() as attachments:
        attachments.attach(bench.index, Direction.INGRESS, program.passes, NAME)
        assert (
            attachments.method
            == {
                "bpffs": "tcx links in a bpffs",
                "clsact": "clsact filters",
                "unpinned": "tcx links that end with the daemon",
            }[means]
        )


def test_both_directions_have_a_program_each(bench: Bench, means: str, program: Program, newer: Program) -> None:
    with bench.attachments() as attachments:
        attachments.attach(bench.index, Direction.INGRESS, program.passes, NAME)
        attachments.attach(socket.if_nametoindex("y"), Direction.EGRESS, newer.passes, NAME)
        bench.send(2)
        eventually(lambda: (program.counted(), newer.counted()) == (2, 2))
        attachments.sweep()
    nothing_stays(bench)


def test_no_packet_meets_no_program_while_it_is_replaced(
    bench: Bench, means: str, program: Program, newer: Program
) -> None:
    sent = 0
    done = threading.Event()

    def stream() -> None:
        nonlocal sent
        while not done.is_set() and sent < 1_000_000:
            bench.send()
            sent += 1

    with bench.attachments() as attachments:
        attachments.attach(bench.index, Direction.INGRESS, program.takes, NAME)
        thread = threading.Thread(target=stream)
        thread.start()
        for turn in range(60):
            next_one = (newer, program)[turn % 2]
            before = next_one.counted(1)
            attachments.attach(bench.index, Direction.INGRESS, next_one.takes, NAME)
            eventually(lambda one=next_one, before=before: one.counted(1) > before)
        done.set()
        thread.join()
        eventually(lambda: program.counted(1) + newer.counted(1) == sent)
        attachments.sweep()


def test_a_program_goes_on_when_the_process_that_attached_it_is_killed(
    bench: Bench, lasting: str, program: Program
) -> None:
    dies(bench, program)
    bench.send(2)
    eventually(lambda: program.counted() == 2)


def test_a_link_without_a_name_ends_with_its_process(
    bench: Bench, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared(bench, "unpinned", monkeypatch)
    dies(bench, program)
    bench.send()
    assert program.counted() == 0


def test_the_next_process_replaces_what_a_killed_one_left(
    bench: Bench, lasting: str, program: Program, newer: Program
) -> None:
    dies(bench, program)
    with bench.attachments() as attachments:
        attachments.attach(bench.index, Direction.INGRESS, newer.passes, NAME)
        attachments.sweep(keep=True)
        bench.send(2)
        eventually(lambda: newer.counted() == 2)
        assert program.counted() == 0
        attachments.sweep()
    nothing_stays(bench)


def test_the_next_process_sweeps_what_it_does_not_want(bench: Bench, lasting: str, program: Program) -> None:
    dies(bench, program)
    with bench.attachments() as attachments:
        attachments.sweep(keep=True)
    nothing_stays(bench)


@pytest.mark.parametrize("before", ["bpffs", "clsact"])
def test_another_means_than_before_takes_over(bench: Bench, before: str, program: Program, newer: Program) -> None:
    bpf, nowhere = bench.bpf, bench.run / "nowhere"
    bench.bpf = bpf if before == "bpffs" else nowhere
    dies(bench, program)
    with bench.attachments(nowhere if before == "bpffs" else bpf) as attachments:
        attachments.attach(bench.index, Direction.INGRESS, newer.takes, NAME)
        bench.send()
        eventually(lambda: newer.counted(1) == 1)
        attachments.sweep(keep=True)
        seen = program.counted()
        bench.send()
        eventually(lambda: newer.counted(1) == 2)
        assert program.counted() == seen
        attachments.sweep()
    bench.bpf = bpf
    nothing_stays(bench)


def test_a_device_that_is_made_anew_gets_its_program_again(bench: Bench, lasting: str, program: Program) -> None:
    with bench.attachments() as attachments:
        former = bench.index
        attachments.attach(former, Direction.INGRESS, program.passes, NAME)
        descriptors = len(list(Path("/proc/self/fd").iterdir()))
        for _ in range(3):
            bench.close()
            bench.inside.ip("link delete x")
            veth(bench.inside, "x", bench.inside, "y")
            attachments.forget(former)
            former = bench.index
            attachments.attach(former, Direction.INGRESS, program.passes, NAME)
        assert len(list(Path("/proc/self/fd").iterdir())) == descriptors - 1  # our sender
        attachments.sweep()
    nothing_stays(bench)


def test_a_device_with_the_index_of_one_that_is_gone_gets_its_program(
    bench: Bench, means: str, program: Program
) -> None:
    index = bench.index
    with bench.attachments() as attachments:
        attachments.attach(index, Direction.INGRESS, program.passes, NAME)
        bench.close()
        bench.inside.ip("link delete x")
        bench.inside.ip(f"link add x index {index} type veth peer name y")
        for name in ("x", "y"):
            bench.inside.ip(f"link set {name} up")
        attachments.attach(index, Direction.INGRESS, program.passes, NAME)
        with closing(Bench(bench.inside, bench.run, bench.bpf)) as again:
            again.send()
            eventually(lambda: program.counted() == 1)
        attachments.sweep()
    nothing_stays(bench)


def test_a_device_that_is_not_there_is_no_error(bench: Bench, means: str, program: Program) -> None:
    with bench.attachments() as attachments:
        attachments.attach(4711, Direction.INGRESS, program.passes, NAME)
        attachments.forget(4711)
        attachments.sweep()
    nothing_stays(bench)


def test_links_of_a_namespace_that_is_gone_are_swept(bench: Bench, program: Program) -> None:
    run = bench.run.parent / "other"
    run.mkdir()
    with namespace() as other, other.entered():
        veth(other, "x", other, "y")
        inner = Bench(other, run, bench.bpf)
        dies(inner, program)
        inner.close()
        assert bench.pins() == inner.pins() != []
        with bench.attachments() as attachments:
            pass
        with bench.inside.entered(), bench.attachments() as attachments:
            attachments.sweep()
            assert inner.pins() != [], "that namespace is there still"
    with bench.attachments() as attachments:
        eventually(lambda: attachments.sweep() or bench.pins() == [])
    nothing_stays(bench)


# -- what others made


def test_filters_of_others_stay(bench: Bench, program: Program) -> None:
    bench.bpf = bench.run / "nowhere"
    bench.tc("qdisc add dev x clsact")
    for preference in (1, 7430):
        bench.others(f"egress pref {preference} handle 2")
    before = bench.tc("filter show dev x egress")
    with bench.attachments() as attachments:
        attachments.attach(bench.index, Direction.INGRESS, program.passes, NAME)
        assert bench.filters() == [NAME]
        attachments.sweep()
    assert bench.filters() == []
    assert bench.tc("filter show dev x egress") == before
    assert bench.qdiscs() == ["clsact"]


def test_a_qdisc_of_ours_stays_when_others_use_it_by_now(bench: Bench, program: Program) -> None:
    bench.bpf = bench.run / "nowhere"
    with bench.attachments() as attachments:
        attachments.attach(bench.index, Direction.INGRESS, program.passes, NAME)
        assert (bench.run / JOURNAL_NAME).exists()
        bench.others("ingress pref 9")
        attachments.sweep()
    assert bench.qdiscs() == ["clsact"]
    assert list(bench.run.iterdir()) == []


def test_a_qdisc_of_ours_stays_where_it_is_swept_for_now(bench: Bench, program: Program) -> None:
    """Making and removing one stops the device for a moment: packets are lost."""
    bench.bpf = bench.run / "nowhere"
    with bench.attachments() as attachments:
        attachments.attach(bench.index, Direction.INGRESS, program.passes, NAME)
        attachments.detach()
        assert (bench.filters(), bench.qdiscs()) == ([], ["clsact"])
        attachments.attach(bench.index, Direction.INGRESS, program.passes, NAME)
        attachments.detach()
        attachments.sweep()
    nothing_stays(bench)


def test_a_qdisc_of_ours_is_removed_by_the_next_process(bench: Bench, program: Program) -> None:
    bench.bpf = bench.run / "nowhere"
    dies(bench, program)
    assert bench.qdiscs() == ["clsact"]
    with bench.attachments() as attachments:
        attachments.sweep()
    nothing_stays(bench)


def test_a_filter_of_others_in_our_place_is_not_replaced(
    bench: Bench, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.bpf = bench.run / "nowhere"
    bench.tc("qdisc add dev x clsact")
    bench.others("ingress pref 7430 handle 1")
    names = bench.filters()
    with bench.attachments() as attachments:
        attachments.attach(bench.index, Direction.INGRESS, program.passes, NAME)
        assert attachments.method == "tcx links that end with the daemon"
        assert bench.filters() == names
        attachments.sweep()
    assert bench.filters() == names


def test_an_ingress_qdisc_of_others_is_used_and_stays(bench: Bench, program: Program) -> None:
    bench.bpf = bench.run / "nowhere"
    bench.tc("qdisc add dev x ingress")
    with bench.attachments() as attachments:
        attachments.attach(bench.index, Direction.INGRESS, program.passes, NAME)
        assert attachments.method == "clsact filters"
        bench.send()
        eventually(lambda: program.counted() == 1)
        attachments.attach(bench.index, Direction.EGRESS, program.passes, NAME)
        assert attachments.method == "clsact filters and tcx links that end with the daemon"
        attachments.sweep()
    assert bench.qdiscs() == ["ingress"]


def test_tcx_links_of_others_stay(bench: Bench, lasting: str, program: Program, newer: Program) -> None:
    other = create_link(newer.passes, bench.index, Direction.INGRESS)
    with bench.attachments() as attachments:
        attachments.attach(bench.index, Direction.INGRESS, program.passes, NAME)
        bench.send()
        eventually(lambda: (program.counted(), newer.counted()) == (1, 1))
        attachments.sweep()
    bench.send()
    eventually(lambda: newer.counted() == 2)
    os.close(other)


def test_where_nothing_works_each_reason_is_told(
    bench: Bench, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared(bench, "unpinned", monkeypatch)

    def no_tcx(*_: object) -> int:
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(attachment, "create_link", no_tcx)
    monkeypatch.setattr("mobileip.linux.bpf.pins.create_link", no_tcx)
    with bench.attachments() as attachments:
        with pytest.raises(BpfRefused, match=r"^can't be attached to x: .*clsact filters: Operation not supported"):
            attachments.attach(bench.index, Direction.INGRESS, program.passes, NAME)
        assert attachments.method == "clsact filters"
        attachments.sweep()
    nothing_stays(bench)
