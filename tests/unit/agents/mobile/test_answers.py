"""What follows from replies: acceptances, every denial, forgeries, retransmissions, resynchronisation."""

from ipaddress import IPv4Address
from typing import Any

import msgspec
import pytest
from tests.support.messages import HOME_ADDRESS, HOME_AGENT, KEY, MOBILE_HOME, registration_request, signed
from tests.support.mobile_node import (
    FOREIGN_1,
    FOREIGN_2,
    HOME,
    MOBILE_FOREIGN,
    NONCES,
    Scene,
    foreign_agent,
)
from tests.support.two_links import WLAN, WWAN, WWAN_ADDRESS, TwoLinks

from mobileip.agents.events import DeregisterCommanded, HandoverCommanded, RegisterCommanded
from mobileip.agents.mobile import denials
from mobileip.agents.mobile.config import NatTraversal, ReverseTunnelling
from mobileip.agents.mobile.denials import Remedy
from mobileip.agents.notices import (
    ClockCorrected,
    Discarded,
    HomeAgentChosen,
    Registered,
    RegistrationDenied,
    RegistrationLost,
    RequestAmended,
    TunnelAgreed,
)
from mobileip.agents.outputs import SendMessage
from mobileip.forwarding.drop_reason import DropReason
from mobileip.forwarding.tunnel import Encapsulation
from mobileip.security.association import MobilitySecurityAssociation
from mobileip.security.authenticator import sign
from mobileip.wire.extensions.authentication import MobileForeignAuthentication, MobileHomeAuthentication
from mobileip.wire.extensions.dynamic_home_agent import DynamicHomeAgent
from mobileip.wire.extensions.error import ForeignAgentError
from mobileip.wire.extensions.nat_traversal import UdpTunnelReply
from mobileip.wire.extensions.revocation_support import RevocationSupport
from mobileip.wire.extensions.vendor import CriticalVendorExtension, NormalVendorExtension
from mobileip.wire.identification import HALF, high, join, low
from mobileip.wire.message import decode_message
from mobileip.wire.numbers import Issuer, ReplyCode
from mobileip.wire.revocation import RegistrationRevocation, RevocationAcknowledgment

DENIALS = list(range(9, 256))
BY_AGENT = [code for code in DENIALS if denials.issuer(code) is not Issuer.HOME_AGENT]
BY_HOME_AGENT = [code for code in DENIALS if denials.issuer(code) is Issuer.HOME_AGENT]


def asking(**fields: object) -> Scene:
    """A node whose request through FOREIGN_1 has just left."""
    scene = Scene(**fields)
    scene.up()
    scene.hear(FOREIGN_1.but(lifetime=9000))
    return scene


def deny(scene: Scene, code: int, **fields: object) -> None:
    """By whoever issues that code."""
    if denials.issuer(code) is Issuer.HOME_AGENT:
        scene.answer(code, agent=FOREIGN_1, **fields)
    else:
        scene.deny(FOREIGN_1, code, **fields)


