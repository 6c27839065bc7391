"""Which namespace and which boot."""

from pathlib import Path

import pytest

from mobileip.linux import whereabouts
from mobileip.linux.whereabouts import here


def test_it_is_the_same_for_all_processes_here() -> None:
    assert here() == here()
    assert here().namespace == Path("/proc/self/ns/net").stat().st_ino
    assert here().boot == Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def test_where_the_boot_is_not_told_the_namespace_has_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(whereabouts, "BOOT", tmp_path / "none")
    assert here().boot == ""
