"""Does this kernel have netem? Where it has, it makes the wires; else the lab's own relay does."""

import functools
import os
import subprocess

from mobileip.lab import netns
from mobileip.lab.errors import LabError


@functools.cache
def works() -> bool:
    """Tries it in a namespace that is removed again."""
    probe = f"mip-probe-{os.getpid()}"
    try:
        netns.add([probe])
    except LabError:
        return False
    try:
        tried = subprocess.run(
            ["tc", "-n", probe, "qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms"],
            capture_output=True,
            check=False,
        )
        return tried.returncode == 0
    finally:
        netns.remove([probe])