class TestAccepted:
    @pytest.mark.parametrize("code", range(9))
    def test_all_success_codes(self, code: int) -> None:
        scene = asking()
        scene.answer(code)
        assert scene.notice(Registered).lifetime == 1800

    def test_lifetime_counts_from_the_request(self) -> None:
        scene = asking()
        scene.wait(0.5)
        scene.answer(lifetime=600)
        registration = scene.node.snapshot().registration
        assert registration is not None
        assert registration.granted_lifetime == 600
        assert registration.expires_at == 700.0

    def test_never_longer_than_asked_for(self) -> None:
        scene = asking(requested_lifetime=300)
        scene.answer(lifetime=9000)
        assert scene.notice(Registered).lifetime == 300

    def test_infinite_lifetime_is_never_renewed(self) -> None:
        scene = Scene(requested_lifetime=0xFFFF)
        scene.up()
        scene.hear(FOREIGN_1.but(registration_lifetime=0xFFFF, lifetime=65535))
        scene.answer()
        count = len(scene.requests_so_far)
        scene.wait(65000)
        assert len(scene.requests_so_far) == count
        assert scene.state == "registered"

    def test_of_zero_seconds_is_a_deregistration(self) -> None:
        scene = asking()
        scene.answer(lifetime=0)
        assert scene.state == "denied"
        assert scene.route is None

    def test_of_zero_seconds_ends_what_was_in_force(self) -> None:
        scene = asking()
        scene.answer()
        scene.wait(1200)
        scene.answer(lifetime=0)
        assert scene.notice(RegistrationLost).cause == "deregistered"
        assert scene.state == "denied"
        assert scene.route is None
        scene.wait(11)
        assert scene.requests

    def test_of_zero_seconds_ends_what_was_in_force_on_another_link_too(self) -> None:
        """RFC 5944 §3.4: "the mobile node has been deregistered"."""
        scene = Scene(links=("eth0", "wlan0"))
        scene.up("wlan0")
        scene.hear(FOREIGN_2.but(lifetime=9000), "wlan0")
        scene.answer()
        scene.wait(2)
        scene.up("eth0")
        scene.hear(FOREIGN_1.but(lifetime=9000), "eth0")
        scene.answer(lifetime=0)
        assert scene.notice(RegistrationLost).care_of_address == FOREIGN_2.care_of_addresses[0]
        assert scene.route is None

    def test_on_another_link_replaces_what_was_in_force(self) -> None:
        scene = Scene(links=("eth0", "wlan0"))
        scene.up("wlan0")
        scene.hear(FOREIGN_2.but(lifetime=9000), "wlan0")
        scene.answer()
        scene.wait(2)
        scene.up("eth0")
        scene.hear(FOREIGN_1.but(lifetime=9000), "eth0")
        assert scene.route is not None
        assert scene.route.interface == "wlan0", "it carries traffic meanwhile"
        scene.answer()
        assert scene.route is not None
        assert scene.route.interface == "eth0"
        scene.down("eth0")
        assert scene.route is None, "the home agent has forgotten the first one"

    def test_older_transmission_counts(self) -> None:
        scene = asking()
        scene.wait(3)
        first, second, third = scene.requests_so_far
        assert len({low(r.identification) for r in (first, second, third)}) == 3
        scene.answer(request=second)
        registration = scene.node.snapshot().registration
        assert registration is not None
        assert registration.registered_at == 101.0
        scene.answer(request=first)
        assert scene.notice(Discarded).reason == DropReason.UNEXPECTED_REPLY
        scene.answer(request=third)
        registration = scene.node.snapshot().registration
        assert registration is not None
        assert registration.registered_at == 103.0

    def test_older_transmission_whose_lifetime_is_over_does_not_count(self) -> None:
        scene = asking(requested_lifetime=20)
        scene.wait(25)
        scene.answer(request=scene.requests_so_far[0])
        assert scene.notice(Discarded).reason == DropReason.UNEXPECTED_REPLY

    def test_granted_for_less_than_the_reply_took(self) -> None:
        scene = asking()
        scene.wait(2.5)
        scene.answer(lifetime=1, request=scene.requests_so_far[0])
        assert scene.notice(RegistrationLost).cause == "expired"
        assert scene.state == "registering"


class TestRenewal:
    def test_at_two_thirds_of_the_lifetime(self) -> None:
        scene = asking()
        scene.answer(lifetime=900)
        scene.wait(599.5)
        assert not scene.requests
        scene.wait(1)
        assert len(scene.requests) == 1
        assert scene.state == "renewing"
        assert scene.route is not None
        scene.answer()
        assert scene.state == "registered"

    def test_earlier_by_chance(self) -> None:
        scene = asking()
        octets = signed(scene.reply(lifetime=900))
        scene.receive(octets, entropy=b"\xff" * 32)
        scene.wait(1)  # the probe of its path stays unanswered
        deadline = [at for at, reason in _deadlines(scene) if "renewed" in reason]
        assert deadline == [pytest.approx(100 + 900 * (2 / 3 - 0.1), abs=1e-3)]

    def test_retransmits_until_the_end_and_goes_on(self) -> None:
        scene = asking()
        scene.answer(lifetime=90)
        start = len(scene.times(SendMessage))
        scene.wait(91)
        assert [at - 160 for at in scene.times(SendMessage)[start:]] == [0, 1, 3, 7, 15, 31]
        assert scene.notice(RegistrationLost).cause == "expired"
        assert scene.route is None
        assert scene.state == "registering"
        scene.answer()
        assert scene.state == "registered"

    def test_expired_while_the_machine_slept(self) -> None:
        scene = asking()
        scene.answer()
        scene.now += 5000
        scene.hear(FOREIGN_1.but(lifetime=9000))
        assert scene.notice(RegistrationLost).cause == "expired"
        assert scene.requests
        assert scene.state == "registering"

    def test_expired_with_its_agent_gone(self) -> None:
        scene = Scene()
        scene.register()
        scene.wait(2000)
        assert scene.state == "searching"
        assert scene.route is None
        assert scene.node.snapshot().registration is None

    def test_unauthenticated_denial_of_a_renewal_ends_nothing(self) -> None:
        scene = asking()
        scene.answer(lifetime=900)
        route = scene.route
        scene.wait(601)
        scene.deny(FOREIGN_1, 66)
        assert scene.state == "registered"
        assert scene.route == route
        scene.wait(10)
        assert scene.requests, "it is tried again after the wait"
        scene.answer()
        assert scene.state == "registered"

    def test_denial_of_a_renewal_leads_to_another_agent(self) -> None:
        scene = asking()
        scene.answer(lifetime=900)
        scene.wait(601)
        scene.hear(foreign_agent(1, address=IPv4Address("192.0.1.9"), link_address=b"\x02\0\0\0\0\x09", lifetime=900))
        scene.deny(FOREIGN_1, 66)
        assert scene.state == "registering"
        assert scene.route is not None
        assert scene.route.gateway == FOREIGN_1.address
        scene.wait(1)
        assert scene.departure.destination == IPv4Address("192.0.1.9")


