"""What is written for `nft`; tests/netns has the kernel judge it."""

import errno
import subprocess
from ipaddress import IPv4Address

import pytest

from mobileip.dataplane.ports import FrameMark
from mobileip.linux import frame_marks
from mobileip.linux.frame_marks import FrameMarks, script

ONE = FrameMark(
    interface="eth1",
    link_address=bytes.fromhex("020000000007"),
    source=IPv4Address("10.0.0.5"),
    mark=0x4D500001,
)
OTHER = FrameMark(
    interface="eth1",
    link_address=bytes.fromhex("020000000008"),
    source=IPv4Address("10.0.0.5"),
    mark=0x4D500002,
)


class Nft:
    """The program: it notes what it was given."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.given: list[str] = []
        self.result: int | Exception = 0
        self.where: str | None = "/usr/sbin/nft"
        patch.setattr(frame_marks.shutil, "which", lambda _: self.where)
        patch.setattr(frame_marks.subprocess, "run", self.run)

    def run(self, command: list[str], **options: bytes) -> subprocess.CompletedProcess[bytes]:
        assert command == ["/usr/sbin/nft", "-f", "-"]
        self.given.append(options["input"].decode())
        if isinstance(self.result, Exception):
            raise self.result
        return subprocess.CompletedProcess(command, self.result)


@pytest.fixture
def nft(monkeypatch: pytest.MonkeyPatch) -> Nft:
    return Nft(monkeypatch)


FROM_EITHER = 'add rule ip mobileip visitors iifname "eth1" ether saddr 02:00:00:00:00:0{} ip saddr 10.0.0.5'


def test_the_table_is_made_anew_with_every_mark() -> None:
    assert script({OTHER, ONE}).splitlines() == [
        "add table ip mobileip",
        "delete table ip mobileip",
        "add table ip mobileip",
        "add chain ip mobileip visitors { type filter hook prerouting priority -300; }",
        f"{FROM_EITHER.format(7)} meta mark set 0x4d500001",
        f"{FROM_EITHER.format(8)} meta mark set 0x4d500002",
    ]


def test_the_last_mark_takes_the_table_with_it(nft: Nft) -> None:
    marks = FrameMarks()
    assert marks.change(install=[ONE], remove=[]) == 0
    assert marks.marks == {ONE}
    assert marks.change(install=[OTHER], remove=[ONE]) == 0
    assert marks.change(install=[], remove=[OTHER]) == 0
    assert nft.given == [script({ONE}), script({OTHER}), script(())]
    assert marks.marks == frozenset()


def test_several_marks_are_one_step(nft: Nft) -> None:
    assert FrameMarks().change(install=[ONE, OTHER], remove=[]) == 0
    assert nft.given == [script({ONE, OTHER})]


@pytest.mark.parametrize(
    ("result", "number"),
    [(1, errno.EINVAL), (OSError(errno.EPERM, ""), errno.EIO), (subprocess.TimeoutExpired("nft", 10), errno.EIO)],
)
def test_what_is_refused_is_not_there(nft: Nft, result: int | Exception, number: int) -> None:
    marks = FrameMarks()
    nft.result = result
    assert marks.change([ONE], []) == number
    assert marks.marks == frozenset()


def test_without_the_program_there_are_no_marks_and_nothing_to_clear(nft: Nft) -> None:
    nft.where = None
    marks = FrameMarks()
    assert marks.change([ONE], []) == errno.ENOENT
    marks.clear_leftovers()
    assert nft.given == []


def test_what_a_former_daemon_left_goes_on_until_it_is_replaced_or_cleared(nft: Nft) -> None:
    marks = FrameMarks()
    assert nft.given == []
    marks.clear_leftovers()
    assert nft.given == [script(())]
    marks.change([ONE], [])
    marks.clear_leftovers()
    assert nft.given == [script(()), script({ONE})], "what is ours is no leftover"
