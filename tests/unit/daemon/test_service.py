"""A daemon as one object, on a machine that only pretends: its life, what it shows, what it is told."""

import asyncio
import errno
import json
import math
from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.support.configuration import documents, key_file
from tests.support.fake_machine import FakeMachine
from tests.support.messages import arrival, registration_request, signed

from mobileip.agents.events import Link, LinkUsed, ProbeAnswered
from mobileip.agents.notices import HandedOver
from mobileip.agents.outputs import AskLinkUse, ChangeForwarding, Departure, Notify, SendProbe
from mobileip.control.schema import ErrorView
from mobileip.daemon import service as module
from mobileip.daemon.config_file import Configuration, parse
from mobileip.daemon.doctor_facts import Facts
from mobileip.daemon.log import LOGGER
from mobileip.daemon.service import SOCKET_NAME, End, Service
from mobileip.dataplane.engine import Repair, TunnelUse
from mobileip.dataplane.ports import Action, Failure, Operation, Rule, Sysctl
from mobileip.forwarding.model import ForwardingChange, VisitorRoute
from mobileip.forwarding.tunnel import Tunnel
from mobileip.linux import clock
from mobileip.linux.errors import MachineError
from mobileip.linux.signalling import Heard
from mobileip.wire.extensions.authentication import MobileHomeAuthentication

RULE = Rule(priority=7430, table=254)
SYSCTL = Sysctl(path="net/ipv4/ip_forward", value="1")
REFUSED = Failure(Operation(Action.INSTALL, SYSCTL), errno.EPERM, "EPERM")


@pytest.fixture(autouse=True)
def pretended(monkeypatch: pytest.MonkeyPatch) -> type[FakeMachine]:
    machine = type("Machine", (FakeMachine,), {})
    monkeypatch.setattr(module, "Machine", machine)
    return machine


class Daemon:
    """A service and its surroundings."""

    def __init__(self, folder: Path, *roles: str, **changed: Any) -> None:
        key_file(folder)
        self.folder = folder
        self.ends: list[End] = []
        self.refusal: ErrorView | None = None
        self.service = Service(self.configuration(*roles, **changed), folder, self.end)
        self.machine: FakeMachine = module.Machine.last  # type: ignore[attr-defined]
        self.events: list[dict[str, object]] = []
        self.service.subscribe(self.events.append)

    def configuration(self, *roles: str, **changed: Any) -> Configuration:
        document: dict[str, Any] = {}
        for role in roles:
            document |= documents()[role]
        for name, value in changed.items():
            role, _, key = name.partition("__")
            document.setdefault(role, {})[key] = value
        return parse(document, self.folder)

    def end(self, how: End) -> ErrorView | None:
        self.ends.append(how)
        return self.refusal

    def names(self) -> list[object]:
        return [event["event"] for event in self.events]


# -- life


async def test_a_life_in_order(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, "home_agent")
    await daemon.service.start()
    assert (tmp_path / SOCKET_NAME).is_socket()
    assert daemon.machine.notes == ["persist True", "reconcile 1", "start", "accelerate"]
    daemon.machine.notes.clear()
    await daemon.service.stop(End.REMOVE)
    assert daemon.machine.notes == [
        "persist False",
        "remove the fast path",
        "reconcile 0",
        "restore sysctls",
        "stop",
    ]
    assert not (tmp_path / SOCKET_NAME).exists()


@pytest.mark.parametrize("how", [End.LEAVE, End.RESTART])
async def test_what_is_left_for_the_next_daemon(how: End, tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, "home_agent")
    await daemon.service.start()
    daemon.machine.notes.clear()
    await daemon.service.stop(how)
    assert daemon.machine.notes == ["persist True", "leave the fast path", "stop"]