def _deadlines(scene: Scene) -> list[tuple[float, str]]:
    from_node = scene.node.next_deadline()
    assert from_node is not None
    return [(from_node.at, from_node.reason)]


class TestRetransmission:
    def test_times_double(self) -> None:
        scene = asking()
        scene.wait(300)
        assert [at - 100 for at in scene.times(SendMessage)] == [0, 1, 3, 7, 15, 31, 63, 123, 183, 243]

    def test_no_slower_than_the_requested_lifetime(self) -> None:
        """RFC 5944 §3.6.3."""
        scene = asking(requested_lifetime=5)
        scene.wait(30)
        times = [at - 100 for at in scene.times(SendMessage)]
        assert times == [0, 1, 3, 7, 12, 17, 22, 27]

    def test_timestamps_make_each_a_new_request(self) -> None:
        scene = asking()
        scene.wait(20)
        identifications = [r.identification for r in scene.requests_so_far]
        assert identifications == sorted(set(identifications))

    def test_nonces_repeat_it_unchanged(self) -> None:
        """RFC 5944 §3.6.3."""
        scene = asking(association=NONCES)
        scene.wait(20)
        assert len({m.octets for _, m in scene.history if isinstance(m, SendMessage)}) == 1
        scene.answer()
        registration = scene.node.snapshot().registration
        assert registration is not None
        assert registration.registered_at == 100.0, "the home agent may have accepted the first one"

    def test_nonce_of_the_reply_is_used_next(self) -> None:
        scene = asking(association=NONCES)
        scene.answer(identification=join(0xABCD, low(scene.request.identification)))
        scene.wait(1300)
        assert high(scene.request.identification) == 0xABCD

    def test_nonce_after_a_mismatch(self) -> None:
        scene = asking(association=NONCES)
        scene.wait(1)
        scene.answer(133, identification=join(0xABCD, low(scene.request.identification)))
        scene.wait(1)
        assert high(scene.request.identification) == 0xABCD
        scene.answer()
        assert scene.state == "registered"

    def test_the_latest_nonce_is_used_whichever_request_it_came_for(self) -> None:
        """RFC 5944 §5.7.2: each authenticated Reply brings the nonce of the next Request."""
        scene = asking(association=NONCES)
        scene.handle(RegisterCommanded())
        scene.wait(1)
        first, second = scene.requests_so_far
        scene.answer(133, request=first, identification=join(0xABCD, low(first.identification)))
        scene.answer(133, request=second, identification=join(0xEF01, low(second.identification)))
        scene.wait(1)
        assert high(scene.request.identification) == 0xEF01

    def test_another_place_is_tried_when_none_answers(self) -> None:
        scene = asking()
        other = foreign_agent(1, address=IPv4Address("192.0.1.9"), link_address=b"\x02\0\0\0\0\x09", lifetime=900)
        scene.hear(other)
        scene.wait(6.9)
        assert scene.request.care_of_address == FOREIGN_1.care_of_addresses[0]
        scene.wait(0.2)
        assert scene.departure.destination == other.address
        scene.answer()
        scene.wait(100)
        assert not scene.requests, "and kept"

    def test_late_answer_of_the_agent_that_was_left(self) -> None:
        scene = asking()
        scene.wait(1)
        scene.hear(FOREIGN_2)
        scene.answer(request=scene.requests_so_far[0])
        assert scene.notice(Discarded).reason == DropReason.UNEXPECTED_REPLY


