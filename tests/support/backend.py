"""A daemon as the control API sees it, without one: views with sound values, commands that are noted."""

from ipaddress import IPv4Address
from typing import Any

from mobileip.control.schema import (
    AgentView,
    BindingView,
    DoctorView,
    EngineView,
    ErrorView,
    FindingView,
    HandoverView,
    LinkView,
    RegistrationView,
    RevokedView,
    StatusView,
    TrafficView,
    TunnelView,
    VisitorView,
)


def binding(**fields: Any) -> BindingView:
    defaults: dict[str, Any] = {
        "home_address": "10.1.0.10",
        "care_of_address": "192.0.2.2",
        "home_agent": "10.1.0.1",
        "encapsulation": "ipip",
        "lifetime_seconds": 1800,
        "remaining_seconds": 1500.0,
        "registered_at": "2026-01-01T00:00:00.000+00:00",
        "spi": 256,
        "colocated": False,
    }
    return BindingView(**(defaults | fields))


def registration(**fields: Any) -> RegistrationView:
    defaults: dict[str, Any] = {
        "home_address": "10.1.0.10",
        "home_agent": "10.1.0.1",
        "state": "registered",
        "registered": True,
        "care_of": "foreign_agent",
        "care_of_address": "192.0.2.2",
        "interface": "eth0",
        "agent": "198.51.100.1",
        "remaining_seconds": 100.0,
    }
    return RegistrationView(**(defaults | fields))


def handover(**fields: Any) -> HandoverView:
    defaults: dict[str, Any] = {
        "number": 1,
        "time": "2026-01-01T00:00:00.250+00:00",
        "trigger": "better_link",
        "reason": "eth0 has 100 points more",
        "from_interface": "wlan0",
        "from_care_of": "foreign_agent",
        "from_address": "192.0.2.2",
        "to_interface": "eth0",
        "to_care_of": "colocated",
        "to_address": "203.0.113.7",
        "make_before_break": True,
        "detection_ms": 1.5,
        "waiting_ms": 0.0,
        "registration_ms": 40.25,
        "silence_ms": 0.0,
    }
    return HandoverView(**(defaults | fields))


class FakeBackend:
    """Implements `control.server.Backend`."""

    def __init__(self) -> None:
        self.commands: list[str] = []
        self.refusal: ErrorView | None = None
        self.shown_bindings = [binding(), binding(home_address="10.1.0.11", colocated=True, remaining_seconds=None)]
        self.shown_registration: RegistrationView | None = registration()

    def status(self) -> StatusView:
        return StatusView(
            verdict="registered at 192.0.2.2",
            warnings=["our clock is off"],
            roles=["mobile_node"],
            engine=EngineView(name="userspace", reason="the only one"),
            device="mip0",
            pid=7,
            uptime_seconds=8000.0,
            links=[LinkView(name="eth0", state="agent_heard", addresses=["192.0.2.7/24"])],
        )

    def bindings(self) -> list[BindingView]:
        return self.shown_bindings

    def visitors(self) -> list[VisitorView]:
        return []

    def agents(self) -> list[AgentView]:
        return [
            AgentView(
                address="198.51.100.1",
                interface="eth0",
                link_address="02:00:00:00:00:01",
                roles=["home", "foreign"],
                care_of_addresses=["192.0.2.2"],
                busy=False,
                registration_lifetime_seconds=1800,
                sequence_number=3,
                heard_seconds_ago=0.5,
                remaining_seconds=2.5,
            )
        ]

    def registration(self) -> RegistrationView | None:
        return self.shown_registration

    def engine(self) -> EngineView:
        return EngineView(name="ebpf", reason="this kernel takes it", attached_by="tcx links in a bpffs")

    async def choose_engine(self, name: str) -> EngineView | ErrorView:
        if self.refusal is not None:
            return self.refusal
        self.commands.append(f"engine {name}")
        return EngineView(name="userspace", reason="chosen", choice=name)

    def links(self) -> list[LinkView]:
        return [
            LinkView(name="eth0", state="verified", score=200, why="first of links", delay_seconds=0.0423, loss=0.25),
            LinkView(name="wlan0", state="agent_heard", score=100, why="second of links"),
        ]

    def handovers(self) -> list[HandoverView]:
        return [handover(), handover(number=2, from_interface=None, from_care_of=None, from_address=None)]

    def metrics(self) -> str:
        return "# TYPE mip_registered gauge\nmip_registered 1\n"

    def link_command(self, action: str, interface: str | None) -> ErrorView | None:
        if self.refusal is None:
            self.commands.append(f"{action} {interface}")
        return self.refusal

    def tunnels(self, *, idle: bool = False) -> list[TunnelView]:
        fields: dict[str, Any] = {"local": "192.0.2.2", "remote": "10.1.0.1", "encapsulation": "ipip"}
        used = TunnelView(**fields, packets=3, octets=300, last_packet_seconds_ago=12.3)
        return [used, TunnelView(**fields, home_address="10.1.0.12")] if idle else [used]

    def traffic(self) -> TrafficView:
        return TrafficView(mobile_node={"requests_sent": 2, "denied": 0}, packets={"encapsulated": 5})

    async def doctor(self) -> DoctorView:
        finding = FindingView(check="ip_forward", verdict="problem", found="it is off", advice="switch it on")
        return DoctorView(verdict="problem", daemon_running=True, findings=[finding])

    def command(self, name: str) -> ErrorView | None:
        if self.refusal is None:
            self.commands.append(name)
        return self.refusal

    def clear(self, name: str, home_address: IPv4Address) -> RevokedView | ErrorView:
        if self.refusal is not None:
            return self.refusal
        self.commands.append(f"clear {name} {home_address}")
        return RevokedView(home_address=str(home_address), revoked=1, told=["192.0.2.2"])
