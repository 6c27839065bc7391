"""JSON as text for people."""

import pytest
from msgspec import to_builtins
from tests.support.backend import FakeBackend, binding, registration

from mobileip.cli import tables


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (True, "yes"), (False, "no"), ([], "-"), (["a", 1], "a, 1"), (7, "7"), ("x", "x")],
)
def test_values(value: object, text: str) -> None:
    assert tables.text(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "for ever"),
        (float("inf"), "for ever"),
        (float("nan"), "for ever"),
        ("soon", "for ever"),
        (-0.5, "0 s"),
        (0, "0 s"),
        (119.9, "119 s"),
        (120, "2 m"),
        (7199, "119 m"),
        (7200, "2 h"),
        (86_400, "24 h"),
        (172_800, "2 d"),
    ],
)
def test_durations(seconds: object, text: str) -> None:
    assert tables.duration(seconds) == text


def test_a_table_has_aligned_columns_and_no_trailing_space() -> None:
    rows = [to_builtins(binding()), to_builtins(binding(home_address="10.1.0.111", remaining_seconds=None))]
    assert tables.table(tables.COLUMNS["bindings"], rows).splitlines() == [
        "HOME ADDRESS  CARE-OF ADDRESS  KIND           TUNNEL  LEFT      SPI",
        "10.1.0.10     192.0.2.2        foreign agent  ipip    25 m      256",
        "10.1.0.111    192.0.2.2        foreign agent  ipip    for ever  256",
    ]


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"encapsulation": "ipip"}, "ipip"),
        ({"encapsulation": "gre", "reverse_tunnel": True, "udp_endpoint": None}, "gre, both ways"),
        (
            {"encapsulation": "ipip", "reverse_tunnel": True, "udp_endpoint": "198.51.100.7:40001"},
            "ipip in UDP to 198.51.100.7:40001, both ways",
        ),
    ],
)
def test_a_bindings_tunnel_in_words(row: dict[str, object], text: str) -> None:
    assert tables.tunnel(row) == text


@pytest.mark.parametrize("name", ["bindings", "visitors"])
def test_names_have_a_column_where_there_are_any(name: str) -> None:
    nameless: tables.Row = {"home_address": "10.1.0.10", "nai": None}
    named: tables.Row = {"home_address": "10.1.0.11", "nai": "mn@example.net"}
    assert "NAI" not in tables.table(tables.COLUMNS[name], [nameless])
    lines = tables.table(tables.COLUMNS[name], [nameless, named]).splitlines()
    assert [line.split()[:3] for line in lines] == [
        ["HOME", "ADDRESS", "NAI"],
        ["10.1.0.10", "-", lines[1].split()[2]],
        ["10.1.0.11", "mn@example.net", lines[2].split()[2]],
    ]


def test_every_table_can_show_its_view() -> None:
    backend = FakeBackend()
    for name, view in (("agents", backend.agents()), ("tunnels", backend.tunnels()), ("visitors", [])):
        lines = tables.table(tables.COLUMNS[name], [to_builtins(row) for row in view]).splitlines()
        assert len(lines) == 1 + len(view)
    assert "0 s ago" in tables.table(tables.COLUMNS["agents"], [to_builtins(backend.agents()[0])])


def test_status() -> None:
    assert tables.status(to_builtins(FakeBackend().status())).splitlines() == [
        "registered at 192.0.2.2",
        "warning: our clock is off",
        "roles      mobile node",
        "engine     userspace (the only one)",
        "device     mip0",
        "link eth0  agent heard 192.0.2.7/24",
        "running    2 h, process 7",
    ]


def test_status_shows_what_was_opened() -> None:
    assert "firewall  opened by us: ip filter INPUT: udp dport 434 accept" in tables.status(
        {"firewall": ["ip filter INPUT: udp dport 434 accept"]}
    )


def test_status_of_another_version() -> None:
    """A field that is missing is a dash, not an error."""
    assert tables.status({"verdict": "fine"}).splitlines()[0] == "fine"
    assert "link eth0  -" in tables.status({"links": [{"name": "eth0"}, 3]})


@pytest.mark.parametrize(
    ("view", "line"),
    [
        ({"revoked": 1, "not_told": ["192.0.2.2"]}, "1 binding of 10.1.0.10 revoked; 192.0.2.2 can't be told: "),
        (
            {"revoked": 2, "told": ["192.0.2.2", "192.0.2.3"]},
            "2 bindings of 10.1.0.10 revoked; 192.0.2.2, 192.0.2.3 is being told",
        ),
        (
            {"revoked": 2, "told": ["192.0.2.2"], "not_told": ["192.0.2.3"]},
            "2 bindings of 10.1.0.10 revoked; 192.0.2.2 is being told; 192.0.2.3 can't be told: ",
        ),
    ],
)
def test_what_was_revoked_is_one_line(view: dict[str, object], line: str) -> None:
    shown = tables.revoked("binding", {"home_address": "10.1.0.10", **view})
    assert shown.removesuffix("revocation was not agreed on at registration") == line


def test_registration() -> None:
    shown = tables.registration(to_builtins(registration(remaining_seconds=100.0)))
    assert "care of          foreign agent" in shown
    assert "left             100 s" in shown
    assert "left" not in tables.registration(to_builtins(registration(registered=False)))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"reverse_tunnel": True, "nat_traversal": "agreed", "keepalive_seconds": 50.0},
            "gre, both ways, in UDP, keepalives after 50 s",
        ),
        ({"reverse_tunnel": True, "nat_traversal": "declined"}, "gre, both ways, not in UDP: no NAT is seen"),
        ({"reverse_tunnel": False, "nat_traversal": "not_asked"}, "gre, towards us"),
    ],
)
def test_the_tunnel_of_a_registration(fields: dict[str, object], words: str) -> None:
    shown = tables.registration(to_builtins(registration(encapsulation="gre", **fields)))
    assert f"tunnel           {words}\n" in shown
    assert "tunnel" not in tables.registration(to_builtins(registration()))


def test_traffic_leaves_zeroes_out() -> None:
    assert tables.traffic(to_builtins(FakeBackend().traffic())).splitlines() == [
        "mobile node",
        "  requests_sent  2",
        "packets",
        "  encapsulated  5",
        "discarded",
        "  nothing yet",
    ]


def test_an_event_is_one_line() -> None:
    event = {"schema": 1, "id": 3, "time": "2026-01-01T10:11:12.345+00:00", "boot_seconds": 1, "event": "registered"}
    assert tables.event(event | {"lifetime": 60, "care_of": None}) == "10:11:12.345 registered lifetime=60 care_of=-"


def test_no_pairs() -> None:
    assert tables.pairs([]) == ""