async def test_visitors_of_one_daemon_are_inherited_by_the_next(tmp_path: Path) -> None:
    visitor = VisitorRoute(
        home_address=IPv4Address("10.1.0.10"),
        tunnel=Tunnel(IPv4Address("192.0.2.1"), IPv4Address("10.1.0.1")),
        interface="eth1",
        link_address=bytes(6),
        expires_at=math.inf,
    )
    first = Daemon(tmp_path, "foreign_agent")
    await first.service.start()
    first.service._runner.performer.perform([ChangeForwarding(ForwardingChange(install=(visitor,)))], 0.0)
    await first.service.stop(End.LEAVE)
    second = Daemon(tmp_path, "foreign_agent")
    second.machine.known_links = {"eth1": Link(name="eth1", index=2, carrier=True)}
    await second.service.start()
    assert visitor in second.machine.engine.state.wishes.values()
    assert "inherited" in second.names()
    second.machine.known_links = {}
    second.machine.on_link_removed("eth1")
    assert visitor not in second.machine.engine.state.wishes.values()
    await second.service.stop(End.REMOVE)
    third = Daemon(tmp_path, "foreign_agent")
    await third.service.start()
    assert "inherited" not in third.names(), "an end that removes everything leaves nothing to inherit"
    await third.service.stop(End.REMOVE)


async def test_what_can_not_be_removed_is_one_line_and_nothing_is_held_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_: object) -> None:
        raise OSError(errno.ENOBUFS, "no buffer space")

    daemon = Daemon(tmp_path, "home_agent")
    await daemon.service.start()
    monkeypatch.setattr(daemon.machine.engine, "reconcile", refuse)
    with pytest.raises(MachineError, match=r"can't clean up: .*no buffer space"):
        await daemon.service.stop(End.REMOVE)
    assert daemon.machine.notes[-1] == "stop"


async def test_no_event_is_handled_after_the_end(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, "home_agent")
    await daemon.service.start()
    await daemon.service.stop(End.LEAVE)
    sent = len(daemon.machine.sent)
    daemon.machine.on_link(Link(name="eth0", index=2, carrier=True))
    assert len(daemon.machine.sent) == sent


async def test_a_start_that_fails_leaves_nothing(tmp_path: Path, pretended: type[FakeMachine]) -> None:
    pretended.failure = OSError(errno.ENOBUFS, "no buffer space")
    daemon = Daemon(tmp_path, "home_agent")
    with pytest.raises(MachineError, match=r"can't start: .*no buffer space") as caught:
        await daemon.service.start()
    assert caught.value.hint == "nothing was left behind"
    assert daemon.machine.notes[-4:] == ["remove the fast path", "reconcile 0", "restore sysctls", "stop"]
    assert not (tmp_path / SOCKET_NAME).exists()


@pytest.mark.parametrize("failure", [MachineError("no luck"), asyncio.CancelledError()], ids=repr)
async def test_other_ends_of_a_start_are_passed_on(
    failure: BaseException, tmp_path: Path, pretended: type[FakeMachine]
) -> None:
    pretended.failure = failure
    daemon = Daemon(tmp_path, "home_agent")
    with pytest.raises(type(failure)):
        await daemon.service.start()
    assert daemon.machine.notes[-1] == "stop"


def test_a_socket_that_is_in_the_way_is_told_before_anything_is_touched(tmp_path: Path) -> None:
    (tmp_path / SOCKET_NAME).mkdir()
    with pytest.raises(MachineError, match="something else is there"):
        Daemon(tmp_path, "home_agent")


# -- what it shows


async def test_a_home_agent(tmp_path: Path) -> None:
    service = Daemon(tmp_path, "home_agent").service
    status = service.status()
    assert status.verdict == "home agent 10.1.0.1 serves 0 bindings"
    assert (status.home_agent, status.bindings, status.roles) == ("10.1.0.1", 0, ["home_agent"])
    assert (status.care_of_address, status.visitors, status.busy, status.registration) == (None, None, None, None)
    assert (status.engine.name, status.device, status.links) == ("userspace", "mip0", [])
    assert (service.bindings(), service.visitors(), service.agents(), service.registration()) == ([], [], [], None)
    traffic = service.traffic()
    assert traffic.home_agent is not None
    assert (traffic.foreign_agent, traffic.mobile_node, traffic.packets) == (None, None, {"changes": 0})