class TestDenials:
    def test_every_code_has_its_treatment(self) -> None:
        for code in DENIALS:
            assert denials.treatment(code).wait > 0
            assert denials.describe(code)
        denying = {code for code in ReplyCode if not code.is_accepted}
        assert set(denials.TREATMENTS) == denying

    @pytest.mark.parametrize("code", DENIALS)
    def test_every_code_is_shown_and_leads_on(self, code: int) -> None:
        scene = asking()
        deny(scene, code, lifetime=0)
        denied = scene.notice(RegistrationDenied)
        assert denied.code == code
        assert denied.role == "mobile_node"
        assert scene.node.snapshot().last_denial == code
        remedy = denials.treatment(code).remedy
        if remedy is Remedy.RESYNCHRONISE:
            assert scene.state == "registering"
        else:
            assert scene.state == "denied"
        scene.wait(denials.treatment(code).wait + 1)
        assert scene.requests, "it asks again after the wait"

    @pytest.mark.parametrize("code", BY_AGENT)
    def test_an_agents_word_from_someone_else_is_no_denial(self, code: int) -> None:
        scene = asking()
        before = scene.node.snapshot()
        scene.deny(FOREIGN_2, code)
        assert scene.notice(Discarded).reason == DropReason.UNEXPECTED_REPLY
        assert _but_counters(scene) == msgspec.structs.replace(before, counters={})

    @pytest.mark.parametrize("code", [0, 1, *BY_HOME_AGENT])
    def test_a_home_agents_word_must_be_signed(self, code: int) -> None:
        scene = asking()
        before = scene.node.snapshot()
        scene.deny(FOREIGN_1, code)
        assert scene.notice(Discarded).reason == DropReason.MISSING_AUTHENTICATION
        assert _but_counters(scene) == msgspec.structs.replace(before, counters={})

    @pytest.mark.parametrize("code", [c for c in BY_AGENT if c != 69])
    def test_an_agents_denial_leads_to_another_agent_at_the_next_second(self, code: int) -> None:
        scene = asking()
        other = foreign_agent(1, address=IPv4Address("192.0.1.9"), link_address=b"\x02\0\0\0\0\x09", lifetime=900)
        scene.hear(other)
        scene.deny(FOREIGN_1, code)
        scene.wait(1)
        assert scene.departure.destination == other.address

    def test_second_care_of_address_is_tried_after_a_denial(self) -> None:
        """RFC 5944 §2.4: "MAY retry the attempt with each subsequent advertised address in turn"."""
        scene = Scene()
        second = IPv4Address("198.51.100.88")
        scene.up()
        scene.hear(FOREIGN_1.but(care_of_addresses=(*FOREIGN_1.care_of_addresses, second), lifetime=99))
        scene.deny(FOREIGN_1, 77)
        scene.wait(1)
        assert scene.request.care_of_address == second

    def test_waits_double(self) -> None:
        scene = asking()
        for wait in (10, 20, 30, 30):  # nobody has signed it: it costs half a minute at most
            scene.deny(FOREIGN_1, 66)
            scene.wait(wait - 0.1)
            assert not scene.requests
            scene.wait(0.2)
            assert scene.requests

    def test_authentic_acceptance_after_an_unauthenticated_denial(self) -> None:
        scene = asking()
        scene.wait(1)
        scene.deny(FOREIGN_1, 65)
        assert scene.state == "denied"
        scene.answer(request=scene.requests_so_far[0])
        assert scene.state == "registered"

    def test_move_after_a_denial_asks_at_once(self) -> None:
        scene = asking()
        scene.answer(131)
        scene.wait(5)
        scene.hear(FOREIGN_2)
        assert scene.requests

    def test_denial_of_a_transmission_after_another_was_accepted(self) -> None:
        scene = asking()
        scene.wait(1)
        first, second = scene.requests_so_far
        scene.answer(request=first)
        scene.answer(130, request=second)
        assert scene.state == "registered"
        assert not scene.requests

    def test_denied_at_home(self) -> None:
        scene = Scene()
        scene.up()
        scene.hear(HOME.but(lifetime=900))
        scene.answer(130)
        assert scene.state == "denied"
        assert scene.answers_arp(), "we are at home all the same"
        assert scene.route is not None
        scene.wait(11)
        assert scene.requests
        assert scene.announcements
        scene.answer()
        assert scene.state == "at_home"

    def test_denied_at_home_with_the_home_agent_silent_since(self) -> None:
        scene = Scene()
        scene.up()
        scene.hear(HOME)
        scene.answer(130)
        scene.wait(11)
        assert scene.requests
        assert scene.state == "returning"

    def test_old_binding_ends_while_denied(self) -> None:
        scene = asking(requested_lifetime=100)
        scene.answer()
        scene.wait(1)
        scene.hear(FOREIGN_2.but(lifetime=9000))
        scene.answer(129)
        assert scene.route is not None
        scene.wait(120)
        assert scene.route is None
        assert scene.state == "denied"

    def test_left_while_denied(self) -> None:
        scene = Scene()
        scene.register(FOREIGN_1)
        scene.wait(1)
        scene.hear(FOREIGN_2)
        scene.answer(129)
        scene.wait(3)
        assert scene.state == "lingering"


class TestLifetimeTooLong:
    def test_asks_for_what_the_agent_allows(self) -> None:
        scene = asking()
        scene.deny(FOREIGN_1, 69, lifetime=300)
        scene.wait(1)
        assert scene.request.lifetime == 300
        scene.answer()
        scene.wait(201)
        assert scene.request.lifetime == 300, "also when renewing"

    @pytest.mark.parametrize("lifetime", [0, 9, 1800, 65535])
    def test_nonsense_is_a_plain_denial(self, lifetime: int) -> None:
        scene = asking()
        scene.deny(FOREIGN_1, 69, lifetime=lifetime)
        assert scene.state == "denied"

    def test_not_without_end(self) -> None:
        scene = asking()
        for lifetime in (900, 800, 700):
            scene.deny(FOREIGN_1, 69, lifetime=lifetime)
            assert scene.state == "registering"
            scene.wait(1)
        scene.deny(FOREIGN_1, 69, lifetime=600)
        assert scene.state == "denied"

    def test_lifetime_of_other_denials_is_ignored(self) -> None:
        """RFC 5944 §3.4."""
        scene = asking()
        scene.deny(FOREIGN_1, 66, lifetime=30)
        scene.wait(11)
        assert scene.request.lifetime == 1800


