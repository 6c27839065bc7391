"""What is said of links, from word to event."""

from pathlib import Path

import msgspec
import pytest
from tests.support.configuration import documents, key_file

from mobileip.agents.events import Event, HandoverCommanded, LinkAnnounced, PreferCommanded, Resumed
from mobileip.agents.node import Node
from mobileip.control.schema import ErrorView
from mobileip.daemon import link_commands
from mobileip.daemon.build import build_node
from mobileip.daemon.config_file import parse


def node(folder: Path, role: str) -> Node:
    key_file(folder)
    return build_node(parse(documents()[role], folder))


@pytest.mark.parametrize(
    ("action", "interface", "event"),
    [
        ("handover", "eth0", HandoverCommanded(interface="eth0")),
        ("handover", None, HandoverCommanded(interface=None)),
        ("prefer", "eth0", PreferCommanded(interface="eth0")),
        ("prefer", None, PreferCommanded(interface=None)),
        ("leaving", "eth0", LinkAnnounced(interface="eth0", leaving=True)),
        ("staying", "eth0", LinkAnnounced(interface="eth0", leaving=False)),
        ("resumed", None, Resumed()),
    ],
)
def test_each_word_is_an_event(action: str, interface: str | None, event: Event, tmp_path: Path) -> None:
    handled: list[Event] = []
    assert link_commands.command(node(tmp_path, "mobile_node"), handled.append, action, interface) is None
    assert [msgspec.structs.replace(each, entropy=b"") for each in handled] == [event]
    assert len(handled[0].entropy) == 32


@pytest.mark.parametrize("action", ["handover", "prefer", "leaving", "staying"])
def test_a_link_that_is_none_of_the_nodes(action: str, tmp_path: Path) -> None:
    handled: list[Event] = []
    error = link_commands.command(node(tmp_path, "mobile_node"), handled.append, action, "eth9")
    assert error == ErrorView(
        code="not_found", message=f"{action}: eth9 is no link of this mobile node", hint="it has eth0"
    )
    assert handled == []


def test_who_is_no_mobile_node_has_no_such_links(tmp_path: Path) -> None:
    error = link_commands.command(node(tmp_path, "home_agent"), lambda _: None, "handover", None)
    assert error == ErrorView(code="not_found", message="handover: this daemon is no mobile node")
