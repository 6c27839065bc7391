"""Linux 6.1, which has neither tcx nor routes that are looked up by a mark, and as Debian builds it for this purpose no
types of its own (BTF): its verifier takes the programs that are shipped."""

import json
import sys
from pathlib import Path

import pytest
from tests.oracles.world import Wire
from tests.support.uml import fast_path

pytestmark = [pytest.mark.oracle, pytest.mark.netns, pytest.mark.no_engine]


def test_the_fast_path_is_attached_by_clsact(wire: Wire) -> None:
    said = wire.guest.run("env", "PYTHONDONTWRITEBYTECODE=1", sys.executable, str(Path(fast_path.__file__)))
    assert json.loads(said) == {
        "method": "clsact filters",
        "filters": ["mip_decap_ethernet", "mip_encap"],
        "by_mark": False,
    }