async def test_a_home_agent_that_believes_everybody_warns_loudly(tmp_path: Path) -> None:
    service = Daemon(tmp_path, "home_agent", home_agent__allow_unauthenticated=True).service
    (warning,) = service.status().warnings
    assert warning.startswith("UNAUTHENTICATED REGISTRATIONS ARE ACCEPTED")


async def test_a_foreign_agent(tmp_path: Path) -> None:
    service = Daemon(tmp_path, "foreign_agent").service
    status = service.status()
    assert status.verdict == "foreign agent 192.0.2.1 has 0 visitors"
    assert (status.care_of_address, status.visitors, status.busy) == ("192.0.2.1", 0, False)
    assert (status.home_agent, status.bindings) == (None, None)
    assert (service.bindings(), service.visitors(), service.agents()) == ([], [], [])
    assert service.traffic().foreign_agent is not None


async def test_a_mobile_node(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, "mobile_node")
    await daemon.service.start()
    daemon.machine.on_link(Link(name="eth0", index=2, carrier=True, link_address=bytes(6)))
    status, registration = daemon.service.status(), daemon.service.registration()
    assert status.verdict.startswith("10.1.0.10 is not registered")
    assert registration is not None
    assert status.registration == registration
    assert (registration.home_address, registration.registered) == ("10.1.0.10", False)
    assert [link.name for link in status.links] == ["eth0"]
    assert daemon.service.agents() == []
    assert daemon.service.traffic().mobile_node is not None
    assert "link_noticed" in daemon.names()
    daemon.machine.on_link_removed("eth0")
    await daemon.service.stop(End.REMOVE)


async def test_tunnels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    daemon = Daemon(tmp_path, "home_agent")
    (address, other) = (daemon.service.configuration.home_agent.address + n for n in (0, 9))  # type: ignore[union-attr]
    use = TunnelUse(("BindingRoute", "0/10.1.0.10"), Tunnel(address, other), 3, 300)
    unused = TunnelUse(("BindingRoute", "0/10.1.0.11"), Tunnel(address, other), 0, 0)
    monkeypatch.setattr(daemon.machine.engine, "tunnels", lambda *, idle: [use, unused])
    (view,) = daemon.service.tunnels()
    assert (view.local, view.home_address, view.packets) == ("10.1.0.1", "10.1.0.10", 3)
    assert [view.packets for view in daemon.service.tunnels(idle=True)] == [3, 0]


# -- what it is told


@pytest.mark.parametrize(("name", "how"), [("stop", End.REMOVE), ("restart", End.RESTART)])
async def test_ends_are_the_programs_to_decide(name: str, how: End, tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, "home_agent")
    assert daemon.service.command(name) is None
    daemon.refusal = ErrorView(code="configuration", message="no")
    assert daemon.service.command(name) == daemon.refusal
    assert daemon.ends == [how, how]


async def test_registration_by_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    daemon = Daemon(tmp_path, "mobile_node")
    handled: list[str] = []
    monkeypatch.setattr(daemon.service._runner, "handle", lambda event: handled.append(type(event).__name__))
    assert [daemon.service.command(name) for name in ("register", "deregister")] == [None, None]
    assert handled == ["RegisterCommanded", "DeregisterCommanded"]


@pytest.mark.parametrize("name", ["register", "deregister"])
async def test_who_is_no_mobile_node_can_not_register(name: str, tmp_path: Path) -> None:
    error = Daemon(tmp_path, "home_agent", "foreign_agent").service.command(name)
    assert error == ErrorView(code="not_found", message=f"{name}: this daemon is no mobile node")


async def test_what_is_said_of_links_is_an_event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    daemon = Daemon(tmp_path, "mobile_node")
    handled: list[str] = []
    monkeypatch.setattr(daemon.service._runner, "handle", lambda event: handled.append(type(event).__name__))
    assert daemon.service.link_command("handover", "eth0") is None
    assert daemon.service.link_command("resumed", None) is None
    error = daemon.service.link_command("leaving", "eth7")
    assert error is not None
    assert error.message == "leaving: eth7 is no link of this mobile node"
    assert handled == ["HandoverCommanded", "Resumed"]


