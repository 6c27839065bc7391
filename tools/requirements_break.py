#!/usr/bin/env python3
"""Breaks each cited line of code in turn and fails when the tests that claim its requirement still pass.

    tools/requirements_break.py [ID ...]        all, or these; --jobs N at once; --list shows what would be broken

The statement that a citation belongs to (the one it stands in or above) is negated: a condition is turned round, a
number raised, a call left out. The broken text never touches the disk: `tools/broken.py` hands it to the import of one
test process.
"""

import argparse
import ast
import copy
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from requirements import ROOT, Place, read_matrix

MODULE_VARIABLE = "MOBILEIP_BROKEN"
"""File and statement that a test process breaks, as JSON."""
TIME_LIMIT = 300
"""Seconds: a break that makes tests hang is noticed too."""


def statement_at(tree: ast.Module, line: int) -> ast.stmt | None:
    """The statement that a citation on `line` belongs to: the one that it stands in, else the next one."""
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]
    for node in statements:
        head = node.test if isinstance(node, ast.If | ast.While) else None
        end = (head.end_lineno if head else node.lineno if hasattr(node, "body") else node.end_lineno) or node.lineno
        if node.lineno <= line <= end and not isinstance(node, ast.Match | ast.Try):
            is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            return _described(tree, node) if is_docstring else node
    following = [node for node in statements if node.lineno > line]
    return min(following, key=lambda node: node.lineno, default=None)


def _described(tree: ast.Module, docstring: ast.stmt) -> ast.stmt | None:
    for node in ast.walk(tree):
        for body in (getattr(node, "body", None), getattr(node, "orelse", None)):
            if isinstance(body, list) and docstring in body:
                place = body.index(docstring)
                if place:
                    return body[place - 1]
                return node if isinstance(node, ast.stmt) else None
    return None


def broken(statement: ast.stmt) -> ast.stmt:
    """The statement, negated."""
    changed = copy.deepcopy(statement)
    match changed:
        case ast.If() | ast.While() | ast.Assert():
            changed.test = _negated(changed.test)
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            changed.body = _emptied(changed)
        case ast.Return(value=value) | ast.Assign(value=value) | ast.AnnAssign(value=value) if value is not None:
            changed.value = _otherwise(value)
        case ast.AugAssign() | ast.Expr() | ast.Raise() | ast.For() | ast.With() | ast.Match() | ast.Delete():
            return ast.copy_location(ast.Pass(), statement)
        case ast.ClassDef(body=body):
            changed.body = [
                broken(each) if isinstance(each, ast.AnnAssign | ast.FunctionDef) else each for each in body
            ]
    return changed


def _emptied(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.stmt]:
    """A function whose first decision is turned round; one without any decides nothing and returns nothing."""
    for place, each in enumerate(function.body):
        if isinstance(each, ast.If):
            return [*function.body[:place], broken(each), *function.body[place + 1 :]]
        if isinstance(each, ast.Return) and each.value is not None:
            return [*function.body[:place], broken(each)]
    return [ast.Return(value=None)]


def _negated(test: ast.expr) -> ast.expr:
    return ast.UnaryOp(op=ast.Not(), operand=test)


def _otherwise(value: ast.expr) -> ast.expr:
    """Another value than `value` gives."""
    match value:
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return ast.IfExp(test=_negated(test), body=body, orelse=orelse)
        case ast.Compare() | ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
            return _negated(value)
        case ast.Constant(value=constant):
            return ast.Constant(_other_constant(constant))
        case ast.Call():
            return _other_call(value)
        case ast.Tuple(elts=elements) if elements:
            return ast.Tuple(elements[1:], ast.Load())
        case ast.BinOp(op=ast.Add()):
            return ast.BinOp(value.left, ast.Sub(), value.right)
        case ast.BinOp(op=ast.Mult()):
            return ast.BinOp(value.left, ast.Add(), value.right)
    return ast.Constant(None)