class TestResynchronisation:
    @pytest.mark.parametrize("ahead", [3600.0, -3600.0])
    def test_after_code_133_both_ways(self, ahead: float) -> None:
        scene = Scene()
        scene.ntp_ahead = ahead
        scene.up()
        scene.hear(FOREIGN_1.but(lifetime=9000))
        sent = scene.request.identification
        truth = high(sent) - round(ahead)
        scene.answer(133, identification=join(truth, low(sent)))
        assert scene.notice(ClockCorrected).offset == pytest.approx(-ahead, abs=1)
        assert scene.node.snapshot().clock_offset == pytest.approx(-ahead, abs=1)
        assert not scene.requests, "one per second"
        scene.wait(1)
        assert abs(high(scene.request.identification) - truth - 1) <= 1
        scene.answer()
        assert scene.state == "registered"

    def test_answer_to_an_older_request_corrects_only_once(self) -> None:
        scene = asking()
        scene.wait(1)
        first, second = scene.requests_so_far
        truth = high(first.identification) + 500
        scene.answer(133, request=first, identification=join(truth, low(first.identification)))
        scene.answer(133, request=second, identification=join(truth + 77, low(second.identification)))
        assert not [n for n in scene.notices if isinstance(n, ClockCorrected)]
        scene.wait(1)
        assert abs(high(scene.request.identification) - truth - 1) <= 1

    def test_gives_up_for_a_while_when_it_does_not_help(self) -> None:
        scene = asking()
        for _ in range(3):
            scene.answer(133)
            assert scene.state == "registering"
            scene.wait(1)
        scene.answer(133)
        assert scene.state == "denied"
        scene.wait(11)
        assert scene.requests

    @pytest.mark.parametrize("seconds", ["ours", "none"])
    def test_a_home_agent_that_tells_no_time_is_asked_again_after_a_wait(self, seconds: str) -> None:
        scene = asking()
        refused = scene.request.identification
        scene.answer(133, identification=refused if seconds == "ours" else low(refused))
        assert scene.state == "denied"
        assert scene.node.snapshot().clock_offset == 0.0
        scene.wait(9)
        assert not scene.requests
        scene.wait(2)
        assert 10 <= high(scene.request.identification) - high(refused) <= 11

    def test_forged_correction_corrects_nothing(self) -> None:
        scene = asking()
        scene.deny(FOREIGN_1, 133, identification=join(1, low(scene.request.identification)))
        assert scene.notice(Discarded).reason == DropReason.MISSING_AUTHENTICATION
        assert scene.node.snapshot().clock_offset == 0.0

    def test_stepped_clock_is_not_seen_by_the_home_agent(self) -> None:
        scene = asking()
        scene.answer()
        scene.ntp_ahead = -3600
        scene.wait(1300)
        first, second = scene.requests_so_far[0], scene.requests_so_far[-1]
        assert 1190 < (second.identification - first.identification) / HALF < 1310

    def test_at_home(self) -> None:
        scene = Scene()
        scene.up()
        scene.hear(HOME)
        sent = scene.request.identification
        scene.answer(133, identification=join(high(sent) - 3600, low(sent)))
        scene.wait(1)
        scene.answer()
        assert scene.state == "at_home"


class TestUnknownHomeAgent:
    OTHER = IPv4Address("10.1.0.2")

    def test_asks_the_one_that_the_reply_names(self) -> None:
        scene = asking()
        scene.answer(136, home_agent=self.OTHER)
        scene.wait(1)
        assert scene.request.home_agent == self.OTHER
        assert scene.node.snapshot().home_agent == self.OTHER
        scene.answer()
        assert scene.state == "registered"

    @pytest.mark.parametrize("given", [HOME_AGENT, IPv4Address(0), IPv4Address("224.0.0.1")])
    def test_nonsense_is_a_plain_denial(self, given: IPv4Address) -> None:
        scene = asking()
        scene.answer(136, home_agent=given)
        assert scene.state == "denied"
        assert scene.node.snapshot().home_agent == HOME_AGENT


def _but_counters(scene: Scene) -> object:
    return msgspec.structs.replace(scene.node.snapshot(), counters={})


REASONS = {
    "wrong key": DropReason.BAD_AUTHENTICATOR,
    "other spi": DropReason.UNKNOWN_SPI,
    "no authentication": DropReason.MISSING_AUTHENTICATION,
    "twice": DropReason.BAD_AUTHENTICATOR,
    "changed lifetime": DropReason.BAD_AUTHENTICATOR,
    "changed code": DropReason.BAD_AUTHENTICATOR,
    "other identification": DropReason.UNEXPECTED_REPLY,
    "other home agent": DropReason.UNEXPECTED_REPLY,
}