async def test_what_the_machine_tells_of_paths_reaches_the_node(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, "mobile_node")
    heard: list[object] = []
    daemon.service._runner.node = Listening(heard)  # type: ignore[assignment]
    departure = Departure(destination=IPv4Address("10.1.0.1"), interface="eth0")
    daemon.machine.known_links = {"eth0": Link(name="eth0", index=2, carrier=True)}
    daemon.service._runner.performer.perform(
        [SendProbe(departure=departure, number=7), AskLinkUse(interface="eth0")], 0.0
    )
    assert daemon.machine.probes == [("eth0", 7)]
    answer = ProbeAnswered(interface="eth0", number=7)
    daemon.machine.on_event(answer)
    assert heard == [LinkUsed(interface="eth0", sent=2, received=1), answer]


class Listening:
    """A node that only listens."""

    mobile = None

    def __init__(self, heard: list[object]) -> None:
        self._heard = heard

    def handle(self, event: object, _: object) -> list[object]:
        self._heard.append(event)
        return []

    def next_deadline(self) -> None:
        return None


async def test_links_are_shown(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, "mobile_node")
    await daemon.service.start()
    daemon.machine.on_link(Link(name="eth0", index=2, carrier=True))
    assert [view.name for view in daemon.service.links()] == ["eth0"]
    assert daemon.service.status().links == daemon.service.links()
    assert Daemon(tmp_path / "..", "home_agent").service.links() == []
    await daemon.service.stop(End.LEAVE)


async def test_a_handover_is_told_kept_and_counted(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, "mobile_node")
    notice = HandedOver(
        number=1,
        trigger="better_link",
        reason="eth0 is better",
        to_interface="eth0",
        to_care_of="colocated",
        to_address=IPv4Address("192.0.2.7"),
        make_before_break=True,
        detection_ms=1.0,
        waiting_ms=0.0,
        registration_ms=30.0,
        silence_ms=0.0,
    )
    daemon.service._runner.performer.perform([Notify(notice)], 0.0)
    assert daemon.names() == ["handed_over"]
    (view,) = daemon.service.handovers()
    assert (view.to_interface, view.from_interface, view.registration_ms) == ("eth0", None, 30.0)
    assert view.time[:19] == str(daemon.events[0]["time"])[:19]
    assert 'mip_handover_duration_seconds_count{trigger="better_link",make_before_break="true"} 1\n' in (
        daemon.service.metrics()
    )


async def test_clearing_is_an_event_for_the_agents(tmp_path: Path) -> None:
    service = Daemon(tmp_path, "home_agent").service
    missing = ErrorView(code="not_found", message="no binding 10.1.0.10")
    assert service.clear("bindings", IPv4Address("10.1.0.10")) == missing


# -- what happens


def heard_nonsense(daemon: Daemon) -> None:
    daemon.machine.receivers.on_messages([Heard(b"\xff", arrival())])


async def test_events_are_numbered_alike_in_the_feed_and_for_listeners(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, "home_agent")
    with daemon.service._publisher.feed.listen(None) as queue:
        heard_nonsense(daemon)
        heard_nonsense(daemon)
        fed = [json.loads(queue.get_nowait()[1]) for _ in range(2)]
    assert msgspec.to_builtins(daemon.events) == fed
    assert [event["id"] for event in daemon.events] == [1, 2]
    assert (fed[0]["schema"], fed[0]["event"], fed[0]["reason"]) == (1, "discarded", "unknown_message_type")
    assert daemon.service.traffic().discarded == {"unknown_message_type": 2}


async def test_a_listener_may_go(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, "home_agent")
    heard: list[object] = []
    end = daemon.service.subscribe(heard.append)
    heard_nonsense(daemon)
    end()
    heard_nonsense(daemon)
    assert len(heard) == 1
    assert len(daemon.events) == 2


