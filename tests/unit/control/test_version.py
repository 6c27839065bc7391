"""The version that is printed is the package's."""

import runpy
import sys
from importlib import metadata

import pytest

from mobileip.control import version as module


def test_the_version_is_the_packages() -> None:
    assert module.version() == metadata.version("mobileip")


def test_what_was_never_installed_has_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(module.metadata, "version", missing)
    assert module.version() == "unknown"


def test_it_is_a_program(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delitem(sys.modules, "mobileip.control.version")
    runpy.run_module("mobileip.control.version", run_name="__main__")
    assert capsys.readouterr().out == f"mip {metadata.version('mobileip')}\n"
