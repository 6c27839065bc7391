#!/usr/bin/env python3
"""Writes what docs/reference can take from the code: the blocks between `<!-- generated: NAME -->` and `<!-- end -->`.

    tools/reference.py            writes them
    tools/reference.py --check    exit code 1 when a page is not what the code says

The prose around the blocks is written by hand. Each page has a module in tools/reference_pages: PAGE and BLOCKS.
"""

import argparse
import importlib
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "reference"
PAGES = ("commands", "configuration", "control_api", "drop_reasons", "events", "extensions", "reply_codes")
BLOCK = re.compile(r"(<!-- generated: ([a-z_.]+) -->\n).*?(<!-- end -->\n)", re.DOTALL)

Blocks = Mapping[str, Callable[[], list[str]]]


def fill(text: str, blocks: Blocks) -> str:
    """The page with each block written anew.

    Raises: ValueError for a block that the page lacks, or that nothing generates.
    """
    found = [name for _, name, _ in BLOCK.findall(text)]
    if sorted(found) != sorted(blocks):
        raise ValueError(f"blocks of the page: {', '.join(found)}; generated: {', '.join(blocks)}")
    return BLOCK.sub(lambda match: "\n".join([match[1], *blocks[match[2]](), "", match[3]]), text)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail when a page is stale")
    check = parser.parse_args().check
    # What was cited from tests and tools is found from the root; neither is an installed package.
    sys.path.insert(0, str(ROOT))
    stale = 0
    for name in PAGES:
        module = importlib.import_module(f"tools.reference_pages.{name}")
        path = FOLDER / module.PAGE
        old = path.read_text(encoding="utf-8")
        try:
            new = fill(old, module.BLOCKS)
        except ValueError as error:
            print(f"{path}: {error}", file=sys.stderr)
            return 1
        if new == old:
            continue
        if check:
            print(f"{path} is not what the code says: run tools/reference.py", file=sys.stderr)
            stale = 1
        else:
            path.write_text(new, encoding="utf-8")
    return stale


if __name__ == "__main__":
    sys.exit(main())
