"""`python -m mobileip.sim`, which `mip simulate` starts. The only place of the room that looks at a real clock."""

import gc
import os
import sys
import time

from mobileip.sim.commands import main

if __name__ == "__main__":
    # What a simulation drops is freed by its reference counts; the collector would walk ten thousand nodes for nothing.
    gc.disable()
    try:
        code = main(sys.argv[1:], time.perf_counter)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has seen enough: ... | head
        code = 0
    sys.exit(code)
