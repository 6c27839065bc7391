"""What a citation belongs to, and what its opposite is."""

import textwrap

import pytest

from negate import broken_source

CASES = {
    "a condition below": ("if a > 1:\n    b = 1", "if not a > 1:\n    b = 1"),
    "a loop's condition": ("while a:\n    b()", "while not a:\n    b()"),
    "an assertion": ("assert a", "assert not a"),
    "a loop is left out": ("for a in b:\n    c()", "pass"),
    "a call is left out": ("a.append(b)", "pass"),
    "a refusal is left out": ("raise ValueError(a)", "pass"),
    "an addition to something is left out": ("a += 1", "pass"),
    "a comparison": ("a = b == c", "a = not b == c"),
    "a choice": ("a = b if c else d", "a = b if not c else d"),
    "a number": ("A = 6", "A = 7"),
    "a flag": ("A: bool = False", "A: bool = True"),
    "a text": ("A = 'x'", "A = 'xx'"),
    "octets": ("A = b'x'", "A = b'xx'"),
    "nothing": ("A = None", "A = True"),
    "something": ("a = b.c", "a = None if b.c else True"),
    "a sum": ("a = b + c", "a = b - c"),
    "a product": ("a = b * c", "a = b + c"),
    "bits": ("a = b | c", "a = b & c"),
    "the larger": ("a = max(b, c)", "a = min(b, c)"),
    "the smaller": ("a = min(b, c)", "a = max(b, c)"),
    "a question": ("a = any(b)", "a = not any(b)"),
    "a collection": ("a = tuple(b for b in c)", "a = tuple()"),
    "a list": ("a = [b, c]", "a = [c]"),
    "a pair": ("a = (b, c)", "a = (c,)"),
    "a table": ("a = {1: b, 2: c}", "a = {2: c}"),
    "a call with a number": ("a = range(256)", "a = range(257)"),
    "a call with a flag": ("a = b(c, d=True)", "a = b(c, d=False)"),
    "another call": ("a = b(c)", "a = None"),
    "something returned": ("def f():\n    return None", "def f():\n    return True"),
    "a function's first decision": ("def f(a):\n    if a:\n        b()", "def f(a):\n    if not a:\n        b()"),
    "a function's value": ("def f(a):\n    b()\n    return a == 1", "def f(a):\n    b()\n    return not a == 1"),
    "a function without decision": ("def f(a):\n    b(a)", "def f(a):\n    return"),
    "a class's fields": ("class C:\n    a: int = 1\n    b: int", "class C:\n    a: int = 2\n    b: int"),
    "what is tried": ("try:\n    a()\nexcept B:\n    c()", "try:\n    pass\nexcept B:\n    c()"),
    "a way out": ("for a in b:\n    return", "pass"),
}


@pytest.mark.parametrize(("before", "after"), CASES.values(), ids=CASES.keys())
def test_a_citation_above_a_statement_negates_it(before: str, after: str) -> None:
    assert broken_source(f"# R9999-1-a\n{before}\n", 1)[0] == after


def test_only_the_one_statement_is_negated_however_equal_another_is() -> None:
    source = "a = 1\na = 1  # R9999-1-a\na = 1\n"
    assert broken_source(source, 2) == ("a = 1\na = 2\na = 1", "a = 2")


def test_a_bare_return_goes_on() -> None:
    source = "def f(a):\n    if a:\n        return  # R9999-1-a\n    b()\n"
    assert broken_source(source, 3)[0] == "def f(a):\n    if a:\n        pass\n    b()"


def test_a_docstring_belongs_to_what_it_describes() -> None:
    assert broken_source('A = 1\n"""R9999-1-a"""\n', 2)[0].startswith("A = 2")
    assert broken_source('def f(a):\n    """R9999-1-a"""\n    return a == 1\n', 2)[0].endswith("return not a == 1")
    field = 'class C:\n    a: int = 1\n    """R9999-1-a"""\n    b: int = 1\n'
    assert "a: int = 2" in broken_source(field, 3)[0]
    assert "b: int = 1" in broken_source(field, 3)[0]
    other = 'if a:\n    b = 1\nelse:\n    c = 1\n    """R9999-1-a"""\n'
    assert "c = 2" in broken_source(other, 5)[0]


PARTS = {
    "the argument below": (
        "f(\n    a=True,\n    # R9999-1-a\n    b=True,\n    c=True,\n)",
        "f(a=True, b=False, c=True)",
    ),
    "the argument beside": ("f(\n    a=True,\n    b=1,  # R9999-1-a\n    c=True,\n)", "f(a=True, b=2, c=True)"),
    "an element": ("a = (\n    b,\n    # R9999-1-a\n    c,\n    d,\n)", "a = (b, d)"),
    "an operand": ("a = (\n    b\n    # R9999-1-a\n    and c\n    and d\n)", "a = b and (not c) and d"),
    "an operand of a condition": ("if (\n    a\n    # R9999-1-a\n    or b\n):\n    c()", "if a or not b:\n    c()"),
    "a value of a table": ("a = {\n    # R9999-1-a\n    1: True,\n    2: True,\n}", "a = {1: False, 2: True}"),
    "the last line": ("a = f(\n    b\n    # R9999-1-a\n)", "a = None"),
}


@pytest.mark.parametrize(("before", "after"), PARTS.values(), ids=PARTS.keys())
def test_inside_a_statement_a_citation_belongs_to_the_part_behind_it(before: str, after: str) -> None:
    line = before.splitlines().index(next(line for line in before.splitlines() if "R9999" in line)) + 1
    assert broken_source(before, line)[0] == after


def test_a_match_is_left_out_and_a_case_is_its_first_statement() -> None:
    source = textwrap.dedent(
        """\
        # R9999-1-a
        match a:
            # R9999-1-b
            case 1:
                b = 1
        """
    )
    assert broken_source(source, 1)[0] == "pass"
    assert broken_source(source, 3)[0] == "match a:\n    case 1:\n        b = 2"


@pytest.mark.parametrize(
    "source",
    ['"""R9999-1-a"""\n', "# R9999-1-a\n", "# R9999-1-a\nimport a\n", "# R9999-1-a\na: int\n"],
    ids=["of the module", "at the end", "above an import", "above a bare field"],
)
def test_a_citation_where_nothing_can_be_negated_is_an_error(source: str) -> None:
    with pytest.raises(ValueError, match="at line 1"):
        broken_source(source, 1)
