"""The plan and the reconciliation on the real kernel's tables, in a namespace of their own."""

import subprocess
import sys

import pytest


@pytest.mark.netns
@pytest.mark.no_engine
def test_what_is_there_is_what_is_wanted_whichever_way_we_came():
    walk = subprocess.run(
        ["unshare", "--net", sys.executable, "-m", "tests.support.kernel_walk"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert walk.returncode == 0, walk.stderr