async def test_a_listener_that_fails_disturbs_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    daemon = Daemon(tmp_path, "home_agent")

    def spoil(event: dict[str, object]) -> None:
        event.clear()
        raise KeyError("a fault of the program around us")

    later: list[dict[str, object]] = []
    daemon.service.subscribe(spoil)
    daemon.service.subscribe(later.append)
    heard_nonsense(daemon)
    assert later == daemon.events
    assert later[0]["event"] == "discarded"
    assert "listener_failed" in caplog.messages


async def test_what_the_kernel_refuses_is_told_and_counted(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, "home_agent")
    daemon.machine.engine.failures = [REFUSED]
    await daemon.service.start()
    failed = [event for event in daemon.events if event["event"] == "operation_failed"]
    assert [event["what"] for event in failed] == ["install Sysctl: EPERM"] * len(failed)
    assert failed[0]["target"] == "path=net/ipv4/ip_forward value=1"
    assert daemon.service.status().warnings == [f"the kernel refused {len(failed)} times: install Sysctl: EPERM"]
    await daemon.service.stop(End.LEAVE)


async def test_the_last_denial_is_a_warning_with_its_name(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, "mobile_node")
    mobile = daemon.service._runner.node.mobile
    assert mobile is not None
    for code, name in ((129, "administratively prohibited"), (250, "unknown code")):
        snapshot = msgspec.structs.replace(mobile.snapshot(), last_denial=code)
        mobile.snapshot = lambda shown=snapshot: shown  # type: ignore[method-assign, misc]
        (warning,) = daemon.service.status().warnings
        assert name in warning


async def repaired(daemon: Daemon, repair: Callable[[float], Any]) -> list[dict[str, object]]:
    """The events that follow when others changed something of ours and the engine repairs it so."""
    done = asyncio.Event()

    async def once(now: float) -> Repair:
        done.set()
        return repair(now)

    daemon.machine.engine.repair = once  # type: ignore[method-assign]
    daemon.events.clear()
    daemon.machine.on_ours_changed()
    await done.wait()
    await daemon.service.stop(End.LEAVE)
    return daemon.events


async def test_a_lost_device_is_an_error_once_and_a_warning_until_it_is_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LOGGER, "propagate", True)
    daemon = Daemon(tmp_path, "home_agent")
    await daemon.service.start()
    daemon.machine.on_device_trouble(MachineError("the name mip0 is taken", "rename that device"))
    (record,) = [record for record in caplog.records if record.message == "device_lost"]
    assert record.levelname == "ERROR"
    (event,) = [event for event in daemon.events if event["event"] == "device_lost"]
    assert (event["device"], event["reason"], event["hint"]) == ("mip0", "the name mip0 is taken", "rename that device")
    (warning,) = daemon.service.status().warnings
    assert warning.endswith("no tunnelled packet passes: the name mip0 is taken; rename that device; it is tried again")
    daemon.machine.on_device_trouble(None)
    assert daemon.names()[-1] == "device_restored"
    assert daemon.service.status().warnings == []
    await daemon.service.stop(End.LEAVE)


async def test_a_repair_is_told(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, "home_agent")
    await daemon.service.start()
    told = await repaired(daemon, lambda _: Repair(failures=(REFUSED,), restored=2, fought_over=(RULE,)))
    assert [(event["event"], event.get("objects")) for event in told] == [
        ("operation_failed", None),
        ("repaired", 2),
        ("rule_fight", ["Rule"]),
    ]


async def test_a_repair_of_nothing_is_not(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, "home_agent")
    await daemon.service.start()
    assert await repaired(daemon, lambda _: Repair()) == []


async def test_a_repair_that_can_not_look_is_a_failure(tmp_path: Path) -> None:
    def refuse(_: float) -> Repair:
        raise OSError(errno.EBUSY, "busy")

    daemon = Daemon(tmp_path, "home_agent")
    await daemon.service.start()
    (told,) = await repaired(daemon, refuse)
    assert told["event"] == "operation_failed"
    assert "busy" in str(told["what"])
    assert len(daemon.service.status().warnings) == 1


# -- the firewall, and the doctor