class TestForgeries:
    def forged(self, scene: Scene, case: str) -> bytes:
        reply = scene.reply()
        good = signed(reply)
        wrong_key = MobilitySecurityAssociation(spi=256, key=KEY[:-1] + b"!")
        other_spi = MobilitySecurityAssociation(spi=257, key=KEY)
        return {
            "wrong key": lambda: signed(reply, (MobileHomeAuthentication, wrong_key)),
            "other spi": lambda: signed(reply, (MobileHomeAuthentication, other_spi)),
            "no authentication": lambda: good[:20],
            "twice": lambda: sign(good, MobileHomeAuthentication, MOBILE_HOME),
            "changed lifetime": lambda: good[:2] + b"\0\1" + good[4:],
            "changed code": lambda: good[:1] + b"\1" + good[2:],
            "other identification": lambda: signed(scene.reply(identification=reply.identification ^ 1)),
            "other home agent": lambda: signed(scene.reply(home_agent=IPv4Address("10.1.0.77"))),
        }[case]()

    @pytest.mark.parametrize("case", REASONS)
    def test_changes_nothing_and_loses_nothing(self, case: str) -> None:
        scene = asking()
        before = scene.node.snapshot()
        scene.receive(self.forged(scene, case))
        assert scene.notice(Discarded).reason == REASONS[case]
        assert _but_counters(scene) == msgspec.structs.replace(before, counters={})
        assert scene.node.snapshot().counters[f"discarded_{REASONS[case]}"] == 1
        scene.answer()
        assert scene.state == "registered"

    def test_replay_of_an_answered_reply(self) -> None:
        scene = asking()
        octets = signed(scene.reply())
        scene.receive(octets)
        scene.receive(octets)
        assert scene.notice(Discarded).reason == DropReason.UNEXPECTED_REPLY

    def test_for_another_home_address_is_not_ours_at_all(self) -> None:
        scene = asking()
        assert scene.receive(signed(scene.reply(home_address=IPv4Address("10.1.0.99")))) == []

    def test_a_request_is_not_for_us(self) -> None:
        scene = asking()
        assert scene.receive(signed(registration_request())) == []

    def test_agents_code_without_an_agent(self) -> None:
        scene = Scene()
        scene.up()
        scene.wait(1)
        scene.dhcp()
        scene.receive(scene.unsigned(66))
        assert scene.notice(Discarded).reason == DropReason.UNEXPECTED_REPLY
        assert scene.state == "registering"


class TestMobileForeignAuthentication:
    """RFC 5944 §3.6.2.1 a: with a shared association, in every reply, exactly one, valid."""

    def asking(self) -> Scene:
        return asking(foreign_agents=((FOREIGN_1.address, MOBILE_FOREIGN),))

    def test_request_bears_it_last(self) -> None:
        scene = self.asking()
        (message,) = scene.messages
        kinds = [type(e) for e in decode_message(message.octets).message.extensions]
        assert kinds == [MobileHomeAuthentication, MobileForeignAuthentication]

    def test_accepted_with_both(self) -> None:
        scene = self.asking()
        both = ((MobileHomeAuthentication, MOBILE_HOME), (MobileForeignAuthentication, MOBILE_FOREIGN))
        scene.receive(signed(scene.reply(), *both), source=FOREIGN_1.address)
        assert scene.state == "registered"

    def test_discarded_with_the_home_agents_alone(self) -> None:
        scene = self.asking()
        scene.answer(agent=FOREIGN_1)
        assert scene.notice(Discarded).reason == DropReason.MISSING_AUTHENTICATION
        assert scene.state == "registering"

    def test_denial_needs_it(self) -> None:
        scene = self.asking()
        scene.deny(FOREIGN_1, 66)
        assert scene.notice(Discarded).reason == DropReason.MISSING_AUTHENTICATION
        scene.receive(signed(scene.reply(66), (MobileForeignAuthentication, MOBILE_FOREIGN)), source=FOREIGN_1.address)
        assert scene.state == "denied"

    def test_not_asked_of_other_agents(self) -> None:
        scene = Scene(foreign_agents=((FOREIGN_1.address, MOBILE_FOREIGN),))
        scene.register(FOREIGN_2)

    def test_wrong_key(self) -> None:
        scene = self.asking()
        both = ((MobileHomeAuthentication, MOBILE_HOME), (MobileForeignAuthentication, MOBILE_HOME))
        scene.receive(signed(scene.reply(), *both))
        assert scene.notice(Discarded).reason == DropReason.UNKNOWN_SPI


