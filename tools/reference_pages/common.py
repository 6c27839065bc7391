"""What the pages share: Markdown tables, and what only the source text tells (the docstring under an attribute)."""

import ast
import inspect
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCE = ROOT / "src" / "mobileip"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table; a bar inside a cell would end the cell."""
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]


def code(text: object) -> str:
    return f"`{text}`"


def codes(words: Iterable[object]) -> str:
    return ", ".join(code(word) for word in words)


def attribute_docstrings(module: ModuleType, class_name: str) -> dict[str, str]:
    """Attribute -> the string that stands under it."""
    (body,) = (
        node.body
        for node in ast.parse(inspect.getsource(module)).body
        if isinstance(node, ast.ClassDef) and node.name == class_name
    )
    found = {}
    for statement, below in pairwise(body):
        name = _assigned(statement)
        if name and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            found[name] = " ".join(str(below.value.value).split())
    return found


def _assigned(statement: ast.stmt) -> str:
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        return statement.targets[0].id
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return statement.target.id
    return ""


def same_keys(what: str, written: Iterable[str], in_code: Iterable[str]) -> None:
    """What is written by hand must be about all that the code has, and nothing else.

    Raises: ValueError, naming what is missing and what is too much.
    """
    missing, gone = set(in_code) - set(written), set(written) - set(in_code)
    if missing or gone:
        raise ValueError(f"{what}: nothing is written about {sorted(missing)}; not in the code: {sorted(gone)}")


def users_of(name: str, folder: Path) -> list[Path]:
    """The files below `folder` in which the name `name` stands."""
    return [path for path in sorted(folder.rglob("*.py")) if name in _names(path)]


_NAMES: dict[Path, set[str]] = {}


def _names(path: Path) -> set[str]:
    """Every name and attribute of a file, dotted ones as `Class.MEMBER` too."""
    if path not in _NAMES:
        names: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Name):
                names.add(node.id)
            elif isinstance(node, ast.Attribute):
                names.add(node.attr)
                if isinstance(node.value, ast.Name):
                    names.add(f"{node.value.id}.{node.attr}")
        _NAMES[path] = names
    return _NAMES[path]
