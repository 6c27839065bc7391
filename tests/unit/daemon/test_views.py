"""Inner state in the published language."""

from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from math import inf
from typing import Any

import msgspec
import pytest
from tests.support.foreign_agent import visitor
from tests.support.home_agent import home_agent_config
from tests.support.messages import CARE_OF_ADDRESS, HOME_ADDRESS, HOME_AGENT
from tests.support.revocable import terms

from mobileip.agents.foreign.snapshot import ForeignAgentSnapshot, RevocationTerms
from mobileip.agents.home.snapshot import HomeAgentSnapshot, MobilityBinding
from mobileip.agents.mobile.snapshot import (
    HeardAgent,
    LinkSnapshot,
    MobileNodeSnapshot,
    RegistrationSnapshot,
    TunnelSnapshot,
)
from mobileip.agents.notices import HandedOver
from mobileip.control.schema import LinkView
from mobileip.daemon import views
from mobileip.dataplane.engine import TunnelUse
from mobileip.forwarding.model import BroadcastExit, ReverseExit, ReverseTunnel, Wish
from mobileip.forwarding.tunnel import Encapsulation, Tunnel, UdpPorts
from mobileip.linux.errors import MachineError

NOW = 1000.0


def clock(boot: float) -> str:
    return f"t{boot:g}"


def binding(**fields: Any) -> MobilityBinding:
    defaults: dict[str, Any] = {
        "home_address": HOME_ADDRESS,
        "care_of_address": CARE_OF_ADDRESS,
        "home_agent": HOME_AGENT,
        "tunnel": Tunnel(HOME_AGENT, CARE_OF_ADDRESS),
        "lifetime": 600,
        "registered_at": 900.0,
        "expires_at": 1500.0,
        "identification": 1,
        "spi": 256,
    }
    return MobilityBinding(**(defaults | fields))


def node(registration: RegistrationSnapshot | None = None, **fields: Any) -> MobileNodeSnapshot:
    defaults: dict[str, Any] = {"home_address": HOME_ADDRESS, "home_agent": HOME_AGENT, "state": "registered"}
    return MobileNodeSnapshot(registration=registration, **(defaults | fields))


def at(care_of: str = "foreign_agent", expires_at: float = 1500.0, **fields: Any) -> RegistrationSnapshot:
    defaults: dict[str, Any] = {"agent": IPv4Address("198.51.100.1"), "granted_lifetime": 600}
    return RegistrationSnapshot(
        care_of=care_of,
        care_of_address=CARE_OF_ADDRESS,
        interface="eth0",
        expires_at=expires_at,
        **(defaults | fields),
    )


def tunnel_shown(**fields: Any) -> TunnelSnapshot:
    defaults: dict[str, Any] = {
        "encapsulation": "gre",
        "reverse": True,
        "delivery": "direct",
        "nat_traversal": "agreed",
        "keepalive_interval": 50.0,
    }
    return TunnelSnapshot(**(defaults | fields))


def test_how_the_tunnel_runs() -> None:
    shown = views.registration(node(at(tunnel=tunnel_shown())), NOW)
    assert (shown.encapsulation, shown.reverse_tunnel) == ("gre", True)
    assert (shown.nat_traversal, shown.keepalive_seconds) == ("agreed", 50.0)
    over = views.registration(node(at(expires_at=900.0, tunnel=tunnel_shown())), NOW)
    assert (over.encapsulation, over.reverse_tunnel, over.nat_traversal, over.keepalive_seconds) == (None,) * 4


def test_boot_time_on_the_wall() -> None:
    read = views.wall_clock(NOW)
    assert read(NOW).endswith("+00:00")
    assert read(NOW) < read(NOW + 1)


def test_binding() -> None:
    view = views.binding(binding(decapsulation_by_mobile_node=True), NOW, clock)
    assert (view.home_address, view.care_of_address, view.home_agent) == ("10.1.0.10", "192.0.2.2", "10.1.0.1")
    assert (view.remaining_seconds, view.registered_at, view.colocated) == (500.0, "t900", True)
    assert view.encapsulation == "ipip"


