"""`python -m mobileip.lab`, which `mip lab` starts."""

import sys

from mobileip.lab.commands import main

if __name__ == "__main__":
    sys.exit(main())
