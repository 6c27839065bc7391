"""Negates the statement, or the part of one, that a citation in a comment or docstring belongs to.

A citation belongs to what it stands in or above. In a statement of several lines that is the keyword argument, the
element or the operand behind it; else the whole statement. A condition is turned round, a number raised, a call or an
element left out, something becomes nothing and nothing something.
"""

import ast
import copy
from collections.abc import Callable, Iterator
from functools import partial
from operator import delitem, setitem

Negation = Callable[[], None]
"""Negates a part of a statement, in place."""


def broken_source(source: str, line: int) -> tuple[str, str]:
    """The source with what is cited at `line` negated, and the new text of the statement.

    Raises: ValueError where nothing is that could be negated.
    """
    tree = ast.parse(source)
    statement = statement_at(tree, line)
    if statement is None:
        raise ValueError(f"no statement at line {line}")
    negate = part_at(statement, line)
    changed = broken(statement) if negate is None else statement
    if negate is not None:
        negate()
    ast.fix_missing_locations(changed)
    text = ast.unparse(changed)
    after = ast.unparse(_Replacer(statement, changed).visit(tree))
    if after == ast.unparse(ast.parse(source)):
        raise ValueError(f"nothing that could be negated at line {line}: {text.splitlines()[0]}")
    return after, _short(text)


def _short(text: str) -> str:
    return " ".join(text.split())[:150]


class _Replacer(ast.NodeTransformer):
    def __init__(self, wanted: ast.stmt, changed: ast.stmt) -> None:
        self._wanted = wanted
        self._changed = changed

    def visit(self, node: ast.AST) -> ast.AST:
        return self._changed if node is self._wanted else self.generic_visit(node)


# -- what a citation belongs to


def statement_at(tree: ast.Module, line: int) -> ast.stmt | None:
    """The statement that a citation on `line` belongs to: the one that it stands in, else the next one."""
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.stmt) and not isinstance(node, ast.Try)]
    for node in statements:
        if node.lineno <= line <= _end_of_head(node) and not isinstance(node, ast.Match):
            is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            return _described(tree, node) if is_docstring else node
    following = [node for node in statements if node.lineno > line]
    return min(following, key=lambda node: node.lineno, default=None)


def _end_of_head(node: ast.stmt) -> int:
    """The last line of a statement without its body."""
    head = node.test if isinstance(node, ast.If | ast.While) else None
    if head is not None:
        return head.end_lineno or node.lineno
    return node.lineno if hasattr(node, "body") else node.end_lineno or node.lineno


def _described(tree: ast.Module, docstring: ast.stmt) -> ast.stmt | None:
    for node in ast.walk(tree):
        for body in (getattr(node, "body", None), getattr(node, "orelse", None)):
            if isinstance(body, list) and docstring in body:
                place = body.index(docstring)
                if place:
                    return body[place - 1]
                return node if isinstance(node, ast.stmt) else None
    return None


def part_at(statement: ast.stmt, line: int) -> Negation | None:
    """Negates the part of a statement of several lines that a citation inside of it belongs to; None: it is about all
    of it."""
    if not statement.lineno < line <= _end_of_head(statement):
        return None
    behind = [(at, negation) for at, negation in _parts(statement) if at >= line]
    return min(behind, key=lambda entry: entry[0])[1] if behind else None


def _parts(statement: ast.stmt) -> Iterator[tuple[int, Negation]]:
    """The lines on which parts begin; the outer ones first."""
    for node in ast.walk(statement):
        match node:
            case ast.Call(keywords=keywords):
                for each in keywords:
                    yield each.lineno, partial(setattr, each, "value", otherwise(each.value))
            case ast.BoolOp(values=values):
                for place, value in enumerate(values):
                    yield value.lineno, partial(setitem, values, place, _negated(value))
            case ast.Dict(values=values):
                for place, value in enumerate(values):
                    yield value.lineno, partial(setitem, values, place, otherwise(value))
            case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
                for place, element in enumerate(elements):
                    yield element.lineno, partial(delitem, elements, place)


# -- statements


def broken(statement: ast.stmt) -> ast.stmt:
    """The statement, negated; unchanged where there is no way."""
    changed = copy.deepcopy(statement)
    match changed:
        case ast.If() | ast.While() | ast.Assert():
            changed.test = _negated(changed.test)
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            changed.body = _emptied(changed)
        case ast.Return(value=None):
            return ast.copy_location(ast.Pass(), statement)
        case ast.Return(value=value) | ast.Assign(value=value) | ast.AnnAssign(value=value) if value is not None:
            changed.value = otherwise(value)
        case ast.Import() | ast.ImportFrom() | ast.AnnAssign() | ast.Pass():
            pass
        case ast.ClassDef(body=body):
            changed.body = [
                broken(each) if isinstance(each, ast.AnnAssign | ast.FunctionDef) else each for each in body
            ]
        case _:
            return ast.copy_location(ast.Pass(), statement)
    return changed


def _emptied(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.stmt]:
    """A function whose first decision is turned round; one without any decides nothing and returns nothing."""
    for place, each in enumerate(function.body):
        if isinstance(each, ast.If):
            return [*function.body[:place], broken(each), *function.body[place + 1 :]]
        if isinstance(each, ast.Return) and each.value is not None:
            return [*function.body[:place], broken(each)]
    return [ast.Return(value=None)]


# -- expressions


def otherwise(value: ast.expr) -> ast.expr:
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
        case ast.Tuple(elts=[_, *others]):
            return ast.Tuple(others, ast.Load())
        case ast.List(elts=[_, *others]):
            return ast.List(others, ast.Load())
        case ast.Dict(keys=[_, *keys], values=[_, *values]):
            return ast.Dict(keys, values)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OTHER_OPERATORS:
            return ast.BinOp(left, _OTHER_OPERATORS[type(op)](), right)
    return ast.IfExp(test=value, body=ast.Constant(None), orelse=ast.Constant(True))


_OTHER_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}

_COLLECTIONS = ("tuple", "list", "dict", "set", "frozenset")


def _negated(test: ast.expr) -> ast.expr:
    return ast.UnaryOp(op=ast.Not(), operand=test)


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
    return True if constant is None else None


def _other_call(call: ast.Call) -> ast.expr:
    """`min` for `max`, `not` before a question, an empty collection; else other arguments where they are plain; else
    nothing."""
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    if name in ("min", "max"):
        return ast.Call(ast.Name("max" if name == "min" else "min", ast.Load()), call.args, call.keywords)
    if name in ("any", "all", "bool", "isinstance"):
        return _negated(call)
    if name in _COLLECTIONS and call.args:
        return ast.Call(call.func, [], [])
    keywords = [k for k in call.keywords if isinstance(k.value, ast.Constant | ast.IfExp)]
    numbers = [a for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, int | float)]
    if keywords or numbers:
        changed = [ast.keyword(k.arg, otherwise(k.value)) if k in keywords else k for k in call.keywords]
        return ast.Call(call.func, [otherwise(a) if a in numbers else a for a in call.args], changed)
    return ast.Constant(None)