RULES = ["inet filter input: udp dport 434 accept"]


class PretendedFirewall:
    """Opens and closes as told."""

    opens_with_trouble = closes_with_trouble = ""

    def __init__(self, *_: object) -> None:
        self.rules: list[str] = []
        self.trouble = ""

    def open(self) -> None:
        self.trouble = self.opens_with_trouble
        self.rules = [] if self.trouble else RULES

    def close(self) -> None:
        self.trouble = self.closes_with_trouble
        self.rules = []


async def test_a_firewall_that_is_opened_is_told_and_shown_until_it_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "Firewall", PretendedFirewall)
    daemon = Daemon(tmp_path, "home_agent")
    await daemon.service.start()
    assert daemon.service.status().firewall == RULES
    await daemon.service.stop(End.REMOVE)
    told = [(event["event"], event["rules"]) for event in daemon.events]
    assert told == [("firewall_opened", RULES), ("firewall_closed", RULES)]


async def test_a_firewall_stays_open_for_the_next_daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Firewall", PretendedFirewall)
    daemon = Daemon(tmp_path, "home_agent")
    await daemon.service.start()
    await daemon.service.stop(End.LEAVE)
    assert daemon.names() == ["firewall_opened"]


@pytest.mark.parametrize("at", ["opens_with_trouble", "closes_with_trouble"])
async def test_a_firewall_that_can_not_be_changed_is_told(
    at: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "Firewall", type("Firewall", (PretendedFirewall,), {at: "nft refuses"}))
    daemon = Daemon(tmp_path, "home_agent")
    await daemon.service.start()
    assert daemon.service.status().warnings == (["nft refuses"] if at.startswith("opens") else [])
    await daemon.service.stop(End.REMOVE)
    assert "firewall_closed" not in daemon.names()
    assert {"event": "firewall_trouble", "reason": "nft refuses"}.items() <= daemon.events[-1].items()


