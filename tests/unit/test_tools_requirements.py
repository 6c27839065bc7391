"""The matrix of requirements, and the tool that breaks each cited line, on a small tree that is not ours."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import requirements
import requirements_break
from requirements import Matrix, Place, read_matrix
from requirements_break import Break, breaks, complaint

LIST = """\
R9999-1-a\tHA\tMUST\t1\tAnswer | greet.
R9999-1-b\tHA,FA\tSHOULD\t1\tBe polite.
R9999-1-c\tMN\tMUST NOT\t1\tShout.
"""
CODE = """\
def answer(word):
    # R9999-1-a: "MUST answer".
    if word == "hello":
        return "hello"
    return None


LOUDNESS = 1  # R9999-1-c
"""
TEST = """\
import pytest
from obey import LOUDNESS, answer


@pytest.mark.requirement("R9999-1-a")
def test_answer():
    assert answer("hello") == "hello"


@pytest.mark.requirement("R9999-1-c")
def test_loudness():
    assert LOUDNESS < 5
"""
EXCUSE = '[[excuse]]\nreason = "Nobody is."\nrequirements = ["R9999-1-b"]\n'


class Tree:
    """A project with three requirements: one proven, one excused, one with a test that would not notice."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("tests/conformance/requirements/rfc9999.tsv", LIST)
        self.write("tests/conformance/requirements/excused-some.toml", EXCUSE)
        self.write("src/mobileip/obey.py", CODE)
        self.write("tests/unit/test_obey.py", TEST)
        self.write("docs/reference/requirements.md", "")
        self.write("pytest.ini", "[pytest]\npythonpath = src/mobileip\nmarkers = requirement(*ids)\n")

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def problems(self) -> list[str]:
        return read_matrix().problems()


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    for name in ("SOURCE", "TESTS", "LISTS", "PAGE", "FIGURES"):
        path: Path = getattr(requirements, name)
        monkeypatch.setattr(requirements, name, tmp_path / path.relative_to(requirements.ROOT))
    for module in (requirements, requirements_break):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    return Tree(tmp_path)


Command = Callable[..., int]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Command:
    """Either tool with its words."""

    def call(main: Callable[[], int], *words: str) -> int:
        monkeypatch.setattr("sys.argv", ["tool", *words])
        return main()

    return call


# -- the matrix


def test_a_tree_in_which_each_line_is_tested_or_excused_has_no_problem(tree: Tree) -> None:
    matrix = read_matrix()
    assert matrix.problems() == []
    assert matrix.code["R9999-1-a"] == [Place(tree.root / "src/mobileip/obey.py", 2)]
    assert [place.name for place in matrix.tests["R9999-1-a"]] == ["tests/unit/test_obey.py::test_answer"]
    assert matrix.excused == {"R9999-1-b": "Nobody is."}


def test_the_head_of_a_case_claims_and_what_follows_does_not(tree: Tree) -> None:
    tree.write("tests/conformance/rule/one.case", "R9999-1-a R9999-1-c\nR9999-1-c\nIt answers.\nR9999-1-b\n")
    tests = read_matrix().tests
    name = "tests/conformance/test_cases.py::test_case[rule/one]"
    assert [place.line for place in tests["R9999-1-c"] if place.name == name] == [1, 2]
    assert "R9999-1-b" not in tests


def test_a_line_neither_tested_nor_excused_is_a_problem(tree: Tree) -> None:
    tree.write("tests/conformance/requirements/excused-some.toml", "excuse = []\n")
    assert tree.problems() == ["R9999-1-b is neither tested nor excused: Be polite."]


def test_an_id_that_no_list_has_is_a_problem_wherever_it_stands(tree: Tree) -> None:
    tree.write("src/mobileip/more.py", "# R9999-2-a\nA = 1\n")
    tree.write("tests/conformance/rule/two.case", "R9999-3-a\n")
    tree.write("tests/conformance/requirements/excused-more.toml", EXCUSE.replace("R9999-1-b", "R9999-4-a"))
    assert tree.problems() == [
        "src/mobileip/more.py:1: R9999-2-a is in no list",
        "tests/conformance/rule/two.case:1: R9999-3-a is in no list",
        "excuses: R9999-4-a is in no list",
    ]


def test_what_is_tested_needs_no_excuse(tree: Tree) -> None:
    tree.write("tests/conformance/requirements/excused-some.toml", EXCUSE.replace('["', '["R9999-1-a", "'))
    assert tree.problems() == ["excuses: R9999-1-a has a test: it needs no excuse"]


def test_what_is_tested_is_cited_in_the_code(tree: Tree) -> None:
    tree.write("src/mobileip/obey.py", CODE.replace("R9999-1-a", "RFC 9999"))
    assert tree.problems() == ["tests/unit/test_obey.py:6: R9999-1-a is tested, but no line of code cites it"]


