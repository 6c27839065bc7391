"""What `mip` says and how it ends when a user who is not root runs it."""

import subprocess
import sys

# The process becomes that user when all is imported: the interpreter's files may lie where only root can read them.
_PROGRAM = """
import os, sys
from mobileip.cli.main import main, parser
parser().format_help()  # argparse imports what it needs late
os.setgroups([])
os.setresgid(65534, 65534, 65534)
os.setresuid(65534, 65534, 65534)
sys.exit(main(sys.argv[1:]))
"""


def mip_as_nobody(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", _PROGRAM, *words], capture_output=True, text=True, check=False, timeout=30
    )
