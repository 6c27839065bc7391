"""`mip check`: without root, without network."""

from pathlib import Path

import pytest
from tests.support.configuration import key_file

from mobileip.daemon import check, genkey

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


def test_a_key_for_people_to_keep(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    genkey.main()
    printed = capsys.readouterr().out
    assert key_file(tmp_path, printed).read_text() == printed
    assert len(bytes.fromhex(printed)) == 16
