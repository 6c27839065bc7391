"""The generator guided by coverage (atheris): `python -m tools.fuzz.guided SECONDS SEED`, a process of its own.

The first octet of an input chooses the target.
"""

import os
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["mobileip"]):
    from tools.fuzz.plain import Finding, examine
    from tools.fuzz.targets import TARGETS

LONGEST_INPUT = 1500
LONGEST_TIME = 10
"""For one input, s: beyond that it hangs."""


def one_input(data: bytes) -> None:
    if not data:
        return
    result = examine(TARGETS[data[0] % len(TARGETS)], data[1:])
    if isinstance(result, Finding):
        print(result.report(), flush=True)
        os._exit(1)  # not by the fuzzer's own way out, which has another code and leaves a file


def main() -> None:
    seconds, seed = map(int, sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="mobileip-fuzz-corpus-") as folder:
        for index, target in enumerate(TARGETS):
            for number, octets in enumerate(target.seeds):
                (Path(folder) / f"{index}-{number}").write_bytes(bytes((index,)) + octets)
        limits = [f"-max_total_time={seconds}", f"-max_len={LONGEST_INPUT}", f"-timeout={LONGEST_TIME}"]
        told = ["-verbosity=0", "-print_final_stats=1", f"-artifact_prefix={folder}/"]
        atheris.Setup([sys.argv[0], f"-seed={seed}", *limits, *told, folder], one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