def test_binding_behind_a_nat() -> None:
    assert (views.binding(binding(), NOW, clock).reverse_tunnel, views.binding(binding(), NOW, clock).udp_endpoint) == (
        False,
        None,
    )
    assert views.binding(binding(reverse_tunneling=True), NOW, clock).reverse_tunnel
    tunnels = [Tunnel(HOME_AGENT, CARE_OF_ADDRESS, Encapsulation.GRE, udp=UdpPorts(434, port)) for port in (40000, 0)]
    shown = [views.binding(binding(tunnel=tunnel), NOW, clock) for tunnel in tunnels]
    assert [view.udp_endpoint for view in shown] == ["192.0.2.2:40000", "192.0.2.2:?"]
    assert [(view.reverse_tunnel, view.encapsulation) for view in shown] == [(True, "gre")] * 2


def test_a_binding_has_its_name_where_the_mobile_node_has_one() -> None:
    assert views.binding(binding(nai="mn@example.net"), NOW, clock).nai == "mn@example.net"
    assert views.binding(binding(), NOW, clock).nai is None


def test_whether_revocation_was_agreed_on() -> None:
    assert not views.binding(binding(), NOW, clock).revocation
    assert views.binding(binding(revocation=terms()), NOW, clock).revocation
    agreed = RevocationTerms(timestamp=7, inform=True)
    assert not views.visitor(visitor(), NOW, clock).revocation
    assert views.visitor(visitor(revocation=agreed), NOW, clock).revocation


def test_the_name_of_a_visitor() -> None:
    assert views.visitor(visitor(), NOW, clock).nai is None
    assert views.visitor(visitor(nai="mn@example.net"), NOW, clock).nai == "mn@example.net"


def test_for_ever_and_over() -> None:
    assert views.binding(binding(expires_at=inf), NOW, clock).remaining_seconds is None
    assert views.binding(binding(expires_at=1.0), NOW, clock).remaining_seconds == 0.0


def test_visitor() -> None:
    view = views.visitor(visitor(expires_at=1010.0), NOW, clock)
    assert (view.link_address, view.remaining_seconds) == ("02:00:00:00:00:10", 10.0)
    assert (view.encapsulation, view.reverse_tunnel) == ("ipip", "no")


@pytest.mark.parametrize(("delivery", "word"), [(None, "direct"), (Encapsulation.GRE, "encapsulating")])
def test_a_visitors_tunnel(delivery: Encapsulation | None, word: str) -> None:
    entry = visitor(encapsulation=Encapsulation.GRE, udp_tunnel=True, reverse_tunnel=True, delivery=delivery)
    view = views.visitor(entry, NOW, clock)
    assert (view.encapsulation, view.reverse_tunnel) == ("gre in udp", word)


@pytest.mark.parametrize(
    ("home", "foreign", "roles"),
    [(True, True, ["home", "foreign"]), (True, False, ["home"]), (False, True, ["foreign"]), (False, False, [])],
)
def test_agent(home: bool, foreign: bool, roles: list[str]) -> None:
    heard = HeardAgent(
        interface="eth0",
        address=HOME_AGENT,
        link_address=b"\x02\0\0\0\0\1",
        care_of_addresses=(CARE_OF_ADDRESS,),
        home_agent=home,
        foreign_agent=foreign,
        busy=False,
        registration_lifetime=600,
        sequence_number=3,
        heard_at=999.5,
        expires_at=1002.5,
    )
    view = views.agent(heard, NOW)
    assert view.roles == roles
    assert (view.heard_seconds_ago, view.remaining_seconds) == (0.5, 2.5)


