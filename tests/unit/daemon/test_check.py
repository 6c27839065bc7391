"""`mip check`: without root, without network."""

import runpy
import sys
from pathlib import Path

import pytest

from mobileip.daemon import check

GOOD = '[foreign_agent]\nlinks = ["eth1"]\ncare_of_address = "192.0.2.1"\n'


def test_a_good_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "fa.toml"
    path.write_text(GOOD)
    assert check.main([str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: good (foreign_agent)\n"


def test_every_error_of_every_file_has_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text(GOOD)
    bad.write_text("[foreign_agent]\nlinks = []\nx = 1\n")
    assert check.main([str(bad), str(good)]) == 7
    captured = capsys.readouterr()
    assert captured.out == f"{good}: good (foreign_agent)\n"
    assert [line.partition(": ")[0] for line in captured.err.splitlines()] == [str(bad)] * 3
    assert "foreign_agent.x: unknown key" in captured.err


def test_no_file_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        check.main([])
    assert ended.value.code == 2
    assert "usage: mip check" in capsys.readouterr().err


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe", b"x = [", b"[" * 3000])
def test_what_can_not_be_read_is_one_line(
    content: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "file.toml"
    path.mkdir() if content is None else path.write_bytes(content)
    assert check.main([str(path)]) == 7
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert line.startswith(f"{path}: ")
    assert line.count(str(path)) == 1, "the file is named once"


def test_it_is_a_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "fa.toml"
    path.write_text(GOOD)
    monkeypatch.setattr(sys, "argv", ["mip check", str(path)])
    monkeypatch.delitem(sys.modules, "mobileip.daemon.check")
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("mobileip.daemon.check", run_name="__main__")
    assert ended.value.code == 0
