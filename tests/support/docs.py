"""Markdown as far as tests look at it: links, TOML blocks, and the tables of docs/reference/configuration.md."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple


class Example(NamedTuple):
    """A TOML block, and where it stands."""

    document: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.document.name}-{self.line}"


def examples(document: Path) -> Iterator[Example]:
    text = document.read_text(encoding="utf-8")
    for found in re.finditer(r"^```toml\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        yield Example(document, text.count("\n", 0, found.start()) + 1, found[1])


def links(document: Path) -> list[str]:
    """Targets of relative links and pictures, without what follows a `#`; code has none."""
    text = re.sub(
        r"^```.*?^```$|^    .*?$|`[^`\n]*`", "", document.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE
    )
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    return [target.partition("#")[0] for target in targets if not re.match(r"[a-z]+:|#", target)]


def key_files(value: object) -> Iterator[str]:
    """The key files that a configuration names, at any depth."""
    if isinstance(value, Mapping):
        for key, inside in value.items():
            if key == "key_file":
                yield str(inside)
            else:
                yield from key_files(inside)
    elif isinstance(value, list):
        for inside in value:
            yield from key_files(inside)


def table_keys(document: Path, table: str) -> set[str]:
    """The keys in the first column under the heading of a table of the configuration."""
    text = document.read_text(encoding="utf-8")
    (section,) = re.findall(rf"^##+ `\[+{re.escape(table)}\]+`$(.*?)(?=^##|\Z)", text, re.DOTALL | re.MULTILINE)
    cells = re.findall(r"^\| (`[^|]*`) \|", section, re.MULTILINE)
    words = [word for cell in cells for word in re.findall(r"`([^`]+)`", cell)]
    return {word.strip("[]").rpartition(".")[2] for word in words}
