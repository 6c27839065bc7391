"""Every case of this folder, one test each."""

from pathlib import Path

import pytest
from tests.conformance.language import read_case
from tests.conformance.play import play

FOLDER = Path(__file__).parent
CASES = sorted(FOLDER.glob("*/*.case"))


@pytest.mark.parametrize("path", CASES, ids=[str(path.relative_to(FOLDER).with_suffix("")) for path in CASES])
def test_case(path: Path) -> None:
    play(read_case(path))