class TestDeregistration:
    """By command, as far as the answers go; the commands themselves are in test_agent.py."""

    def test_refused(self) -> None:
        scene = asking()
        scene.answer()
        scene.wait(2)
        scene.handle(DeregisterCommanded())
        scene.answer(129)
        assert scene.state == "deregistered"
        assert scene.notice(RegistrationLost).cause == "deregistered"

    def test_of_nothing_loses_nothing(self) -> None:
        scene = asking()
        scene.handle(DeregisterCommanded())
        scene.wait(1)
        scene.answer()
        assert scene.state == "deregistered"
        assert not [notice for notice in scene.notices if isinstance(notice, RegistrationLost)]


class TestForeignAgentError:
    """RFC 4636: accepted by the home agent, but the foreign agent does not serve us."""

    def receive(self, scene: Scene, status: int) -> None:
        octets = signed(scene.reply()) + ForeignAgentError(status).encode()
        scene.receive(octets, source=FOREIGN_1.address)

    def test_is_a_denial(self) -> None:
        scene = asking()
        self.receive(scene, 66)
        assert scene.notice(RegistrationDenied).code == 66
        assert scene.state == "denied"
        assert scene.route is None
        scene.wait(11)
        scene.answer()
        assert scene.state == "registered"

    @pytest.mark.parametrize("status", [69, 133, 136])
    def test_is_not_repaired(self, status: int) -> None:
        scene = asking()
        self.receive(scene, status)
        assert scene.state == "denied"

    def test_ends_what_was_in_force_there(self) -> None:
        scene = asking()
        scene.answer(lifetime=900)
        scene.wait(601)
        self.receive(scene, 64)
        assert scene.state == "denied"
        assert scene.notice(RegistrationLost).cause == "deregistered"
        assert scene.route is None

    def test_ends_nothing_that_is_in_force_elsewhere(self) -> None:
        scene = asking()
        scene.answer()
        scene.wait(2)
        scene.hear(FOREIGN_2)
        octets = signed(scene.reply()) + ForeignAgentError(64).encode()
        scene.receive(octets, source=FOREIGN_2.address)
        assert scene.route is not None

    def test_the_home_agent_is_told_to_forget_it(self) -> None:
        """RFC 4636 §5."""
        scene = asking()
        self.receive(scene, 65)
        scene.wait(0.9)
        assert not scene.requests
        scene.wait(0.1)
        assert scene.request.lifetime == 0
        assert scene.request.care_of_address == FOREIGN_1.care_of_addresses[0]
        scene.answer()
        assert scene.state == "denied"
        scene.wait(20)
        assert len(scene.requests_so_far) == 2

    def test_is_nothing_to_a_deregistration(self) -> None:
        scene = asking()
        scene.answer()
        scene.wait(2)
        scene.handle(DeregisterCommanded())
        self.receive(scene, 64)
        assert scene.state == "deregistered"


def test_home_address_in_the_denial_notice() -> None:
    scene = asking()
    scene.deny(FOREIGN_1, 66)
    assert scene.notice(RegistrationDenied).home_address == HOME_ADDRESS


class TestRevocations:
    def revoke(self, scene: Scene, **fields: Any) -> None:
        defaults: dict[str, Any] = {
            "from_home_agent": True,
            "home_address": HOME_ADDRESS,
            "home_domain_address": HOME_AGENT,
            "foreign_domain_address": IPv4Address("203.0.113.7"),
            "revocation_identifier": 1001,
        }
        scene.receive(signed(RegistrationRevocation(**(defaults | fields))))

    def registered(self) -> Scene:
        scene = Scene(revocation=True)
        scene.up()
        scene.wait(1)
        scene.dhcp()
        scene.answer(extensions=(RevocationSupport(timestamp=1000),))
        return scene

    def test_end_what_is_in_force(self) -> None:
        scene = self.registered()
        self.revoke(scene)
        assert scene.state == "denied"
        assert scene.route is None

    def test_that_are_wrong_are_discarded(self) -> None:
        scene = self.registered()
        self.revoke(scene, revocation_identifier=1000)
        assert scene.notice(Discarded).reason == DropReason.REPLAYED
        assert scene.state == "registered"

    def test_other_messages_are_for_others(self) -> None:
        scene = self.registered()
        scene.receive(signed(RevocationAcknowledgment(home_address=HOME_ADDRESS, revocation_identifier=7)))
        assert scene.outputs == []


class TestVendors:
    """RFC 3115 §2.3."""

    def test_a_critical_extension_is_a_denial(self) -> None:
        scene = asking()
        scene.answer(extensions=(CriticalVendorExtension(vendor=9, vendor_type=1),))
        assert scene.state == "denied"

    def test_a_normal_one_is_skipped(self) -> None:
        scene = asking()
        scene.answer(extensions=(NormalVendorExtension(vendor=9, vendor_type=1),))
        assert scene.state == "registered"


