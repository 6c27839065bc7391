"""A tunnel in UDP, watched: `Scene.traffic` says what passes it, and a NAT is a reason for it to pass no more."""

from ipaddress import IPv4Address
from typing import Any

import pytest
from tests.support.messages import HOME_ADDRESS, HOME_AGENT
from tests.support.mobile_node import FOREIGN_1, Scene, foreign_agent

from mobileip.agents.events import DeregisterCommanded, PacketsTold
from mobileip.agents.mobile.config import NatTraversal, ReverseTunnelling
from mobileip.agents.notices import TunnelSilent
from mobileip.agents.outputs import AskActivity, SendKeepalive
from mobileip.forwarding.news import KeepaliveHeard, TunnelActivity
from mobileip.wire.extensions.nat_traversal import UdpTunnelReply
from mobileip.wire.registration import RegistrationRequest

AGREED = (UdpTunnelReply(),)


def behind_nat(**fields: Any) -> Scene:
    """Registered at a network without an agent, with a tunnel in UDP, since time 0 of the test."""
    scene = Scene(nat_traversal=NatTraversal.AUTO, **fields)
    scene.up()
    scene.dhcp()
    scene.wait(0.2)
    accept(scene)
    return scene


def accept(scene: Scene, **fields: Any) -> None:
    scene.answer(extensions=(UdpTunnelReply(**fields),))
    assert scene.state == "registered"


def sent(scene: Scene, kind: type) -> list[float]:
    """Seconds since now at which that was sent."""
    return [at - scene.now for at in scene.times(kind)]


def requests_in(scene: Scene, seconds: float) -> list[float]:
    """When requests leave within the next seconds; they are accepted at once."""
    start, end, times = scene.now, scene.now + seconds, []
    while scene.now < end:
        before = len(scene.requests_so_far)
        scene.wait(min(0.05, end - scene.now))
        if len(scene.requests_so_far) > before:
            times.append(scene.now - start)
            accept(scene)
    return times


class TestKeepalive:
    def test_when_nothing_was_sent_for_the_interval(self) -> None:
        scene = behind_nat()
        registered = scene.now
        scene.wait(30)
        assert scene.traffic.keepalives == [pytest.approx(registered + 25)]
        (keepalive,) = scene.of(SendKeepalive)
        assert keepalive == SendKeepalive(
            home_address=HOME_ADDRESS, home_agent=HOME_AGENT, identifier=0x4D49, sequence=1
        )

    def test_none_while_the_node_sends_and_hears(self) -> None:
        scene = behind_nat()
        scene.traffic.change(scene.now, sends=True, hears=True)
        scene.wait(300)
        assert scene.traffic.keepalives == []

    def test_none_without_a_tunnel_in_udp(self) -> None:
        scene = Scene(nat_traversal=NatTraversal.AUTO)
        scene.up()
        scene.dhcp()
        scene.wait(1)
        scene.answer(extensions=(UdpTunnelReply(code=64),))
        scene.wait(600)
        assert scene.times(SendKeepalive) == scene.times(AskActivity) == []

    def test_a_request_counts_as_sent(self) -> None:
        scene = behind_nat(requested_lifetime=30)
        for _ in range(6):
            scene.wait(20)
            if scene.state == "renewing":
                accept(scene)
        assert scene.traffic.keepalives == []

    def test_after_longer_and_longer_time_where_that_is_answered(self) -> None:
        scene = behind_nat(requested_lifetime=0xFFFF)
        scene.wait(600)
        first, *others = scene.traffic.keepalives
        gaps = [later - earlier for earlier, later in zip([first, *others], others, strict=False)]
        assert gaps == pytest.approx([50, 100, 110, 110, 110], abs=1.1)

    def test_as_the_home_agent_tells(self) -> None:
        scene = Scene(nat_traversal=NatTraversal.AUTO, requested_lifetime=0xFFFF)
        scene.up()
        scene.dhcp()
        scene.wait(1)
        accept(scene, keepalive_interval=200)
        scene.wait(500)
        assert len(scene.traffic.keepalives) == 2

    def test_shown(self) -> None:
        scene = behind_nat()
        registration = scene.node.snapshot().registration
        assert registration is not None
        assert registration.tunnel is not None
        assert registration.tunnel.keepalive_interval == 25.0
        assert registration.tunnel.nat_traversal == "agreed"

    def test_numbers_begin_again_after_65535(self) -> None:
        scene = behind_nat()
        scene.node._keepalives._sequence = 0xFFFF
        scene.wait(30)
        assert [output.sequence for output in scene.of(SendKeepalive)] == [0]
        assert scene.times(SendKeepalive) == scene.traffic.keepalives

    def test_none_after_the_end(self) -> None:
        scene = behind_nat()
        scene.handle(DeregisterCommanded())
        scene.answer()
        scene.wait(100)
        assert scene.traffic.keepalives == []


