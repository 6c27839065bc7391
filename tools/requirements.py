#!/usr/bin/env python3
"""The matrix of requirements: for each line of an RFC that we claim, where the code obeys it and which test would fail.

    tools/requirements.py            writes docs/reference/requirements.md and build/requirements.json
    tools/requirements.py --check    fails on an unknown id, on a line neither tested nor excused, on a stale page
    tools/requirements.py --open     lists the lines that are neither tested nor excused

Lists: tests/conformance/requirements/rfc*.tsv (id, roles, level, section, text). Excuses, each with its reason:
tests/conformance/requirements/excused*.toml. A line of code cites an id in a comment or docstring; a test claims one in
the head of a conformance case or by `@pytest.mark.requirement(...)`.
"""

import argparse
import ast
import json
import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
SOURCE, TESTS = ROOT / "src" / "mobileip", ROOT / "tests"
LISTS = TESTS / "conformance" / "requirements"
PAGE, FIGURES = ROOT / "docs" / "reference" / "requirements.md", ROOT / "build" / "requirements.json"
ID = re.compile(r"\bR\d{4}-[0-9A-Z][0-9A-Za-z.]*-[a-z]{1,2}\b")
LEVELS = ("MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "must", "should", "MAY")
TITLES = {
    "1256": "ICMP Router Discovery",
    "2003": "IP Encapsulation within IP",
    "2004": "Minimal Encapsulation within IP",
    "2784": "Generic Routing Encapsulation",
    "2794": "Network Access Identifier Extension",
    "2890": "Key and Sequence Number Extensions to GRE",
    "3024": "Reverse Tunneling for Mobile IP, revised",
    "3115": "Vendor/Organization-Specific Extensions",
    "3344": "IP Mobility Support, 2002 (where it differs)",
    "3519": "NAT Traversal",
    "3543": "Registration Revocation",
    "3846": "Extension for Carrying Network Access Identifiers",
    "4433": "Dynamic Home Agent Assignment",
    "4636": "Foreign Agent Error Extension",
    "4917": "Message String Extension",
    "6245": "GRE Key Extension",
    "5944": "IP Mobility Support for IPv4, Revised",
}


class Requirement(NamedTuple):
    """One line of a list."""

    id: str
    roles: str
    level: str
    section: str
    text: str

    @property
    def rfc(self) -> str:
        return self.id[1:5]


class Place(NamedTuple):
    """Where an id stands: a file of the project, a line in it, and for a test what pytest calls it."""

    path: Path
    line: int
    name: str = ""

    def link(self, page: Path) -> str:
        relative = self.path.relative_to(ROOT)
        up = "../" * len(page.relative_to(ROOT).parent.parts)
        return f"[{self.path.name}:{self.line}]({up}{relative}#L{self.line})"


class Matrix(NamedTuple):
    requirements: dict[str, Requirement]
    code: dict[str, list[Place]]
    tests: dict[str, list[Place]]
    excused: dict[str, str]

    def is_settled(self, identity: str) -> bool:
        return identity in self.tests or identity in self.excused

    def problems(self) -> list[str]:
        """What makes the matrix untrue, one line each."""
        found = []
        for places in (self.code, self.tests):
            unknown = sorted(set(places) - set(self.requirements))
            found += [f"{_where(places[identity][0])}: {identity} is in no list" for identity in unknown]
        found += [
            f"excuses: {identity} is in no list" for identity in self.excused if identity not in self.requirements
        ]
        found += [
            f"excuses: {identity} has a test: it needs no excuse" for identity in self.excused if identity in self.tests
        ]
        for identity in self.requirements:
            if not self.is_settled(identity):
                found.append(f"{identity} is neither tested nor excused: {self.requirements[identity].text}")
            elif identity in self.tests and identity not in self.code:
                found.append(f"{_where(self.tests[identity][0])}: {identity} is tested, but no line of code cites it")
        return found

    def figures(self) -> dict[str, dict[str, dict[str, int]]]:
        """RFC -> level -> total, tested, excused."""
        counted: dict[str, dict[str, dict[str, int]]] = {}
        for identity, one in self.requirements.items():
            entry = counted.setdefault(one.rfc, {}).setdefault(one.level, {"total": 0, "tested": 0, "excused": 0})
            entry["total"] += 1
            entry["tested"] += identity in self.tests
            entry["excused"] += identity in self.excused
        return counted


def _where(place: Place) -> str:
    return f"{place.path.relative_to(ROOT)}:{place.line}"


def read_lists() -> dict[str, Requirement]:
    """All requirements, in the order of the lists."""
    found = {}
    for path in sorted(LISTS.glob("rfc*.tsv")):
        for line in path.read_text().splitlines():
            one = Requirement(*line.split("\t"))
            found[one.id] = one
    return found


def read_excuses() -> dict[str, str]:
    """`[[excuse]]` tables with a reason and the requirements that it excuses, of all files excused*.toml."""
    groups = [g for path in sorted(LISTS.glob("excused*.toml")) for g in tomllib.loads(path.read_text())["excuse"]]
    return {identity: group["reason"] for group in groups for identity in group["requirements"]}


def cited_in_code() -> dict[str, list[Place]]:
    found: dict[str, list[Place]] = defaultdict(list)
    for path in sorted(SOURCE.rglob("*.py")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for identity in ID.findall(line):
                found[identity].append(Place(path, number))
    return found


def claimed_by_tests() -> dict[str, list[Place]]:
    found: dict[str, list[Place]] = defaultdict(list)
    for path in sorted((TESTS / "conformance").glob("*/*.case")):
        name = f"tests/conformance/test_cases.py::test_case[{path.relative_to(TESTS / 'conformance').with_suffix('')}]"
        for number, line in enumerate(path.read_text().splitlines(), 1):
            words = line.split()
            if not words or not all(ID.fullmatch(word) for word in words):
                break
            for identity in words:
                found[identity].append(Place(path, number, name))
    for path in sorted(TESTS.rglob("test_*.py")):
        if "mark.requirement" in (source := path.read_text()):
            for identity, place in _marked(path, ast.parse(source)):
                found[identity].append(place)
    return found


def _marked(path: Path, tree: ast.Module | ast.ClassDef, prefix: str = "") -> Iterator[tuple[str, Place]]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield from _marked(path, node, f"{prefix}{node.name}::")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            name = f"{path.relative_to(ROOT)}::{prefix}{node.name}"
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.requirement":
                    for argument in decorator.args:
                        yield ast.literal_eval(argument), Place(path, node.lineno, name)


def read_matrix() -> Matrix:
    return Matrix(read_lists(), cited_in_code(), claimed_by_tests(), read_excuses())


# -- the page


def page(matrix: Matrix) -> str:
    lines = [
        "# Requirements",
        "",
        "<!-- Written by tools/requirements.py: do not edit. -->",
        "",
        "Each line of the RFCs that we claim: where the code obeys it, and the tests that fail when it does not",
        "(`make requirements-break` negates each cited line and looks). Lines without a test have a reason.",
        "",
        "| RFC | | lines | tested | excused | MUST and MUST NOT tested |",
        "|---|---|---|---|---|---|",
    ]
    for rfc, levels in sorted(matrix.figures().items()):
        total, tested, excused = (sum(entry[k] for entry in levels.values()) for k in ("total", "tested", "excused"))
        musts = [levels[level] for level in ("MUST", "MUST NOT") if level in levels]
        count, proven = sum(entry["total"] for entry in musts), sum(entry["tested"] for entry in musts)
        share = f"{proven} of {count}" if count else "none"
        lines.append(f"| [{rfc}](#rfc-{rfc}) | {TITLES.get(rfc, '')} | {total} | {tested} | {excused} | {share} |")
    for rfc in sorted(matrix.figures()):
        lines += [
            "",
            f"(rfc-{rfc})=",
            f"## RFC {rfc}",
            "",
            "| id | level | role | requirement | code | test |",
            "|---|---|---|---|---|---|",
        ]
        lines += [_row(matrix, one) for one in matrix.requirements.values() if one.rfc == rfc]
    return "\n".join(lines) + "\n"


def _row(matrix: Matrix, one: Requirement) -> str:
    code = ", ".join(place.link(PAGE) for place in matrix.code.get(one.id, ()))
    tests = ", ".join(place.link(PAGE) for place in matrix.tests.get(one.id, ()))
    if one.id in matrix.excused:
        tests = f"*{matrix.excused[one.id]}*"
    text = one.text.replace("|", "\\|")
    return f"| {one.id} | {one.level} | {one.roles.replace(',', ' ')} | {text} | {code} | {tests} |"


def main() -> int:
    command = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    command.add_argument("--check", action="store_true")
    command.add_argument("--open", action="store_true")
    options = command.parse_args()
    matrix = read_matrix()
    if options.open:
        for identity, one in matrix.requirements.items():
            if not matrix.is_settled(identity):
                print(identity, one.roles, one.level, one.text, sep="\t")
        return 0
    problems = matrix.problems()
    written = page(matrix)
    if options.check and PAGE.read_text() != written:
        problems.append(f"{PAGE.relative_to(ROOT)} is stale: run tools/requirements.py")
    FIGURES.parent.mkdir(exist_ok=True)
    FIGURES.write_text(json.dumps(matrix.figures(), indent=1) + "\n")
    if not options.check:
        PAGE.write_text(written)
    for problem in problems:
        print(problem, file=sys.stderr)
    settled = sum(matrix.is_settled(identity) for identity in matrix.requirements)
    print(f"requirements: {settled} of {len(matrix.requirements)} lines tested or excused, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
