"""The version of what is installed, as its package says. A program too, `mip --version`: who asks nothing else need not
wait for this import.
"""

import sys
from importlib import metadata


def version() -> str:
    try:
        return metadata.version("mobileip")
    except metadata.PackageNotFoundError:  # run from a directory that was never installed
        return "unknown"


if __name__ == "__main__":
    sys.stdout.write(f"mip {version()}\n")
