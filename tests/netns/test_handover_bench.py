"""The bench of handovers itself works: a part of it is measured, its results have their fields, nothing of it stays."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from bench.handover.ends import REPOSITORY
from bench.handover.kernel_trace import kernel_trace

from mobileip.lab import netns

pytestmark = [pytest.mark.netns, pytest.mark.no_engine, pytest.mark.alone]

PART = "make_before_break.fa-fa.1ms.ebpf"
"""Tests run beside this one: on the fast path its packets leave their daemons time enough."""


def test_a_part_gives_results_with_their_fields(tmp_path: Path) -> None:
    output = tmp_path / "handover.json"
    words = ["--quick", "--runs", "2", "--only", PART, "--output", str(output)]
    command = [sys.executable, "-m", "bench.handover", *words]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    voice, fast = json.loads(output.read_bytes())
    assert voice["name"] == "make_before_break.fa-fa.1ms.50pps"
    assert fast["name"] == "make_before_break.fa-fa.1ms.5000pps"
    for result in (voice, fast):
        assert result["engine"] == "ebpf"
        assert result["runs"] == 2  # there and back: both are from a foreign agent to another one
        # How many is the bench's business, on a machine that does nothing else.
        assert result["lost"] == result["lost_up"] + result["lost_down"]
        assert 0 < result["silence_ms_median"] <= result["silence_ms_max"]
        assert 1.0 <= result["mos"] < 4.5
        assert result["wire_worst_added_ms"] > 0
    assert netns.existing("mip-handover-") == []


TRACER = """
from bench.handover.kernel_trace import kernel_trace
with kernel_trace() as trace:
    print(trace.folder, flush=True)
    input()
"""


def test_what_a_killed_bench_has_traced_is_traced_no_more() -> None:
    command = [sys.executable, "-c", TRACER]
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as tracer:
        assert tracer.stdout is not None
        folder = tracer.stdout.readline().strip()
        with kernel_trace() as beside:
            if beside.folder is None:
                return  # a kernel without
            assert names_beside(beside.folder) >= {Path(folder).name, beside.folder.name}, "it is not dead yet"
        tracer.kill()
    try:
        with kernel_trace() as later:
            assert later.folder is not None
            assert Path(folder).name not in names_beside(later.folder)
    finally:
        mounted = Path(folder).parents[1]
        subprocess.run(["umount", "--lazy", mounted], check=True)
        mounted.rmdir()


def names_beside(folder: Path) -> set[str]:
    return {instance.name for instance in folder.parent.iterdir()}
