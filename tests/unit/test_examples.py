"""The hooks that are shipped as examples, run with a `mip` that notes what is said to it."""

import configparser
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from mobileip.cli.main import parser

FOLDER = Path(__file__).parents[2] / "examples" / "network-managers"
SHELL = shutil.which("sh") or "sh"


def run(script: str, *words: str, folder: Path, exit_code: int = 0) -> list[str]:
    """What the script says to `mip` and `sleep`, a line each; `mip` ends with that code."""
    notes = folder / "notes"
    for name, code in (("mip", exit_code), ("sleep", 0)):
        program = folder / name
        program.write_text(f'#!{SHELL}\necho {name} "$@" >> {notes}\nexit {code}\n')
        program.chmod(0o755)
    done = subprocess.run(
        [SHELL, FOLDER / script, *words],
        env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    return notes.read_text().splitlines() if notes.exists() else []


@pytest.mark.parametrize(
    ("script", "words", "said"),
    [
        ("dispatcher", ["wlan0", "pre-down"], ["mip link leaving wlan0", "sleep 0.5"]),
        ("dispatcher", ["wlan0", "up"], ["mip link staying wlan0"]),
        ("dispatcher", ["wlan0", "down"], []),
        ("dispatcher", ["", "connectivity-change"], []),
        ("system-sleep", ["post", "suspend"], ["mip link resumed"]),
        ("system-sleep", ["pre", "suspend"], []),
    ],
)
def test_a_hook_says_what_it_knows(script: str, words: list[str], said: list[str], tmp_path: Path) -> None:
    found = run(script, *words, folder=tmp_path)
    assert found == said
    for line in found:
        program, *arguments = line.split()
        if program == "mip":
            parser().parse_args(arguments)  # it is a command


@pytest.mark.parametrize(("script", "words"), [("dispatcher", ["eth9", "pre-down"]), ("system-sleep", ["post"])])
def test_a_hook_disturbs_nobody_where_there_is_no_such_link_or_no_daemon(
    script: str, words: list[str], tmp_path: Path
) -> None:
    (said,) = run(script, *words, folder=tmp_path, exit_code=4)
    assert said.startswith("mip link ")


@pytest.mark.parametrize("script", ["dispatcher", "system-sleep"])
def test_a_hook_can_be_executed(script: str) -> None:
    assert os.access(FOLDER / script, os.X_OK)


def test_what_network_managers_are_told() -> None:
    told = configparser.ConfigParser()
    told.optionxform = str  # type: ignore[assignment]  # as they are written
    assert told.read([FOLDER / name for name in ("NetworkManager.conf", "networkd.conf", "10-mobileip.network")])
    assert {section: dict(told[section]) for section in told.sections()} == {
        "device-mobileip": {"match-device": "interface-name:mip0*", "managed": "0"},
        "Network": {"ManageForeignRoutes": "no", "ManageForeignRoutingPolicyRules": "no"},
        "Match": {"Name": "mip0*"},
        "Link": {"Unmanaged": "yes"},
    }
