"""`mip doctor`: the daemon's findings, or, where none runs, those of a program that needs no daemon."""

import json
import subprocess
import sys
from pathlib import Path

from mobileip.cli.tables import Row, text
from mobileip.control.client import ControlClient, ControlError

ALONE = "mobileip.daemon.doctor_collect"
"""Run as a program of its own, as `mip check` is."""

PATIENCE = 30.0

EXIT_PROBLEM = 1


def view(client: ControlClient, configuration: Path | None) -> Row:
    """Raises: `ControlError`."""
    try:
        found = client.get("doctor")
    except ControlError as error:
        if error.code != "not_running":
            raise
        return _alone(error.message, configuration)
    if not isinstance(found, dict):
        raise ControlError("failed", "the daemon's answer is no doctor's", "see it with --json")
    return found


def page(found: Row) -> str:
    """Each finding with its verdict in front and what to do below; problems last, where they are seen."""
    findings = found.get("findings")
    lines: list[str] = []
    for finding in sorted(findings if isinstance(findings, list) else [], key=_badness):
        lines.append(f"{text(finding.get('verdict')).ljust(7)}  {text(finding.get('check'))}: {finding.get('found')}")
        if finding.get("advice"):
            lines.append(f"{'':7}  -> {finding.get('advice')}")
    return "\n".join(lines)


def exit_code(found: Row) -> int:
    return EXIT_PROBLEM if found.get("verdict") == "problem" else 0


def _badness(finding: Row) -> int:
    order = ("ok", "warning", "problem")
    verdict = finding.get("verdict")
    return order.index(str(verdict)) if verdict in order else len(order)


def _alone(why: str, configuration: Path | None) -> Row:
    words = [sys.executable, "-m", ALONE, "--why", why]
    words += ["--config", str(configuration)] if configuration is not None else []
    try:
        done = subprocess.run(words, capture_output=True, timeout=PATIENCE, check=False)
        found = json.loads(done.stdout) if done.returncode == 0 else None
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise ControlError("failed", f"can't look without a daemon: {error}") from error
    if not isinstance(found, dict):
        lines = done.stderr.decode(errors="replace").strip().splitlines() or ["it says nothing"]
        code = "configuration" if done.returncode == ControlError.EXIT_CODES["configuration"] else "failed"
        raise ControlError(code, "; ".join(line.removeprefix("mip: ") for line in lines))
    return found
