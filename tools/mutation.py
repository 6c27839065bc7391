#!/usr/bin/env python3
"""Mutation testing of what must not be wrong: each operator, number and name of `security` and of the agents' validity
checks is changed in turn (by mutmut), and their unit tests have to fail.

    tools/mutation.py [--children N]

A change that no test notices is a survivor. Each survivor is explained in tools/mutation_survivors.toml; one that is
not there, or an explanation of one that is noticed now, is an error. It works on a copy in build/mutation.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COPY = ROOT / "build" / "mutation"
EXPLAINED = ROOT / "tools" / "mutation_survivors.toml"
COPIED = ("src", "tests", "tools", "pyproject.toml", "docs", "examples", "README.md", "CHANGELOG.md")
MUTATED = (
    "src/mobileip/security/*",
    "src/mobileip/agents/home/validity.py",
    "src/mobileip/agents/home/authenticity.py",
    "src/mobileip/agents/foreign/validity.py",
    "src/mobileip/agents/foreign/reply_validity.py",
)
TESTS = ("tests/unit/security", "tests/unit/agents/home", "tests/unit/agents/foreign")
"""Not the property tests: what only chance notices would be a survivor on some days."""
NOTICED = ("killed", "timeout")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--children", type=int, default=2, help="test processes at once (2)")
    options = parser.parse_args()
    copy()
    subprocess.run([*MUTMUT, "run", "--max-children", str(options.children)], cwd=COPY, check=True)
    shown = subprocess.run([*MUTMUT, "results", "--all", "true"], cwd=COPY, check=True, capture_output=True, text=True)
    results = dict(re.findall(r"^\s*(\S+): (.+)$", shown.stdout, re.MULTILINE))
    counts = Counter(results.values())
    survivors = {name: change(name) for name, result in sorted(results.items()) if result not in NOTICED}
    print(
        f"mutation: {len(results)} changes, " + ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
    )
    return judge(survivors)


MUTMUT = (str(Path(sys.executable).with_name("mutmut")),)


def copy() -> None:
    """The checkout without what is built, and with mutmut's own configuration."""
    shutil.rmtree(COPY, ignore_errors=True)
    COPY.mkdir(parents=True)
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, COPY / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, COPY / name)
    listed = {
        "source_paths": ["src/"],
        "only_mutate": list(MUTATED),
        "pytest_add_cli_args_test_selection": list(TESTS),
        "also_copy": [name for name in COPIED if (ROOT / name).is_dir()],
    }
    lines = [f"{key} = {value!r}".replace("'", '"') for key, value in listed.items()]
    with (COPY / "pyproject.toml").open("a") as file:
        file.write("\n[tool.mutmut]\n" + "\n".join(lines) + "\n")


def change(name: str) -> str:
    """What was changed: the lines of the difference, without the names that mutmut invents."""
    shown = subprocess.run([*MUTMUT, "show", name], cwd=COPY, check=True, capture_output=True, text=True)
    lines = [line for line in shown.stdout.splitlines() if re.match(r"[-+](?![-+]{2})", line)]
    function = re.sub(r"__mutmut_\d+$", "", name).replace("xǁ", "").replace("ǁ", ".").replace("x_", "")
    return f"{function.removeprefix('mobileip.')}: " + " / ".join(f"{line[0]} {line[1:].strip()}" for line in lines)


def judge(survivors: dict[str, str]) -> int:
    """0 when the survivors are those that are explained."""
    explained = {
        text: group["reason"] for group in tomllib.loads(EXPLAINED.read_text())["survivor"] for text in group["changes"]
    }
    found = set(survivors.values())
    for text in sorted(found - explained.keys()):
        print(f"survived, and nobody says why: {text}")
    for text in sorted(explained.keys() - found):
        print(f"explained, but noticed or not made any more: {text}")
    print(f"mutation: {len(found)} survivors, {len(found & explained.keys())} of them explained")
    return int(found != explained.keys())


if __name__ == "__main__":
    sys.exit(main())
