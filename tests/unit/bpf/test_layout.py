"""What user space writes is what the programs read: bpf/shared.h and dataplane/ebpf/layout.py, member by member."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from struct import Struct

import pytest

from mobileip.dataplane.ebpf import layout
from mobileip.forwarding.tunnel import Encapsulation

FOLDER = Path(__file__).parents[3] / "bpf"
SHARED = (FOLDER / "shared.h").read_text()
DROP_REASON = (FOLDER / "drop_reason.h").read_text()

SIZES = {"__u8": 1, "__u16": 2, "__u32": 4, "__u64": 8}

STRUCTS = {
    "entry_key": layout.ENTRY_KEY,
    "entry": layout.ENTRY,
    "exit_key": layout.EXIT_KEY,
    "exit": layout.EXIT,
    "use": layout.USE,
    "path_key": layout.PATH_KEY,
    "path": layout.PATH,
    "settings": layout.SETTINGS,
    "traced": layout.TRACED,
}

ENUMS: Mapping[str, Mapping[str, int]] = {
    "direction": {member.name: member.value for member in layout.Direction},
    "way": {f"WAY_{member.name}": member.value for member in layout.Way},
    "direction_total": {f"TOTAL_{member.name}": member.value for member in layout.Total}
    | {"TOTALS": len(layout.Total)},
    "encapsulation": {f"ENCAPSULATION_{form.name}": layout.ENCAPSULATIONS[form] for form in Encapsulation},
}

PACKED = re.compile(r"(\d*)([xsBHIQ])")
"""One member of a format: a pad of octets, a string of octets, numbers."""


@pytest.mark.parametrize("name", STRUCTS)
def test_every_member_is_where_the_programs_look_for_it(name: str) -> None:
    assert list(places(STRUCTS[name])) == list(members(name))


def test_there_is_no_other_struct() -> None:
    assert set(re.findall(r"^struct (\w+) \{", SHARED, re.MULTILINE)) == set(STRUCTS)


@pytest.mark.parametrize("name", ENUMS)
def test_every_number_has_the_same_name(name: str) -> None:
    assert numbers(SHARED, name) == ENUMS[name]


def test_deaths_have_the_same_names() -> None:
    names = {f"DROP_{reason.name}": number for number, reason in enumerate(layout.DROP_REASONS)}
    assert numbers(DROP_REASON, "drop_reason") == {**names, "DROP_REASONS": len(names)}


def test_as_many_octets_are_traced_as_fit() -> None:
    found = re.search(r"TRACED_OCTETS = (\d+)", SHARED)
    assert found is not None
    assert f"{found.group(1)}s" in layout.TRACED.format


def test_the_programs_make_as_many_copies_as_user_space_believes() -> None:
    assert f"MOST_COPIES = {layout.MOST_COPIES}," in (FOLDER / "into_tunnel.h").read_text()


def members(name: str) -> Iterator[tuple[int, int]]:
    """Offset and size of each member of a struct, as a compiler lays it out; what is reserved is left out, at the end
    the size of all."""
    found = re.search(rf"^struct {name} \{{\n(.*?)^\}};", SHARED, re.MULTILINE | re.DOTALL)
    assert found is not None
    offset, widest = 0, 1
    for kind, member, count in re.findall(r"^\t(__u\d+) (\w+)(?:\[(\w+)\])?;", found.group(1), re.MULTILINE):
        width = SIZES[kind]
        widest = max(widest, width)
        offset = -(-offset // width) * width
        size = width * (octets(count) if count else 1)
        if member != "reserved":
            yield offset, size
        offset += size
    yield -(-offset // widest) * widest, 0


def octets(count: str) -> int:
    found = re.search(rf"{count} = (\d+)", SHARED)
    return int(found.group(1)) if found else int(count)


def places(packed: Struct) -> Iterator[tuple[int, int]]:
    """The same of a format that aligns nothing."""
    assert packed.format.startswith("=")
    offset = 0
    for count, kind in PACKED.findall(packed.format):
        repeats = int(count or 1)
        if kind in "xs":
            if kind == "s":
                yield offset, repeats
            offset += repeats
            continue
        for _ in range(repeats):
            width = Struct(f"={kind}").size
            yield offset, width
            offset += width
    yield packed.size, 0


def numbers(header: str, name: str) -> dict[str, int]:
    found = re.search(rf"^enum {name} \{{\n(.*?)^\}};", header, re.MULTILINE | re.DOTALL)
    assert found is not None
    return {member: int(number) for member, number in re.findall(r"^\t(\w+) = (\d+),", found.group(1), re.MULTILINE)}
