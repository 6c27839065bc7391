"""`kill -9` of each daemon in turn, and the next one: what of a stream each way is lost, packet by packet.

The kernel's own tables carry packets without any daemon: what visitors send on a triangular path, and both ways of a
mobile node behind a foreign agent. The programs of the fast path carry all others, so that nothing is lost at all. The
userspace path loses what has to pass the dead daemon, and nothing from the moment at which the next one is there:
nobody has to register anew before.
"""

import signal
import time
from collections.abc import Iterator

import msgspec
import pytest
from tests.support.machine import ours, picture
from tests.support.roaming import HOME_ADDRESS, eventually, go, roaming
from tests.support.traffic import boot, traffic

from mobileip.lab.demo.measure import Flow
from mobileip.lab.demo.traffic import Traffic
from mobileip.lab.laboratory import Lab
from mobileip.lab.roles import Settings

pytestmark = pytest.mark.netns

STRAIGHT_BACK: Settings = {"mn": {"mobile_node": {"reverse_tunnel": "off", "nat_traversal": "off"}}}
REVERSED: Settings = {
    "mn": {"mobile_node": {"reverse_tunnel": "required"}},
    "fa1": {"foreign_agent": {"reverse_tunnel": "offered"}},
}
PAUSES = [0.0, 5.0]
"""Seconds from a daemon's death until the next one is started."""


class Restart(msgspec.Struct, frozen=True, kw_only=True):
    """A daemon died, the next one is ready, and registrations are as before; boot time, seconds."""

    killed: float
    ready: float
    end: float
    to_node: Flow
    from_node: Flow

    def lost(self, flow: Flow) -> int:
        return flow.lost(self.killed, self.end)

    def lost_with_a_daemon(self, flow: Flow) -> int:
        """Of those that were sent when there was one, ready to forward."""
        return flow.lost(self.ready, self.end)

    def lost_for_want_of(self, lab: Lab, node: str) -> tuple[int, int]:
        """What should not be lost, towards the node and from it: on the fast path nothing at all, else nothing while
        the daemon is there."""
        is_fast = lab.daemon(node).ask("status")["engine"]["name"] == "ebpf"
        count = self.lost if is_fast else self.lost_with_a_daemon
        return count(self.to_node), count(self.from_node)


def restarted(lab: Lab, going: Traffic, node: str, pause: float = 0.0) -> Restart:
    killed = boot()
    lab.daemon(node).kill()
    time.sleep(pause)  # how long no daemon is there is what is looked at
    lab.daemon(node).start()
    ready = boot()
    if node == "ha":
        assert lab.daemon("ha").ask("bindings"), "it remembers them: nobody registers anew"
    else:
        if node != "mn":
            lab.daemon("mn").tell("register")  # or it would notice in a second that the agent counts anew
        lab.events("mn").wait_for("registered", after=killed)
    return watched(going, killed, ready)


def watched(going: Traffic, killed: float, ready: float) -> Restart:
    """All packets that were sent until now have come, or never will."""
    end = boot()
    eventually(lambda: going.to_mobile_node().first_arrival(end), "the stream towards the mobile node")
    eventually(lambda: going.from_mobile_node().first_arrival(end), "the stream from the mobile node")
    to_node, from_node = going.to_mobile_node(), going.from_mobile_node()
    return Restart(killed=killed, ready=ready, end=end, to_node=to_node, from_node=from_node)


@pytest.fixture(scope="module")
def triangular() -> Iterator[tuple[Lab, Traffic]]:
    with roaming("minimal", "restart-tri", settings=STRAIGHT_BACK) as lab:
        go(lab, "foreign1")
        with traffic(lab) as going:
            yield lab, going


@pytest.fixture(scope="module")
def reversed_() -> Iterator[tuple[Lab, Traffic]]:
    with roaming("minimal", "restart-rev", settings=REVERSED) as lab:
        go(lab, "foreign1")
        with traffic(lab) as going:
            yield lab, going