class TestUnanswered:
    def test_sent_again_and_then_it_registers(self) -> None:
        scene = behind_nat()
        scene.traffic.change(scene.now, answers=False)
        (at,) = requests_in(scene, 28)
        first, second, third = scene.traffic.keepalives
        assert (second - first, third - second) == pytest.approx((0.5, 0.5))
        assert at == pytest.approx(scene.traffic.keepalives[2] - scene.now + 28 + 0.5, abs=0.1)
        assert [n.cause for _, o in scene.history if isinstance(n := getattr(o, "notice", None), TunnelSilent)] == [
            "unanswered"
        ]

    def test_a_lost_answer_is_no_harm(self) -> None:
        scene = behind_nat()
        scene.traffic.change(scene.now, answers=False)
        while not scene.traffic.keepalives:
            scene.wait(0.1)
        scene.traffic.change(scene.now, answers=True)
        assert requests_in(scene, 5) == []
        assert len(scene.traffic.keepalives) == 2

    def test_a_late_answer_counts(self) -> None:
        scene = behind_nat()
        scene.traffic.change(scene.now, answers=False)
        while len(scene.traffic.keepalives) < 2:
            scene.wait(0.1)
        scene.handle(PacketsTold(news=scene.traffic.answer(HOME_ADDRESS, 1)))
        assert requests_in(scene, 5) == []
        assert len(scene.traffic.keepalives) == 2

    @pytest.mark.parametrize(
        ("home_address", "sequence", "identifier"),
        [
            (HOME_ADDRESS, 9, 0x4D49),
            (HOME_ADDRESS, 0, 0x4D49),
            (HOME_ADDRESS, 1, 7),
            (IPv4Address("10.1.0.99"), 1, 0x4D49),
        ],
    )
    def test_answers_to_others_do_not(self, home_address: IPv4Address, sequence: int, identifier: int) -> None:
        scene = behind_nat()
        scene.traffic.change(scene.now, answers=False)
        while not scene.traffic.keepalives:
            scene.wait(0.1)
        scene.handle(PacketsTold(news=scene.traffic.answer(home_address, sequence, identifier)))
        assert len(requests_in(scene, 3)) == 1

    def test_shortens_the_interval_where_they_were_answered_before(self) -> None:
        scene = behind_nat(requested_lifetime=0xFFFF)
        while len(scene.traffic.keepalives) < 2:
            scene.wait(1)
        scene.traffic.change(scene.now, answers=False)
        before = len(scene.traffic.keepalives)
        assert len(requests_in(scene, 104)) == 1
        assert len(scene.traffic.keepalives) == before + 3
        registration = scene.node.snapshot().registration
        assert registration is not None
        assert registration.tunnel is not None
        assert registration.tunnel.keepalive_interval == 50.0

    def test_a_home_agent_that_never_answers_is_not_asked_without_end(self) -> None:
        scene = behind_nat(requested_lifetime=0xFFFF)
        scene.traffic.change(scene.now, sends=True, answers=False)
        times = requests_in(scene, 600)
        assert len(times) < 12
        assert times[-1] - times[-2] > 100


class TestSending:
    @pytest.mark.parametrize("hears_before", [True, False])
    def test_without_hearing_for_a_second_registers_again(self, hears_before: bool) -> None:
        """A NAT that changes its port in the middle of a stream: repaired within three seconds."""
        scene = behind_nat()
        scene.traffic.change(scene.now, sends=True, hears=hears_before)
        assert requests_in(scene, 20.3) == []
        scene.traffic.change(scene.now, sends=True, answers=False)
        (at,) = requests_in(scene, 2.5)
        assert 0.99 <= at <= 2.2

    def test_a_stream_in_one_direction_is_watched_by_keepalives(self) -> None:
        scene = behind_nat()
        scene.traffic.change(scene.now, sends=True)
        assert requests_in(scene, 60) == []
        assert 30 <= len(scene.traffic.keepalives) <= 61

    def test_one_packet_is_no_stream(self) -> None:
        scene = behind_nat()
        scene.traffic.change(scene.now, answers=False)
        scene.traffic.sent_at = scene.now
        assert requests_in(scene, 20) == []
        assert scene.traffic.keepalives == []

    def test_begun_after_a_silence(self) -> None:
        scene = behind_nat()
        scene.wait(10.2)
        scene.traffic.change(scene.now, sends=True, answers=False)
        (at,) = requests_in(scene, 3)
        assert at <= 2.7

    def test_again_after_a_repair_that_helped(self) -> None:
        scene = behind_nat()
        scene.traffic.change(scene.now, sends=True, hears=True)
        for _ in range(3):
            scene.traffic.change(scene.now, sends=True, answers=False)
            (at,) = requests_in(scene, 2)
            assert at <= 2
            scene.traffic.change(scene.now, sends=True, hears=True)
            assert requests_in(scene, 18) == []

    def test_what_is_asked_already_is_not_asked_anew(self) -> None:
        scene = behind_nat()
        scene.traffic.change(scene.now, sends=True, answers=False)
        scene.wait(20)
        assert scene.state == "renewing"
        assert len(scene.times(AskActivity)) < 60
        asked = [n for _, o in scene.history if isinstance(n := getattr(o, "notice", None), TunnelSilent)]
        assert len(asked) == 1