def test_figures_count_by_level(tree: Tree) -> None:
    assert read_matrix().figures() == {
        "9999": {
            "MUST": {"total": 1, "tested": 1, "excused": 0},
            "SHOULD": {"total": 1, "tested": 0, "excused": 1},
            "MUST NOT": {"total": 1, "tested": 1, "excused": 0},
        }
    }


def test_the_command_writes_page_and_figures_and_the_check_finds_a_stale_page(
    tree: Tree, run: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(requirements.main, "--check") == 1
    assert "docs/reference/requirements.md is stale" in capsys.readouterr().err
    assert run(requirements.main) == 0
    assert "3 of 3 lines tested or excused" in capsys.readouterr().out
    assert run(requirements.main, "--check") == 0
    page = (tree.root / "docs/reference/requirements.md").read_text()
    assert "| R9999-1-a | MUST | HA | Answer \\| greet. | [obey.py:2](../../src/mobileip/obey.py#L2) |" in page
    assert "| R9999-1-b | SHOULD | HA FA | Be polite. |  | *Nobody is.* |" in page
    assert "| [9999](#rfc-9999) |  | 3 | 2 | 1 | 2 of 2 |" in page
    assert json.loads((tree.root / "build/requirements.json").read_text())["9999"]["MUST"]["tested"] == 1


def test_what_is_open_is_listed(tree: Tree, run: Command, capsys: pytest.CaptureFixture[str]) -> None:
    tree.write("tests/unit/test_obey.py", TEST.replace("R9999-1-c", "R9999-1-a"))
    assert run(requirements.main, "--open") == 0
    assert capsys.readouterr().out == "R9999-1-c\tMN\tMUST NOT\tShout.\n"


# -- the breaks


def only(matrix: Matrix, identity: str) -> Break:
    [one] = breaks(matrix, {identity})
    return one


def test_a_break_that_a_test_notices_is_no_complaint(tree: Tree) -> None:
    assert complaint(only(read_matrix(), "R9999-1-a")) is None


def test_a_break_that_no_test_notices_is_named_with_its_text(tree: Tree) -> None:
    one = only(read_matrix(), "R9999-1-c")
    assert complaint(one) == "R9999-1-c src/mobileip/obey.py:8: still passes with `LOUDNESS = 2`"
    assert (tree.root / "src/mobileip/obey.py").read_text() == CODE


def test_a_break_that_lets_nothing_be_imported_is_noticed(tree: Tree) -> None:
    tree.write("src/mobileip/obey.py", CODE.replace("LOUDNESS = 1 ", "LOUDNESS = int(str(1)) ") + "LOUDNESS + 1\n")
    assert complaint(only(read_matrix(), "R9999-1-c")) is None


def test_a_citation_at_nothing_is_a_complaint(tree: Tree) -> None:
    tree.write("src/mobileip/obey.py", CODE + "# R9999-1-b\nimport os\n")
    tree.write("tests/unit/test_obey.py", TEST.replace("R9999-1-a", "R9999-1-b"))
    text = complaint(only(read_matrix(), "R9999-1-b"))
    assert text is not None
    assert text.startswith("R9999-1-b src/mobileip/obey.py:9: nothing that could be negated")


def test_tests_that_hang_have_noticed(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(*_: object) -> tuple[int, str]:
        raise subprocess.TimeoutExpired("pytest", 1)

    monkeypatch.setattr(requirements_break, "run", hang)
    assert complaint(only(read_matrix(), "R9999-1-c")) is None


def test_the_command_breaks_all_and_fails_for_what_is_not_noticed(
    tree: Tree, run: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(requirements_break.main, "--jobs", "2") == 1
    out = capsys.readouterr().out
    assert "R9999-1-c" in out
    assert out.endswith("requirements-break: 2 lines broken, 1 breaks unnoticed\n")
    assert run(requirements_break.main, "R9999-1-a") == 0
    assert capsys.readouterr().out == "requirements-break: 1 lines broken, 0 breaks unnoticed\n"


def test_the_command_lists_what_it_would_break(tree: Tree, run: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(requirements_break.main, "--list") == 0
    assert capsys.readouterr().out.splitlines() == [
        "R9999-1-a src/mobileip/obey.py:2 if not word == 'hello': return 'hello'",
        "R9999-1-c src/mobileip/obey.py:8 LOUDNESS = 2",
    ]


def test_tests_that_fail_anyway_prove_nothing(tree: Tree, run: Command, capsys: pytest.CaptureFixture[str]) -> None:
    tree.write("tests/unit/test_obey.py", TEST.replace("< 5", "< 1"))
    assert run(requirements_break.main) == 1
    assert "the tests fail without any break" in capsys.readouterr().err


def test_an_id_that_nothing_tests_leaves_nothing_to_break(tree: Tree, run: Command) -> None:
    assert run(requirements_break.main, "R9999-1-b") == 0