@pytest.mark.parametrize(
    ("snapshot", "registered", "remaining"),
    [
        (node(), False, None),
        (node(at()), True, 500.0),
        (node(at(expires_at=inf, granted_lifetime=65535)), True, None),
        (node(at(expires_at=1.0)), False, None),
        (node(at("home", expires_at=0.0, agent=None, granted_lifetime=0), state="at_home"), True, None),
        (node(at("home", expires_at=0.0, agent=None, granted_lifetime=0), state="returning"), False, None),
    ],
)
def test_a_registration_counts_while_it_is_in_force(
    snapshot: MobileNodeSnapshot, registered: bool, remaining: float | None
) -> None:
    view = views.registration(snapshot, NOW)
    assert (view.registered, view.remaining_seconds) == (registered, remaining)


def test_registration_without_one() -> None:
    view = views.registration(node(state="searching"), NOW)
    assert (view.care_of, view.care_of_address, view.agent, view.granted_lifetime_seconds) == (None,) * 4


def test_links() -> None:
    plain = LinkSnapshot(name="eth0", state="addressed", addresses=(IPv4Interface("192.0.2.7/24"),))
    known = LinkSnapshot(
        name="wlan0",
        state="verified",
        score=200,
        why="first of links",
        metered=True,
        leaving=True,
        trusted_at=103.5,
        delay=0.01234567,
        loss=1 / 3,
    )
    first, second = views.links(node(links=(plain, known), wanted_link="eth0", preferred_link="wlan0"), 100.0)
    assert first == LinkView(name="eth0", state="addressed", addresses=["192.0.2.7/24"], wanted=True)
    assert second == LinkView(
        name="wlan0",
        state="verified",
        score=200,
        why="first of links",
        metered=True,
        leaving=True,
        preferred=True,
        trusted_in_seconds=3.5,
        delay_seconds=0.012346,
        loss=0.333,
    )
    (later,) = views.links(node(links=(known,)), 200.0)
    assert later.trusted_in_seconds == 0.0


def test_a_handover_is_its_notice_with_a_time() -> None:
    notice = HandedOver(
        number=3,
        trigger="better_link",
        reason="eth0 is better",
        from_interface="wlan0",
        from_care_of="foreign_agent",
        from_address=CARE_OF_ADDRESS,
        to_interface="eth0",
        to_care_of="home",
        to_address=HOME_ADDRESS,
        make_before_break=True,
        detection_ms=1.0,
        waiting_ms=2.0,
        registration_ms=3.0,
        silence_ms=0.0,
    )
    view = views.handover(notice, 100.0, lambda at: f"at {at}")
    assert (view.time, view.number, view.to_address) == ("at 100.0", 3, str(HOME_ADDRESS))
    assert (view.from_interface, view.from_address) == ("wlan0", str(CARE_OF_ADDRESS))
    first = msgspec.structs.replace(notice, from_interface=None, from_care_of=None, from_address=None)
    assert views.handover(first, 100.0, str).from_address is None


def test_tunnel() -> None:
    use = TunnelUse(("VisitorRoute", "0/10.1.0.10"), Tunnel(CARE_OF_ADDRESS, HOME_AGENT), 3, 300, at=88.0)
    view = views.tunnel(use, 100.0)
    assert (view.direction, view.home_address, view.packets, view.octets) == ("to the visitor", "10.1.0.10", 3, 300)
    assert view.last_packet_seconds_ago == 12.0
    other = views.tunnel(TunnelUse(("New", "x"), use.tunnel, 0, 0), 100.0)
    assert (other.direction, other.last_packet_seconds_ago) == ("New", None)


@pytest.mark.parametrize(
    "wish",
    [
        ReverseExit(home_address=HOME_ADDRESS, tunnel=Tunnel(HOME_AGENT, CARE_OF_ADDRESS), expires_at=inf),
        BroadcastExit(
            home_address=HOME_ADDRESS,
            tunnel=Tunnel(CARE_OF_ADDRESS, HOME_AGENT),
            network=IPv4Network("10.1.0.0/24"),
            expires_at=inf,
        ),
        ReverseTunnel(home_address=HOME_ADDRESS, tunnel=Tunnel(CARE_OF_ADDRESS, HOME_AGENT), expires_at=inf),
    ],
)
def test_a_tunnel_is_shown_with_the_home_address_whatever_it_is_for(wish: Wish) -> None:
    view = views.tunnel(TunnelUse(wish.key, Tunnel(HOME_AGENT, CARE_OF_ADDRESS), 1, 100), 0.0)
    assert view.home_address == str(HOME_ADDRESS)
    assert view.direction != wish.key[0], "it has words"


