"""One daemon after the other in one run directory, on an engine that only pretends."""

import asyncio
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Interface
from math import inf
from pathlib import Path
from typing import Any

import pytest
from tests.support.configuration import documents, key_file
from tests.support.wishes import FROM_HOME_AGENT, HOME_ADDRESS, binding, tunnel_exit, visitor

from mobileip.agents.events import Link
from mobileip.agents.instant import Instant
from mobileip.daemon import succession as module
from mobileip.daemon.build import build_node
from mobileip.daemon.config_file import Configuration, parse
from mobileip.daemon.succession import Succession
from mobileip.daemon.wish_journal import NAME, WishJournal
from mobileip.dataplane.fake import FakeEngine
from mobileip.forwarding.model import ForwardingChange, ForwardingState, MobileRoute, Wish

CARE_OF = FROM_HOME_AGENT.local
LINKS = {
    "eth0": Link(name="eth0", index=2, carrier=True, addresses=(IPv4Interface(f"{CARE_OF}/24"),)),
    "eth1": Link(name="eth1", index=3, carrier=True),
}
ROUTE = MobileRoute(home_address=HOME_ADDRESS, interface="eth0", gateway=IPv4Address("10.2.1.1"))
BOTH = ("foreign_agent", "mobile_node")


class Mobile:
    """As much of a mobile node as is asked."""

    def __init__(self, *, has_settled: bool = False, registered_until: float = inf) -> None:
        self.has_settled, self.registered_until = has_settled, registered_until


class Clock:
    boot = 1000.0

    def now(self) -> Instant:
        return Instant(self.boot, 0)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(module, "clock", made)
    return made


def configuration(folder: Path, *roles: str, **changed: Any) -> Configuration:
    key_file(folder)
    document: dict[str, Any] = {}
    for role in roles:
        document[role] = {**documents()[role][role], **(changed if role == "mobile_node" else {})}
    return parse(document, folder)


class Life:
    """One daemon's succession and engine."""

    def __init__(self, folder: Path, *roles: str, **changed: Any) -> None:
        self.engine = FakeEngine()
        self.events: list[dict[str, object]] = []
        self.failures: list[object] = []
        settings = configuration(folder, *roles, **changed)
        self.node = build_node(settings)
        self.succession = Succession(self.engine, settings, folder, self.events.append, self.failures.extend)

    async def begin(self, *wishes: Wish) -> "Life":
        self.succession.inherit(self.node)
        await self.succession.reconcile(ForwardingState.of(wishes))
        return self

    def look(self, links: Mapping[str, Link] = LINKS, **mobile: Any) -> set[Wish]:
        """What the engine does after a batch of events."""
        self.succession.look(Mobile(**mobile), links)  # type: ignore[arg-type]
        return self.wishes

    @property
    def wishes(self) -> set[Wish]:
        return set(self.engine.state.wishes.values())


async def leave(folder: Path, *wishes: Wish, until: float = inf) -> None:
    """A daemon that wished for these, and died."""
    life = await Life(folder, *BOTH).begin(*wishes)
    life.look(registered_until=until)
    life.succession.stop(leave=True)


VISITOR = visitor(expires_at=1600.0)


async def test_the_next_daemon_goes_on_with_what_the_one_before_wished_for(tmp_path: Path, clock: Clock) -> None:
    await leave(tmp_path, VISITOR, ROUTE, binding())
    life = await Life(tmp_path, *BOTH).begin()
    assert life.wishes == {VISITOR, ROUTE}, "a binding comes back from elsewhere"
    assert life.events == [{"event": "inherited", "wishes": 2}]
    assert life.look() == {VISITOR, ROUTE}
    life.succession.stop(leave=False)
    assert not (tmp_path / NAME).exists()


async def test_what_is_inherited_is_inherited_again_after_another_crash(tmp_path: Path, clock: Clock) -> None:
    await leave(tmp_path, VISITOR, ROUTE, until=1050.0)
    second = await Life(tmp_path, *BOTH).begin()
    second.look()
    second.succession.stop(leave=True)
    third = await Life(tmp_path, *BOTH).begin()
    assert third.wishes == {VISITOR, ROUTE}
    third.succession.stop(leave=True)
    clock.boot = 1050.0
    fourth = await Life(tmp_path, *BOTH).begin()
    assert fourth.wishes == {VISITOR}, "no crash makes a registration last longer"
    fourth.succession.stop(leave=False)


async def test_a_change_goes_to_engine_and_journal_alike(tmp_path: Path, clock: Clock) -> None:
    await leave(tmp_path, VISITOR, ROUTE)
    life = await Life(tmp_path, *BOTH).begin()
    renewed = visitor(expires_at=1900.0)
    assert life.succession.apply(ForwardingChange(install=(renewed,))) == []
    life.succession.apply(ForwardingChange(remove=(ROUTE.key,)))
    assert life.wishes == {renewed}
    life.succession.stop(leave=True)
    after = await Life(tmp_path, *BOTH).begin()
    assert after.wishes == {renewed}
    after.succession.stop(leave=False)