@pytest.mark.parametrize("pause", PAUSES)
def test_a_mobile_node_behind_a_foreign_agent_loses_nothing(triangular: tuple[Lab, Traffic], pause: float) -> None:
    seen = restarted(*triangular, "mn", pause)
    assert (seen.lost(seen.to_node), seen.lost(seen.from_node)) == (0, 0)


@pytest.mark.parametrize("pause", PAUSES)
def test_a_foreign_agent_loses_what_comes_while_it_is_dead_and_nothing_that_goes(
    triangular: tuple[Lab, Traffic], pause: float
) -> None:
    seen = restarted(*triangular, "fa1", pause)
    assert seen.lost(seen.from_node) == 0
    assert seen.lost_for_want_of(triangular[0], "fa1") == (0, 0)


@pytest.mark.parametrize("pause", PAUSES)
def test_a_home_agent_loses_what_comes_while_it_is_dead_and_nothing_that_goes(
    triangular: tuple[Lab, Traffic], pause: float
) -> None:
    seen = restarted(*triangular, "ha", pause)
    assert seen.lost(seen.from_node) == 0
    assert seen.lost_for_want_of(triangular[0], "ha") == (0, 0)


@pytest.mark.parametrize("pause", PAUSES)
def test_behind_a_reverse_tunnel_a_mobile_node_loses_nothing(reversed_: tuple[Lab, Traffic], pause: float) -> None:
    seen = restarted(*reversed_, "mn", pause)
    assert (seen.lost(seen.to_node), seen.lost(seen.from_node)) == (0, 0)


@pytest.mark.parametrize("node", ["fa1", "ha"])
@pytest.mark.parametrize("pause", PAUSES)
def test_a_reverse_tunnel_goes_on(reversed_: tuple[Lab, Traffic], node: str, pause: float) -> None:
    seen = restarted(*reversed_, node, pause)
    assert seen.lost_for_want_of(reversed_[0], node) == (0, 0)


def test_a_co_located_mobile_node_loses_what_comes_while_it_is_dead() -> None:
    with roaming("roaming", "restart-co", settings=STRAIGHT_BACK) as lab:
        go(lab, "visited")
        with traffic(lab) as going:
            seen = restarted(lab, going, "mn")
            assert seen.lost(seen.from_node) == 0
            assert seen.lost_for_want_of(lab, "mn") == (0, 0)


def test_visitors_are_served_though_nobody_registers_anew(reversed_: tuple[Lab, Traffic]) -> None:
    """The mobile node's own daemon stands still, so that nothing but the inheritance can serve it."""
    lab, going = reversed_
    lab.daemon("mn").send(signal.SIGSTOP)
    try:
        killed = boot()
        lab.daemon("fa1").kill()
        lab.daemon("fa1").start()
        seen = watched(going, killed, boot())
        assert lab.daemon("fa1").ask("visitors") == [], "it knows of none"
        assert (seen.lost_with_a_daemon(seen.to_node), seen.lost_with_a_daemon(seen.from_node)) == (0, 0)
    finally:
        lab.daemon("mn").send(signal.SIGCONT)
    eventually(lambda: lab.daemon("fa1").ask("visitors"), "the visitor registers anew")


@pytest.mark.parametrize("how", [signal.SIGTERM, "restart"])
@pytest.mark.parametrize("node", ["mn", "fa1"])
def test_an_end_that_leaves_everything_is_inherited_like_a_crash(
    reversed_: tuple[Lab, Traffic], node: str, how: signal.Signals | str
) -> None:
    lab, going = reversed_
    began = boot()
    if isinstance(how, signal.Signals):
        lab.daemon(node).restart(how)
    else:
        lab.daemon(node).tell("restart")
    lab.events(node).wait_for("inherited", after=began)
    lab.daemon(node).wait_ready()
    ready = boot()
    lab.daemon("mn").tell("register")
    lab.events("mn").wait_for("registered", after=ready)
    seen = watched(going, began, ready)
    assert (seen.lost_with_a_daemon(seen.to_node), seen.lost_with_a_daemon(seen.from_node)) == (0, 0)


