"""One table of a file: what the readers take, and what they say of everything else."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import pytest

from mobileip.daemon import config_section as section
from mobileip.daemon.config_file import EngineChoice
from mobileip.daemon.config_section import Section


def make(table: dict[str, Any], path: str = "here.") -> tuple[Section, list[str]]:
    errors: list[str] = []
    return Section(table, path, Path(), errors), errors


@pytest.mark.parametrize(
    ("read", "value", "result"),
    [
        (section.read_address, "192.0.2.1", IPv4Address("192.0.2.1")),
        (section.read_network, "192.0.2.0/24", IPv4Network("192.0.2.0/24")),
        (section.read_string, "a", "a"),
        (section.read_integer, 7, 7),
        (section.read_real, 7, 7.0),
        (section.read_real, 0.5, 0.5),
        (section.read_boolean, True, True),
        (section.read_path, "/run/mip", Path("/run/mip")),
        (section.read_interface, "é" * 7, "é" * 7),
        (section.read_interface, "eth0.7", "eth0.7"),
        (section.read_interfaces, ["eth0", "wlan0"], ("eth0", "wlan0")),
    ],
)
def test_what_is_right_is_taken(read: Callable[[object], object], value: object, result: object) -> None:
    assert read(value) == result


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (section.read_address, "192.0.2"),
        (section.read_address, 3_221_225_985),
        (section.read_address, "0.0.0.0"),  # noqa: S104 - nothing is bound
        (section.read_address, "127.0.0.1"),
        (section.read_address, "224.0.0.11"),
        (section.read_address, "255.255.255.255"),
        (section.read_network, "192.0.2.1/24"),
        (section.read_network, "0.0.0.0/0"),
        (section.read_network, "127.0.0.0/8"),
        (section.read_network, "224.0.0.0/24"),
        (section.read_network, "240.0.0.0/8"),
        (section.read_path, ""),
        (section.read_path, "a\0b"),
        (section.read_path, 1),
        (section.read_string, 1),
        (section.read_integer, True),
        (section.read_integer, 1.0),
        (section.read_real, True),
        (section.read_real, "1"),
        (section.read_boolean, 1),
        (section.read_interface, ""),
        (section.read_interface, "a" * 16),
        (section.read_interface, "../eth0"),
        (section.read_interface, ".."),
        (section.read_interface, "all"),
        (section.read_interface, "default"),
        (section.read_interface, "a b"),
        (section.read_interface, "a\0"),
        (section.read_interface, "a\v"),
        (section.read_interface, "ü" * 8),
        (section.read_interfaces, "eth0"),
        (section.read_interfaces, []),
        (section.read_interfaces, ["eth0", "eth0"]),
        (section.read_interfaces, [1]),
    ],
)
def test_what_is_wrong_is_not(read: Callable[[object], object], value: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        read(value)


def test_a_missing_key_is_told_with_what_was_expected() -> None:
    table, errors = make({})
    assert table.address("address") is None
    assert table.network("network") is None
    assert table.interfaces("links") == ()
    assert errors == [
        "here.address: is missing (an IPv4 address such as 192.0.2.1)",
        "here.network: is missing (a prefix such as 192.0.2.0/24)",
        'here.links: is missing (interface names such as ["eth0"])',
    ]


def test_a_key_that_may_be_missing_has_its_default() -> None:
    table, errors = make({})
    assert (table.number("number", 3, 1, 8), table.flag("flag", True)) == (3, True)
    assert errors == []


def test_a_wrong_value_is_shown_and_the_default_goes_on() -> None:
    table, errors = make({"number": 9, "seconds": float("nan"), "flag": 1, "engine": "warp", "long": "x" * 100})
    assert table.number("number", 3, 1, 8) == 3
    assert table.seconds("seconds", 1.5, 0.0, 8.0) == 1.5
    assert table.flag("flag", False) is False
    assert table.choice("engine", EngineChoice, EngineChoice.AUTO) is EngineChoice.AUTO
    assert table.address("long") is None
    assert errors[:4] == [
        "here.number: 9 is wrong (expected a number from 1 to 8)",
        "here.seconds: nan is wrong (expected seconds from 0.0 to 8.0)",
        "here.flag: 1 is wrong (expected true or false)",
        "here.engine: 'warp' is wrong (expected one of auto, ebpf, userspace)",
    ]
    assert errors[4].endswith("xxx... is wrong (expected an IPv4 address such as 192.0.2.1)")
    assert len(errors[4]) < 140


def test_numbers_of_thousands_of_digits_are_one_error_each() -> None:
    table, errors = make({"seconds": 10**400, "number": 10**5000})
    table.seconds("seconds", 1.0, 0.0, 8.0)
    table.number("number", 1, 0, 8)
    assert [error.partition(": ")[0] for error in errors] == ["here.seconds", "here.number"]
    assert "a number of thousands of digits is wrong" in errors[1]


def test_values_that_are_right_make_no_error() -> None:
    table, errors = make({"number": 8, "seconds": 0, "flag": True, "engine": "userspace", "links": ["a"]})
    assert (table.number("number", 3, 1, 8), table.seconds("seconds", 1.5, 0.0, 8.0)) == (8, 0.0)
    assert table.flag("flag", False) is True
    assert table.choice("engine", EngineChoice, EngineChoice.AUTO) is EngineChoice.USERSPACE
    assert table.interfaces("links") == ("a",)
    assert table.has("links")
    assert not table.has("nothing")
    table.finish()
    assert errors == []


def test_keys_that_nobody_knows_are_told_with_the_nearest_that_is_known() -> None:
    table, errors = make({"adress": "1", "zzz": 1})
    table.has("address")
    table.finish()
    assert errors == ["here.adress: unknown key (did you mean address?)", "here.zzz: unknown key"]


def test_a_key_can_not_do_anything_to_a_terminal() -> None:
    table, errors = make({"two\nlines": 1, "\x1b[2J": 1})
    table.finish()
    assert errors == [r"here.'two\nlines': unknown key", r"here.'\x1b[2J': unknown key"]


def test_what_may_be_a_secret_is_not_shown() -> None:
    table, errors = make({"key_file": ["hunter2"]})
    assert table.take("key_file", section.read_string, None, "a file", secret=True) is None
    assert errors == ["here.key_file: is wrong (expected a file)"]


def test_tables_inside_carry_their_path() -> None:
    table, errors = make({"one": {"x": 1}, "many": [{"x": 1}, {"y": 1}], "flat": 1, "few": [1], "none": {}})
    table.section("one").finish()
    for each in table.sections("many"):
        each.finish()
    assert errors == ["here.one.x: unknown key", "here.many[0].x: unknown key", "here.many[1].y: unknown key"]
    errors.clear()
    table.section("flat").finish()
    assert table.sections("few") == []
    assert table.sections("none") == []
    assert table.sections("absent") == []
    assert errors == [
        "here.flat: expected a table [here.flat]",
        "here.few: expected tables [[here.few]]",
        "here.none: expected tables [[here.none]]",
    ]
