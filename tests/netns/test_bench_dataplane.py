"""The benchmark itself works: packets and a stream pass both ways of a pair, and nothing of it stays."""

import subprocess
import sys
from pathlib import Path

import pytest
from bench.dataplane import report
from bench.dataplane.helper import ROOT

from mobileip.lab import netns

pytestmark = [pytest.mark.netns, pytest.mark.no_engine, pytest.mark.alone]


def test_plain_forwarding_and_the_userspace_path_are_measured_as_a_pair(tmp_path: Path) -> None:
    output, subject = tmp_path / "results.json", "ipip.mobile_node.userspace"
    names = [f"{metric}.{subject}" for metric in ("tcp", "pps", "cpu")]
    only = [word for name in names for word in ("--only", name)]
    command = [sys.executable, "-m", "bench.dataplane", "--quick", "--output", str(output), *only]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    results = report.read(output)
    assert [result.name for result in results] == names
    for result in results:
        assert result.runs == 1
        assert result.value > 0
        assert result.baseline > 0
        assert result.spread == (result.ratio, result.ratio)
    assert netns.existing("mip-bench-") == []
