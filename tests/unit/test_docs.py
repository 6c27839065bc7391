"""What the documentation says can be done: its links lead somewhere, its examples work, its lists are whole."""

import importlib
import re
import tomllib
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest
from tests.support.docs import Example, examples, key_files, links, table_keys
from tools.reference import FOLDER, PAGES, ROOT, fill
from tools.reference_pages import configuration
from tools.reference_pages.common import same_keys

from mobileip.cli.main import HELP
from mobileip.control.feed import Feed
from mobileip.control.packet_feed import PacketFeed
from mobileip.control.server import ControlServer
from mobileip.daemon.config_file import ConfigurationError, parse
from mobileip.dataplane.plan import objects_of
from mobileip.dataplane.ports import Rule, Sysctl
from mobileip.forwarding.model import (
    AgentLink,
    HomeAddress,
    HomeNetwork,
    MobileLink,
    ReturnPath,
    ReverseTunnel,
    Way,
    Wish,
)
from mobileip.forwarding.tunnel import Tunnel

DOCUMENTS = [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md")]
DOCUMENTS += sorted((ROOT / "docs").rglob("*.md"))
EXAMPLES = [example for document in DOCUMENTS for example in examples(document)]


def _name(value: object) -> str:
    return str(value.relative_to(ROOT)) if isinstance(value, Path) else str(value)


# -- links


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_every_relative_link_leads_to_a_file(document: Path) -> None:
    assert [link for link in links(document) if not (document.parent / link).exists()] == []


def test_every_page_of_the_documentation_is_in_the_table_of_contents() -> None:
    folder = ROOT / "docs"
    listed = re.findall(r"^([a-z]+/[a-z-]+)$", (folder / "index.md").read_text(), re.MULTILINE)
    pages = [path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.md")]
    assert sorted(listed) == sorted(page for page in pages if page != "index")


# -- the configuration


def test_the_parser_is_asked_for_all_its_keys() -> None:
    keys = configuration.keys()
    tables = [path for path, key in keys.items() if key.is_table and "." not in path]
    assert tables == ["daemon", "home_agent", "foreign_agent", "mobile_node"]
    assert keys["mobile_node.links"].required
    assert not keys["daemon.device"].required
    assert keys["home_agent.mobile_node"].many
    assert keys["foreign_agent.home_agent.spi"].expected.startswith("a number from 256 to 4294967295")


@pytest.mark.parametrize("table", [path for path, key in configuration.keys().items() if key.is_table])
def test_the_configuration_page_has_the_keys_that_the_parser_takes(table: str) -> None:
    known = {key.name for key in configuration.keys().values() if key.path.rpartition(".")[0] == table}
    assert table_keys(FOLDER / "configuration.md", table) == known


def test_a_key_that_the_page_names_is_taken_and_another_is_refused(tmp_path: Path) -> None:
    document = {"foreign_agent": {"links": ["eth1"], "care_of_address": "192.0.2.2", "maximum_visitors": 5}}
    config = parse(document, tmp_path).foreign_agent
    assert config is not None
    assert config.maximum_visitors == 5
    document["foreign_agent"]["maximum_guests"] = 5
    with pytest.raises(ConfigurationError, match=r"foreign_agent\.maximum_guests: unknown key"):
        parse(document, tmp_path)


@pytest.mark.parametrize("example", EXAMPLES, ids=_name)
def test_an_example_configuration_is_accepted(example: Example, tmp_path: Path) -> None:
    document = tomllib.loads(example.text)
    for name in key_files(document):
        path = tmp_path / name
        path.write_text("00" * 16)
        path.chmod(0o600)
    assert parse(document, tmp_path).roles


def test_the_reference_has_a_short_example_of_each_role() -> None:
    mine = [example.text for example in EXAMPLES if example.document.name == "configuration.md"]
    assert [re.match(r"\[(\w+)\]", text)[1] for text in mine] == ["home_agent", "foreign_agent", "mobile_node"]
    assert all(len(text.splitlines()) <= 10 for text in mine)


# -- commands and the control API


def test_every_object_of_mip_is_on_the_page_of_commands() -> None:
    text = (FOLDER / "commands.md").read_text()
    assert set(re.findall(r"^\| `mip ([a-z]+)[ `]", text, re.MULTILINE)) - set(HELP) == set()
    assert [name for name in HELP if f"| `mip {name}" not in text] == []


class _NoBackend:
    """Routes are made before anything is asked."""


def test_the_page_of_the_control_api_has_the_paths_that_the_server_has(tmp_path: Path) -> None:
    server = ControlServer(tmp_path / "socket", _NoBackend(), Feed(), PacketFeed())  # type: ignore[arg-type]
    served = {(route.method, route.resource.canonical) for route in server._runner.app.router.routes()}
    text = (FOLDER / "control-api.md").read_text()
    written = set(re.findall(r"^\| (GET|POST|DELETE) \| `(/v1/[\w/{}]+)` \|", text, re.MULTILINE))
    assert written == {(method, path) for method, path in served if method != "HEAD"}


# -- what is generated


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_what_the_code_says(name: str) -> None:
    page = importlib.import_module(f"tools.reference_pages.{name}")
    text = (FOLDER / page.PAGE).read_text(encoding="utf-8")
    assert fill(text, page.BLOCKS) == text, "run tools/reference.py"


def test_a_stale_block_is_written_anew_and_the_prose_around_it_stays() -> None:
    page = "before\n<!-- generated: list -->\nold\n<!-- end -->\nbehind\n"
    assert fill(page, {"list": lambda: ["new"]}) == page.replace("old\n", "\nnew\n\n")


@pytest.mark.parametrize("blocks", [{}, {"other": list}], ids=["nothing generates it", "the page lacks one"])
def test_a_page_must_have_just_the_blocks_that_are_generated(blocks: dict[str, type[list[str]]]) -> None:
    with pytest.raises(ValueError, match="blocks of the page: list; generated: "):
        fill("<!-- generated: list -->\n<!-- end -->\n", blocks)


def test_what_is_written_by_hand_must_be_about_what_there_is() -> None:
    same_keys("keys", ["a"], ["a"])
    with pytest.raises(ValueError, match=r"nothing is written about \['b'\]; not in the code: \['c'\]"):
        same_keys("keys", ["a", "c"], ["a", "b"])


# -- what the daemon changes on a machine

ADDRESS = IPv4Address("203.0.113.10")
WISHES: tuple[Wish, ...] = (
    AgentLink(interface="eth1"),
    HomeNetwork(prefix=IPv4Network("203.0.113.0/24"), interface="eth1"),
    ReturnPath(interface="eth2"),
    HomeAddress(address=ADDRESS),
    MobileLink(interface="eth0", answers_arp=False),
    MobileLink(interface="eth0", answers_arp=True),
    ReverseTunnel(
        home_address=ADDRESS,
        tunnel=Tunnel(local=ADDRESS, remote=ADDRESS),
        expires_at=1.0,
        way=Way(interface="eth0", gateway=ADDRESS),
    ),
)


def test_the_page_of_changes_names_every_sysctl_and_rule() -> None:
    text = (ROOT / "docs" / "explanation" / "what-it-changes.md").read_text()
    objects = [target for wish in WISHES for target in objects_of(wish, "mip0")]
    names = {target.path.rpartition("/")[2] for target in objects if isinstance(target, Sysctl)}
    assert set(re.findall(r"^\| `(?:\w+/LINK/)?(\w+)` \|", text, re.MULTILINE)) == names
    priorities = {str(target.priority) for target in objects if isinstance(target, Rule)}
    assert set(re.findall(r"rule (\d+)", text)) == priorities