class TestHearing:
    def test_a_stream_that_ends_is_asked_about(self) -> None:
        """RFC 3519 knows nothing of it; nobody else could tell that the NAT has forgotten us."""
        scene = behind_nat()
        scene.traffic.change(scene.now, hears=True)
        scene.wait(10)
        assert scene.traffic.keepalives == []
        scene.traffic.change(scene.now)
        assert requests_in(scene, 5) == []
        assert len(scene.traffic.keepalives) == 1

    def test_and_repaired(self) -> None:
        scene = behind_nat()
        scene.traffic.change(scene.now, hears=True)
        scene.wait(10.3)
        scene.traffic.change(scene.now, answers=False)
        (at,) = requests_in(scene, 3)
        assert at <= 2.6


class TestThroughAnAgent:
    AGENT = foreign_agent(1, registration_required=True, udp_tunneling=True, care_of_addresses=())

    def registered(self) -> Scene:
        scene = Scene(nat_traversal=NatTraversal.AUTO, reverse_tunnel=ReverseTunnelling.AUTO)
        scene.up()
        agent = FOREIGN_1.but(registration_required=True, udp_tunneling=True, lifetime=9000)
        scene.hear(agent)
        scene.deny(agent, 66)
        scene.dhcp()
        scene.wait(1.2)
        assert scene.request.decapsulation_by_mobile_node
        accept(scene)
        return scene

    def test_the_first_leaves_at_once(self) -> None:
        scene = self.registered()
        assert scene.traffic.keepalives == [scene.now]

    def test_and_tells_nothing_about_the_nat(self) -> None:
        scene = self.registered()
        registration = scene.node.snapshot().registration
        assert registration is not None
        assert registration.tunnel is not None
        assert registration.tunnel.keepalive_interval == 25.0

    def test_requests_go_another_way(self) -> None:
        scene = self.registered()
        scene.node._keepalives._own_at = 0.0
        scene.node._keepalives.signalled(scene.now)
        assert scene.node._keepalives._own_at == 0.0


class TestNews:
    def test_of_others_is_nothing_to_us(self) -> None:
        scene = behind_nat()
        due = scene.node.next_deadline()
        other = IPv4Address("10.1.0.99")
        for news in (
            TunnelActivity(home_address=other, sent_at=1.0, heard_at=1.0),
            KeepaliveHeard(home_address=HOME_ADDRESS, address=HOME_AGENT, port=1),
        ):
            assert scene.handle(PacketsTold(news=news)) == []
        assert scene.node.next_deadline() == due

    def test_that_nobody_asked_for_changes_nothing(self) -> None:
        scene = behind_nat()
        scene.traffic.change(scene.now, answers=False)
        while not scene.traffic.keepalives:
            scene.wait(0.1)
        activity = TunnelActivity(home_address=HOME_ADDRESS, sent_at=scene.now, heard_at=scene.now - 9)
        assert scene.handle(PacketsTold(news=activity)) == []

    def test_without_a_tunnel_is_nothing_either(self) -> None:
        scene = Scene()
        news = TunnelActivity(home_address=HOME_ADDRESS, sent_at=1.0, heard_at=1.0)
        assert scene.handle(PacketsTold(news=news)) == []
        assert scene.handle(PacketsTold(news=scene.traffic.answer(HOME_ADDRESS, 1))) == []


def test_of_many_routers_the_latest_are_remembered() -> None:
    scene = behind_nat(requested_lifetime=0xFFFF)
    for number in range(2, 20):
        scene.dhcp(f"192.168.{number}.7/24", f"192.168.{number}.1")
        scene.wait(1)
        accept(scene)
    assert len(scene.node._keepalives._searches) == 16


def test_a_gateway_without_a_link_layer_address_is_another_one_in_each_network() -> None:
    scene = Scene(nat_traversal=NatTraversal.AUTO)
    scene.up()
    scene.link(addresses=scene_addresses(), gateway=IPv4Address("203.0.113.1"))
    scene.wait(1)
    accept(scene)
    scene.flap()
    scene.wait(2)
    accept(scene)
    assert len(scene.node._keepalives._searches) == 2


def scene_addresses() -> tuple[Any, ...]:
    scene = Scene()
    scene.up()
    scene.dhcp()
    return scene.links["eth0"].addresses


def test_request_of_a_tunnel_in_udp_is_kept_when_all_is_deregistered() -> None:
    """D is not set then, so the extension must not be there (R3519-3.1.5-a)."""
    scene = behind_nat()
    scene.link(addresses=(), gateway=None)
    scene.wait(1)
    scene.dhcp("192.168.4.7/24", "192.168.4.1")
    scene.handle(DeregisterCommanded())
    scene.wait(2)
    request: RegistrationRequest = scene.request
    assert request.lifetime == 0
    has_extension = any(type(extension).TYPE == 144 for extension in request.extensions)
    assert has_extension is request.decapsulation_by_mobile_node