@pytest.mark.parametrize("role", ["home_agent", "foreign_agent", "mobile_node"])
async def test_the_doctor_is_asked(role: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing_known(configuration: Configuration, *_: object, **known: Any) -> Facts:
        assert known["opened"] == []
        return Facts(configuration=configuration)

    monkeypatch.setattr(module.doctor_collect, "of_daemon", nothing_known)
    view = await Daemon(tmp_path, role).service.doctor()
    assert view.daemon_running
    assert view.findings[0].check == "daemon"


# -- what a home agent remembers


def register_at(daemon: Daemon) -> None:
    association = daemon.service.configuration.home_agent.mobile_nodes[0].associations[0]  # type: ignore[union-attr]
    request = registration_request(
        identification=clock.now().ntp, care_of_address=IPv4Address("192.0.2.9"), home_agent=IPv4Address("10.1.0.1")
    )
    octets = signed(request, (MobileHomeAuthentication, association))
    daemon.machine.receivers.on_messages([Heard(octets, arrival(source=IPv4Address("192.0.2.9")))])


async def test_bindings_are_there_again_after_any_end(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, "home_agent")
    await daemon.service.start()
    register_at(daemon)
    (before,) = daemon.service.bindings()
    await daemon.service.stop(End.REMOVE)
    daemon = Daemon(tmp_path, "home_agent")
    await daemon.service.start()
    (after,) = daemon.service.bindings()
    assert (after.home_address, after.care_of_address) == (before.home_address, before.care_of_address)
    assert "bindings_restored" in daemon.names()
    await daemon.service.stop(End.LEAVE)


async def test_a_home_agent_with_another_configuration_keeps_the_bindings(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, "home_agent")
    await daemon.service.start()
    register_at(daemon)
    before = daemon.service._runner.node.home
    await daemon.service.reconfigure(daemon.configuration("home_agent", home_agent__maximum_lifetime=60))
    assert daemon.service._runner.node.home is not before
    assert len(daemon.service.bindings()) == 1
    await daemon.service.reconfigure(daemon.configuration("home_agent", home_agent__mobile_node=[]))
    assert daemon.service.bindings() == []
    assert "binding_not_restored" in daemon.names()
    await daemon.service.stop(End.LEAVE)


async def test_a_memory_that_can_not_be_written_is_a_warning_until_it_can(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.touch()  # a file where the folder should be
    daemon = Daemon(tmp_path, "home_agent", daemon__state_dir=str(folder))
    await daemon.service.start()
    register_at(daemon)
    assert len(daemon.service.bindings()) == 1
    (warning,) = daemon.service.status().warnings
    assert "can't be written" in warning
    assert "memory_trouble" in daemon.names()
    folder.unlink()
    await daemon.service.stop(End.LEAVE)
    assert daemon.names()[-1] == "memory_restored"


async def test_a_daemon_without_a_home_agent_makes_no_file(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, "foreign_agent")
    await daemon.service.start()
    await daemon.service.stop(End.LEAVE)
    assert not [entry for entry in tmp_path.iterdir() if entry.name.startswith("home_agent.")]


# -- another configuration


async def test_a_role_that_is_the_same_keeps_its_agent(tmp_path: Path) -> None:
    roles, elsewhere = ("home_agent", "foreign_agent", "mobile_node"), {"mobile_node__home_agent": "10.1.0.2"}
    daemon = Daemon(tmp_path, *roles, **elsewhere)
    await daemon.service.start()
    before = daemon.service._runner.node
    daemon.machine.known_links = {"eth0": Link(name="eth0", index=2, carrier=True, link_address=bytes(6))}
    daemon.machine.notes.clear()
    changed = daemon.configuration(*roles, **elsewhere, foreign_agent__maximum_visitors=5)
    await daemon.service.reconfigure(changed)
    after = daemon.service._runner.node
    assert (after.home, after.mobile) == (before.home, before.mobile)
    assert after.foreign is not before.foreign
    assert daemon.service.configuration == changed
    assert [note.partition(" ")[0] for note in daemon.machine.notes] == ["reconcile"]
    assert "link_noticed" in daemon.names()
    await daemon.service.stop(End.LEAVE)


async def test_another_engine_in_the_configuration_needs_no_restart(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, "foreign_agent")
    await daemon.service.start()
    await daemon.service.reconfigure(daemon.configuration("foreign_agent", daemon__engine="ebpf"))
    assert (daemon.service.engine().name, daemon.service.engine().choice) == ("ebpf", "ebpf")
    assert "engine_chosen" in daemon.names()
    daemon.machine.notes.clear()
    await daemon.service.choose_engine("userspace")
    await daemon.service.reconfigure(daemon.configuration("foreign_agent", daemon__engine="ebpf"))
    assert daemon.service.engine().choice == "userspace", "the file says what it said before"
    await daemon.service.stop(End.LEAVE)


async def test_an_engine_that_can_not_be_had_does_not_stop_the_daemon(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, "foreign_agent")
    await daemon.service.start()
    daemon.machine.accelerator.is_possible = False
    await daemon.service.reconfigure(daemon.configuration("foreign_agent", daemon__engine="ebpf"))
    (warning,) = daemon.service.status().warnings
    assert warning == "engine ebpf was chosen, but packets go through user space: no fast path: a test"
    await daemon.service.stop(End.LEAVE)


async def test_a_fast_path_that_is_given_up_is_told(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, "foreign_agent")
    daemon.machine.on_engine("its tables can't be written")
    assert daemon.names() == ["engine_changed"]
    (warning,) = daemon.service.status().warnings
    assert "its tables can't be written" in warning


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"daemon__device": "mip9"}, "[daemon] differs"),
        ({"foreign_agent__links": ["eth7"]}, "the links that are heard"),
    ],
)
async def test_what_only_a_restart_can_change(changed: dict[str, Any], complaint: str, tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, "foreign_agent")
    before = (daemon.service.configuration, daemon.service._runner.node)
    with pytest.raises(ValueError, match=complaint.replace("[", r"\[")):
        await daemon.service.reconfigure(daemon.configuration("foreign_agent", **changed))
    assert (daemon.service.configuration, daemon.service._runner.node) == before
