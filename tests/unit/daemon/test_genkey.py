"""`mip genkey`: what it prints is a key file's content."""

import runpy
import sys
from pathlib import Path

import pytest
from tests.support.configuration import key_file

from mobileip.daemon import genkey
from mobileip.daemon.keys import read_key

Captured = pytest.CaptureFixture[str]


def test_what_is_printed_is_a_key_and_never_the_same(tmp_path: Path, capsys: Captured) -> None:
    assert genkey.main([]) == 0
    first = capsys.readouterr().out
    assert len(read_key(key_file(tmp_path, first))) == 16
    assert first.endswith("\n")
    assert genkey.main([]) == 0
    assert capsys.readouterr().out != first


@pytest.mark.parametrize(("word", "code"), [("--help", 0), ("mn.key", 2), ("--out", 2)])
def test_no_key_is_made_for_other_words(word: str, code: int, capsys: Captured) -> None:
    with pytest.raises(SystemExit) as ended:
        genkey.main([word])
    assert ended.value.code == code
    captured = capsys.readouterr()
    assert "usage: mip genkey" in captured.out + captured.err


def test_it_is_a_program(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setattr(sys, "argv", ["mip genkey"])
    monkeypatch.delitem(sys.modules, "mobileip.daemon.genkey")
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("mobileip.daemon.genkey", run_name="__main__")
    assert ended.value.code == 0
    assert len(bytes.fromhex(capsys.readouterr().out)) == 16