def test_no_crash_makes_a_visitor_stay_longer_than_it_was_granted() -> None:
    short: Settings = {**REVERSED, "mn": {"mobile_node": {"reverse_tunnel": "required", "requested_lifetime": 6}}}
    with roaming("minimal", "restart-end", settings=short) as lab:
        go(lab, "foreign1")
        lab.daemon("mn").send(signal.SIGSTOP)
        try:
            ends = boot() + lab.daemon("fa1").ask("visitors")[0]["remaining_seconds"] - 1.0
            lab.daemon("fa1").kill()
            lab.daemon("fa1").start()
            eventually(lambda: not _tunnelled(lab), "what the visitor sends is tunnelled no more")
            assert boot() > ends, "until the end of its registration it was"
        finally:
            lab.daemon("mn").send(signal.SIGCONT)
        eventually(lambda: _tunnelled(lab), "it registers anew")


def _tunnelled(lab: Lab) -> bool:
    """Whether the foreign agent's kernel leads what comes from the visitor into the reverse tunnel."""
    return f"from {HOME_ADDRESS} iif eth1" in lab.run("fa1", "ip", "rule").stdout


def test_the_device_outlives_kill_9_with_its_addresses_and_routes_and_is_adopted(
    triangular: tuple[Lab, Traffic],
) -> None:
    lab, _ = triangular
    before, marked = picture(lab, "mn"), ours(lab, "mn")
    lab.daemon("mn").kill()
    dead = picture(lab, "mn")
    assert "LOWER_UP" in str(before["link mip0"])
    assert "LOWER_UP" not in str(dead["link mip0"])
    assert f"{HOME_ADDRESS}/32" in str(dead["link mip0"])
    assert ours(lab, "mn") == marked, "addresses, routes and rules"
    began = boot()
    lab.daemon("mn").start()
    lab.events("mn").wait_for("registered", after=began)
    assert picture(lab, "mn") == before


def test_customers_with_one_home_address_are_told_apart_by_the_next_daemon_too() -> None:
    with Lab("customers", name="restart-two") as lab:
        for node in ("mn1", "mn2"):
            lab.events(node).wait_for("registered", care_of="foreign_agent")
        untouched = {name for name in picture(lab, "fa") if name.startswith("link ")} - {"link mip0", "link mip0-1"}
        first = traffic(lab, "10.0.0.5", "10.0.0.100", mobile="mn1", peer="cn1")
        second = traffic(lab, "10.0.0.5", "10.0.0.100", mobile="mn2", peer="cn2")
        with first as one, second as other:
            devices = [picture(lab, "fa")[f"link {name}"] for name in ("mip0", "mip0-1")]
            for node in ("mn1", "mn2"):
                lab.daemon(node).send(signal.SIGSTOP)
            killed = boot()
            lab.daemon("fa").kill()
            assert {"link mip0", "link mip0-1"} <= picture(lab, "fa").keys()
            lab.daemon("fa").start()
            ready = boot()
            for going in (one, other):
                seen = watched(going, killed, ready)
                assert (seen.lost_with_a_daemon(seen.to_node), seen.lost_with_a_daemon(seen.from_node)) == (0, 0)
            for node in ("mn2", "mn1"):  # whose number was 1 before may come back first
                lab.daemon(node).send(signal.SIGCONT)
                lab.events(node).wait_for("registered", after=ready, care_of="foreign_agent")
            for going in (one, other):
                seen = watched(going, killed, ready)
                assert (seen.lost_with_a_daemon(seen.to_node), seen.lost_with_a_daemon(seen.from_node)) == (0, 0)
            assert [picture(lab, "fa")[f"link {name}"] for name in ("mip0", "mip0-1")] == devices
        lab.daemon("fa").stop()
        assert {name for name in picture(lab, "fa") if name.startswith("link ")} == untouched