async def test_what_goes_is_written_down_before_and_what_comes_when_messages_have_left(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    life = await Life(tmp_path, *BOTH).begin(ROUTE)
    written: list[tuple[ForwardingChange, set[Wish]]] = []
    monkeypatch.setattr(WishJournal, "note", lambda _, change: written.append((change, life.wishes)))
    comes, goes = ForwardingChange(install=(VISITOR,)), ForwardingChange(remove=(ROUTE.key,))
    life.succession.apply(comes)
    assert written == []
    life.succession.settle()
    assert written == [(comes, {ROUTE, VISITOR})]
    life.succession.apply(comes)
    life.succession.apply(goes)
    assert written[1:] == [(comes, {ROUTE, VISITOR}), (goes, {ROUTE, VISITOR})]
    life.succession.settle()
    assert len(written) == 3
    life.succession.stop(leave=False)


async def test_a_mobile_node_that_has_settled_inherits_nothing_more(tmp_path: Path, clock: Clock) -> None:
    await leave(tmp_path, VISITOR, ROUTE, tunnel_exit())
    life = await Life(tmp_path, *BOTH).begin()
    assert life.look(has_settled=True) == {VISITOR}
    life.succession.stop(leave=True)
    after = await Life(tmp_path, *BOTH).begin()
    assert after.wishes == {VISITOR}, "nor does the next daemon"
    after.succession.stop(leave=False)


async def test_a_link_that_is_gone_takes_what_hung_on_it_along(tmp_path: Path, clock: Clock) -> None:
    await leave(tmp_path, VISITOR, ROUTE)
    life = await Life(tmp_path, *BOTH).begin()
    assert life.look({"eth1": LINKS["eth1"]}) == {VISITOR}
    life.succession.stop(leave=False)


async def test_a_visitor_goes_at_its_time_without_any_event(tmp_path: Path, clock: Clock) -> None:
    await leave(tmp_path, VISITOR)
    clock.boot = 1599.99
    life = await Life(tmp_path, *BOTH).begin()
    assert life.wishes == {VISITOR}
    clock.boot = 1600.0
    async with asyncio.timeout(10):
        while life.wishes:
            await asyncio.sleep(0.001)
    life.succession.stop(leave=False)


async def test_what_ended_in_suspend_ends_with_the_first_event_after_it(tmp_path: Path, clock: Clock) -> None:
    await leave(tmp_path, VISITOR)
    life = await Life(tmp_path, *BOTH).begin()
    assert life.look() == {VISITOR}
    clock.boot = 1600.0  # the loop's clock did not go on
    assert life.look() == set()
    life.succession.stop(leave=False)


async def test_a_role_that_is_gone_inherits_nothing(tmp_path: Path, clock: Clock) -> None:
    await leave(tmp_path, VISITOR, ROUTE)
    life = await Life(tmp_path, "home_agent").begin()
    assert (life.wishes, life.events) == (set(), [])
    assert not (tmp_path / NAME).exists(), "a home agent keeps no such journal"
    life.succession.look(None, LINKS)
    life.succession.stop(leave=True)


async def test_another_home_address_inherits_nothing(tmp_path: Path, clock: Clock) -> None:
    await leave(tmp_path, VISITOR, ROUTE)
    life = await Life(tmp_path, *BOTH, home_address="10.1.0.11").begin()
    assert VISITOR in life.wishes
    assert ROUTE not in life.wishes
    life.succession.stop(leave=False)


async def test_a_new_configuration_of_a_running_daemon_ends_the_part_of_the_role_that_differs(
    tmp_path: Path, clock: Clock
) -> None:
    await leave(tmp_path, VISITOR, ROUTE)
    life = await Life(tmp_path, *BOTH).begin()
    life.succession.reconfigure(configuration(tmp_path, *BOTH, home_address="10.1.0.11"))
    await life.succession.reconcile(ForwardingState())
    assert life.wishes == {VISITOR}
    life.succession.stop(leave=False)


async def test_a_foreign_agent_knows_by_which_numbers_its_visitors_were_told_apart(
    tmp_path: Path, clock: Clock
) -> None:
    await leave(tmp_path, visitor(expires_at=1600.0, realm=1))
    life = await Life(tmp_path, *BOTH).begin()
    assert life.node.foreign is not None
    visitors = life.node.foreign._visits.list
    assert visitors.free_realm(HOME_ADDRESS, FROM_HOME_AGENT.remote, now=1000.0) == 1
    life.succession.stop(leave=False)


async def test_a_damaged_journal_is_an_event_and_the_daemon_begins_without(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / NAME).write_bytes(b"this is no journal")
    life = await Life(tmp_path, *BOTH).begin(VISITOR)
    (event,) = life.events
    assert event["event"] == "inheritance_trouble"
    assert "is damaged" in str(event["reason"])
    assert life.wishes == {VISITOR}
    life.succession.stop(leave=False)


async def test_what_is_no_forwarding_is_the_engines(tmp_path: Path, clock: Clock) -> None:
    life = await Life(tmp_path, *BOTH).begin()
    life.succession.send_keepalive(HOME_ADDRESS, FROM_HOME_AGENT.remote, 7, 1000.0)
    assert life.succession.activity(HOME_ADDRESS) == life.engine.activity(HOME_ADDRESS)
    life.succession.stop(leave=False)