class TestHomeAgents:
    ANY = IPv4Address("255.255.255.255")
    HINT = IPv4Address("10.1.0.7")

    def test_redirected(self) -> None:
        scene = asking(home_agent=self.ANY, preferred_home_agent=HOME_AGENT, nai="mn@example.net")
        scene.answer(143, home_agent=HOME_AGENT, extensions=(DynamicHomeAgent(2, self.HINT),))
        assert scene.notice(HomeAgentChosen).home_agent == self.HINT

    def test_a_foreign_agent_that_does_not_understand(self) -> None:
        scene = asking(home_agent=self.ANY, preferred_home_agent=self.HINT, nai="mn@example.net")
        scene.deny(FOREIGN_1, 70)
        scene.wait(1)
        assert scene.request.home_agent == self.HINT

    def test_one_that_was_found_and_is_not_there(self) -> None:
        scene = asking(home_agent=IPv4Address("10.1.0.255"))
        scene.answer(136, home_agent=self.HINT)
        scene.wait(1)
        scene.deny(FOREIGN_1, 82)
        scene.wait(2.1)
        assert scene.request.home_agent == IPv4Address("10.1.0.255")


def test_code_69_below_what_we_would_ask_for_is_remembered() -> None:
    scene = asking()
    scene.deny(FOREIGN_1, 69, lifetime=3)
    assert scene.state == "denied"
    scene.wait(60.5)
    assert scene.request.lifetime == 3


def test_error_extension_while_registered_elsewhere_withdraws_nothing() -> None:
    """Another transmission of the same request was accepted already."""
    scene = asking()
    first = scene.request
    scene.wait(1)
    scene.answer(request=first)
    octets = signed(scene.reply()) + ForeignAgentError(64).encode()
    scene.receive(octets, source=FOREIGN_1.address)
    assert scene.state == "registered"
    scene.wait(5)
    assert not scene.requests


class TestTunnels:
    """RFC 3024, RFC 3519: what is refused is asked for otherwise, and what is agreed on is told."""

    def away(self, **fields: Any) -> Scene:
        scene = Scene(**fields)
        scene.up()
        scene.dhcp()
        scene.wait(0.2)
        return scene

    def test_refused_it_is_asked_for_otherwise_and_so_from_then_on(self) -> None:
        scene = self.away(reverse_tunnel=ReverseTunnelling.AUTO)
        assert scene.request.reverse_tunneling
        scene.answer(137)
        amended = scene.notice(RequestAmended)
        assert (amended.code, amended.amendment) == (137, "without_reverse_tunnel")
        scene.wait(1)
        assert not scene.request.reverse_tunneling
        scene.answer()
        scene.wait(1300)
        assert not scene.request.reverse_tunneling

    def test_a_command_asks_for_everything_again(self) -> None:
        scene = self.away(reverse_tunnel=ReverseTunnelling.AUTO)
        scene.answer(137)
        scene.wait(1)
        scene.answer()
        scene.wait(1)
        scene.handle(RegisterCommanded())
        assert scene.request.reverse_tunneling

    def test_not_without_end(self) -> None:
        scene = self.away(nat_traversal=NatTraversal.FORCE, encapsulation=Encapsulation.GRE)
        for _ in range(9):
            scene.answer(142 if scene.request.gre_encapsulation else 134)
            scene.wait(1.1)
            if scene.state == "denied":
                break
        assert scene.state == "denied"
        assert len(scene.requests_so_far) <= 5

    def test_told_when_it_changes(self) -> None:
        scene = self.away(nat_traversal=NatTraversal.AUTO)
        scene.answer(extensions=(UdpTunnelReply(),))
        assert scene.notice(TunnelAgreed) == TunnelAgreed(
            care_of_address=scene.request.care_of_address,
            encapsulation="ipip",
            reverse_tunnel=True,
            delivery="direct",
            nat_traversal="agreed",
        )
        scene.wait(2)
        scene.handle(RegisterCommanded())
        scene.answer(extensions=(UdpTunnelReply(),))
        assert not any(isinstance(notice, TunnelAgreed) for notice in scene.notices)
        scene.wait(2)
        scene.handle(RegisterCommanded())
        scene.answer()
        assert scene.notice(TunnelAgreed).nat_traversal == "not_understood"


class TestSeveralAtOnce:
    """With S the home agent keeps what was registered before (RFC 5944 §3.8.2.2)."""

    def moved(self, **fields: object) -> TwoLinks:
        """From one link to the other, both accepted."""
        scene = TwoLinks(**fields)
        scene.lease(WLAN)
        scene.answer()
        scene.wait(2)
        scene.lease(WWAN)
        scene.handle(HandoverCommanded(interface=WWAN))
        scene.answer()
        return scene

    def test_after_the_grace_it_is_asked_to_forget_the_other(self) -> None:
        scene = self.moved(simultaneous_bindings=True)
        assert scene.request.simultaneous_bindings
        scene.wait(scene.config.handover_grace)
        assert not scene.request.simultaneous_bindings
        assert scene.request.care_of_address == WWAN_ADDRESS

    def test_without_s_there_is_nothing_to_be_forgotten(self) -> None:
        scene = self.moved()
        sent = len(scene.requests_so_far)
        scene.wait(10)
        assert len(scene.requests_so_far) == sent
