"""Daemons under a user that is not root: with CAP_BPF on the fast path, without it on the other, and they say so."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.as_user import ENOUGH, NOBODY, as_nobody, give
from tests.support.bpffs import bpffs
from tests.support.machine import Picture, picture
from tests.support.roaming import eventually, go, reachable

from mobileip.lab.laboratory import Lab
from mobileip.lab.roles import Settings

pytestmark = [pytest.mark.netns, pytest.mark.no_engine]  # the engine follows from the user's rights

NODES = ("ha", "fa1", "mn")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A bpffs that the user may write, as a service's unit prepares it."""
    with bpffs(tmp_path / "bpf") as mounted:
        give(mounted)
        yield mounted


@pytest.fixture
def lab(folder: Path) -> Iterator[Lab]:
    settings: Settings = {node: {"daemon": {"engine": "auto", "bpf_directory": str(folder)}} for node in NODES}
    with Lab("minimal", name="test-nobody", daemons=False, settings=settings) as made:
        for node in NODES:
            daemon = made.daemon(node)
            daemon.run_dir.mkdir(exist_ok=True)
            give(daemon.folder)
        yield made


def engine(lab: Lab, node: str) -> Any:
    return lab.daemon(node).ask("status")["engine"]


def pins(folder: Path) -> list[Path]:
    return sorted(folder.glob("mip-*/*"))


def begin(lab: Lab, *capabilities: str) -> None:
    for node in NODES:
        lab.daemon(node).start(prefix=as_nobody((*ENOUGH, *capabilities)))
    go(lab, "foreign1")
    eventually(lambda: lab.daemon("mn").ask("registration")["registered"], "the node is registered")


def test_the_fast_path_needs_no_root(lab: Lab, folder: Path) -> None:
    untouched: dict[str, Picture] = {node: picture(lab, node) for node in NODES}
    begin(lab, "bpf")
    for node in NODES:
        assert engine(lab, node)["name"] == "ebpf", engine(lab, node)
        assert "attached by tcx links in a bpffs" in engine(lab, node)["reason"]
    assert reachable(lab)
    before = pins(folder)
    assert {path.stat().st_uid for path in before} == {NOBODY}

    lab.daemon("ha").kill()
    assert pins(folder) == before
    lab.daemon("ha").start(prefix=as_nobody((*ENOUGH, "bpf")))
    assert engine(lab, "ha")["name"] == "ebpf"
    assert pins(folder) == before

    for node in reversed(NODES):
        lab.daemon(node).stop()
        left = {path.name.split(".")[0] for path in lab.daemon(node).run_dir.iterdir()}
        assert left <= {"home_agent"}  # what it remembers
    assert list(folder.glob("mip*")) == []
    lab.move("mn", "home")
    assert {name for node in NODES for name in picture(lab, node).items() ^ untouched[node].items()} == set()


def test_without_the_right_to_use_it_the_daemon_says_why_and_forwards(lab: Lab) -> None:
    begin(lab)
    for node in NODES:
        name, reason = engine(lab, node)["name"], engine(lab, node)["reason"]
        assert name == "userspace"
        assert reason.startswith("no fast path: CAP_BPF is missing"), reason
    assert reachable(lab)
    assert lab.run("ha", "mip", "status").stdout.count("CAP_BPF is missing") == 1