def _other_constant(constant: object) -> bool | float | str | bytes | None:
    match constant:
        case bool():
            return not constant
        case int() | float():
            return constant + 1
        case str():
            return constant + "x"
        case bytes():
            return constant + b"x"
    return None


def _other_call(call: ast.Call) -> ast.expr:
    """`min` for `max`, `not` before a question; else other keywords where they are plain; else nothing."""
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    if name in ("min", "max"):
        return ast.Call(ast.Name("max" if name == "min" else "min", ast.Load()), call.args, call.keywords)
    if name in ("any", "all", "bool", "isinstance"):
        return _negated(call)
    plain = [k for k in call.keywords if isinstance(k.value, ast.Constant | ast.IfExp)]
    if plain:
        changed = [ast.keyword(k.arg, _otherwise(k.value)) if k in plain else k for k in call.keywords]
        return ast.Call(call.func, call.args, changed)
    return ast.Constant(None)


class _Replacer(ast.NodeTransformer):
    def __init__(self, wanted: ast.stmt) -> None:
        self._wanted = wanted

    def visit(self, node: ast.AST) -> ast.AST:
        if node is self._wanted:
            return broken(self._wanted)
        return self.generic_visit(node)


def broken_source(source: str, line: int) -> tuple[str, str]:
    """The source with the statement at `line` negated, and that statement's new text.

    Raises: ValueError where no statement is there.
    """
    tree = ast.parse(source)
    wanted = statement_at(tree, line)
    if wanted is None:
        raise ValueError(f"no statement at line {line}")
    text = ast.unparse(ast.fix_missing_locations(broken(wanted))).splitlines()[0]
    return ast.unparse(ast.fix_missing_locations(_Replacer(wanted).visit(tree))), text


def jobs(identities: set[str]) -> Iterator[tuple[str, Place, list[str]]]:
    """Each requirement with each place of code that cites it, and the tests that claim it."""
    matrix = read_matrix()
    for identity in matrix.requirements:
        if identity in matrix.tests and (not identities or identity in identities):
            tests = sorted({place.name for place in matrix.tests[identity]})
            for place in matrix.code.get(identity, ()):
                yield identity, place, tests


def try_one(identity: str, place: Place, tests: list[str]) -> str | None:
    """Why a break was not noticed; None when a test failed, as it should."""
    breach = json.dumps({"file": str(place.path), "line": place.line})
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "broken", "--no-header", "--tb=no", *tests]
    environment = os.environ | {
        MODULE_VARIABLE: breach,
        "PYTHONPATH": str(Path(__file__).parent),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=TIME_LIMIT, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    where = f"{place.path.relative_to(ROOT)}:{place.line}"
    if done.returncode == 0:
        _, text = broken_source(place.path.read_text(), place.line)
        return f"{identity} {where}: still passes with `{text}`"
    if done.returncode != 1 and "rror" not in done.stdout + done.stderr:
        return f"{identity} {where}: pytest could not run: {done.stdout[-300:]} {done.stderr[-300:]}"
    return None


def main() -> int:
    command = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    command.add_argument("ids", nargs="*")
    command.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    command.add_argument("--list", action="store_true")
    options = command.parse_args()
    todo = list(jobs(set(options.ids)))
    if options.list:
        for identity, place, _ in todo:
            print(
                identity,
                f"{place.path.relative_to(ROOT)}:{place.line}",
                broken_source(place.path.read_text(), place.line)[1],
            )
        return 0
    survivors = []
    with ThreadPoolExecutor(options.jobs) as pool:
        for count, problem in enumerate(pool.map(lambda job: try_one(*job), todo), 1):
            if problem:
                survivors.append(problem)
                print(problem, flush=True)
            if sys.stderr.isatty():
                print(f"\r{count}/{len(todo)} broken, {len(survivors)} unnoticed ", end="", file=sys.stderr)
    print(f"requirements-break: {len(todo)} lines broken, {len(survivors)} breaks unnoticed")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