@pytest.mark.parametrize(
    ("snapshot", "words"),
    [
        (node(state="searching"), "10.1.0.10 is not registered (searching)"),
        (node(at(expires_at=1.0), state="renewing"), "10.1.0.10 is not registered (renewing)"),
        (node(at("home", agent=None), state="at_home"), "10.1.0.10 is at home on eth0"),
        (
            node(at()),
            "registered at 192.0.2.2 via home agent 10.1.0.1, foreign agent 198.51.100.1 on eth0, 8 m left",
        ),
        (
            node(at("colocated", 1100.0)),
            "registered at 192.0.2.2 via home agent 10.1.0.1, co-located on eth0, 100 s left",
        ),
        (node(at("colocated", inf)), "registered at 192.0.2.2 via home agent 10.1.0.1, co-located on eth0, for ever"),
        (
            node(at("colocated", 37_000.0)),
            "registered at 192.0.2.2 via home agent 10.1.0.1, co-located on eth0, 10 h left",
        ),
    ],
)
def test_the_verdict_of_a_mobile_node(snapshot: MobileNodeSnapshot, words: str) -> None:
    assert views.verdict(None, None, snapshot, NOW) == words


def test_the_verdict_of_all_roles_together() -> None:
    home = HomeAgentSnapshot(address=HOME_AGENT, bindings=(binding(),))
    foreign = ForeignAgentSnapshot(care_of_address=CARE_OF_ADDRESS, busy=True)
    assert views.verdict(home, None, None, NOW) == "home agent 10.1.0.1 serves 1 binding"
    assert views.verdict(home, foreign, node(state="searching"), NOW) == (
        "10.1.0.10 is not registered (searching); home agent 10.1.0.1 serves 1 binding; "
        "foreign agent 192.0.2.2 has 0 visitors, busy"
    )


def test_a_lost_device_is_a_warning_with_what_to_do() -> None:
    assert views.trouble_of(None) == []
    assert views.trouble_of(MachineError("no device")) == [
        "there is no tunnel device, no tunnelled packet passes: no device; it is tried again"
    ]
    (warning,) = views.trouble_of(MachineError("the name is taken", "rename it"))
    assert "the name is taken; rename it" in warning


def test_warnings() -> None:
    snapshot = node(last_denial=133, clock_offset=-3600.0)
    found = views.warnings(
        home_agent_config(allow_unauthenticated=True),
        snapshot,
        {"install Route: no": 2},
        {"Network is unreachable": 3},
        lambda code: f"code {code}",
    )
    assert found.pop(0).startswith("UNAUTHENTICATED REGISTRATIONS ARE ACCEPTED (home_agent.allow_unauthenticated = tr")
    assert found == [
        "the last registration was denied: 133 (code 133)",
        "our clock is +3600 s off the home agent's: run NTP on both",
        "the kernel refused 2 times: install Route: no",
        "3 messages could not be sent: Network is unreachable",
    ]
    assert views.warnings(home_agent_config(), node(clock_offset=0.5), {}, {}, str) == []
    found = views.warnings(None, node(at(tunnel=tunnel_shown(nat_traversal="not_understood"))), {}, {}, str)
    assert found == ["the home agent knows no tunnels in UDP (RFC 3519): if there is a NAT, nothing comes through"]
    assert views.warnings(None, node(at(tunnel=tunnel_shown())), {}, {}, str) == []
    assert views.warnings(None, None, {}, {}, str) == []
