"""Which request a reply answers, and what may be wrong with it (RFC 5944 §3.6.2.1)."""

from ipaddress import IPv4Address
from typing import Any

import pytest
from tests.support.attachments import asked, colocated
from tests.support.messages import HOME_AGENT, KEY, MOBILE_HOME, arrival, registration_reply, signed
from tests.support.mobile_node import FOREIGN_1, MOBILE_FOREIGN, config, strip

from mobileip.agents.mobile.attachment import ALL_AGENTS, Attachment
from mobileip.agents.mobile.config import MobileNodeConfig
from mobileip.agents.mobile.replies import Complaint, check, match
from mobileip.forwarding.drop_reason import DropReason
from mobileip.security.association import MobilitySecurityAssociation, ReplayStyle
from mobileip.wire.extensions.authentication import MobileForeignAuthentication, MobileHomeAuthentication
from mobileip.wire.message import decode_message
from mobileip.wire.registration import RegistrationReply

BY_HOME_AGENT = (MobileHomeAuthentication, MOBILE_HOME)
BY_FOREIGN_AGENT = (MobileForeignAuthentication, MOBILE_FOREIGN)
SHARING = config(foreign_agents=((FOREIGN_1.address, MOBILE_FOREIGN),))
STRANGER = IPv4Address("192.0.9.9")


def judged(
    octets: bytes,
    *,
    source: IPv4Address = FOREIGN_1.address,
    attachment: Attachment | None = None,
    by: MobileNodeConfig | None = None,
) -> Complaint | None:
    decoded = decode_message(octets)
    assert isinstance(decoded.message, RegistrationReply)
    return check(decoded, decoded.message, arrival(source=source), asked(attachment), by or config())


def reason(octets: bytes, **fields: Any) -> DropReason | None:
    complaint = judged(octets, **fields)
    return complaint.reason if complaint else None


STAMPS, NONCES = ReplayStyle.TIMESTAMPS, ReplayStyle.NONCES


class TestMatch:
    @pytest.mark.parametrize(("code", "style"), [(0, NONCES), (1, NONCES), (133, NONCES), (133, STAMPS), (66, STAMPS)])
    def test_by_the_low_half_of_the_identification(self, code: int, style: ReplayStyle) -> None:
        request = asked(identification=0x1_00000007)
        assert match(registration_reply(identification=0x9_00000007, code=code), [request], 101.0, style) is request
        assert match(registration_reply(identification=0x1_00000008, code=code), [request], 101.0, style) is None

    @pytest.mark.parametrize("code", [0, 1])
    def test_an_acceptance_with_timestamps_repeats_all_of_it(self, code: int) -> None:
        request = asked(identification=0x1_00000007)
        assert match(registration_reply(identification=0x1_00000007, code=code), [request], 101.0, STAMPS) is request
        assert match(registration_reply(identification=0x9_00000007, code=code), [request], 101.0, STAMPS) is None

    def test_nothing_that_is_out(self) -> None:
        assert match(registration_reply(), [], 101.0, STAMPS) is None

    def test_the_whole_identification_tells_more_than_its_half(self) -> None:
        older, newer = asked(identification=0x1_00000007), asked(identification=0x2_00000007)
        assert match(registration_reply(identification=0x1_00000007), [older, newer], 101.0, NONCES) is older
        assert match(registration_reply(identification=0x9_00000007), [older, newer], 101.0, NONCES) is newer

    def test_what_was_asked_for_must_not_be_over(self) -> None:
        request = asked(identification=7, lifetime=60)
        assert match(registration_reply(identification=7), [request], 159.9, STAMPS) is request
        assert match(registration_reply(identification=7), [request], 160.0, STAMPS) is None

    def test_a_deregistration_is_never_over(self) -> None:
        request = asked(identification=7, lifetime=0)
        assert match(registration_reply(identification=7), [request], 1e6, STAMPS) is request


class TestMobileHomeAuthentication:
    @pytest.mark.parametrize("code", [0, 1, 5, 128, 133, 170, 255])
    def test_the_home_agents_word_needs_it(self, code: int) -> None:
        reply = registration_reply(code=code)
        assert reason(signed(reply)) is None
        assert reason(strip(signed(reply))) is DropReason.MISSING_AUTHENTICATION

    def test_exactly_one(self) -> None:
        twice = signed(registration_reply(), BY_HOME_AGENT, BY_HOME_AGENT)
        assert reason(twice) is DropReason.BAD_AUTHENTICATOR

    def test_wrong_key(self) -> None:
        wrong = MobilitySecurityAssociation(spi=MOBILE_HOME.spi, key=KEY[::-1])
        octets = signed(registration_reply(), (MobileHomeAuthentication, wrong))
        assert reason(octets) is DropReason.BAD_AUTHENTICATOR

    def test_unknown_spi(self) -> None:
        octets = signed(registration_reply(), (MobileHomeAuthentication, MobilitySecurityAssociation(spi=999, key=KEY)))
        complaint = judged(octets)
        assert complaint == Complaint(DropReason.UNKNOWN_SPI, "MobileHomeAuthentication with SPI 999")

    def test_every_octet_before_it_is_covered(self) -> None:
        octets = signed(registration_reply())
        for position in (1, 3, 15, 19):  # code, lifetime, home agent, identification
            changed = bytearray(octets)
            changed[position] ^= 0x02
            assert reason(bytes(changed)) is DropReason.BAD_AUTHENTICATOR

    def test_a_foreign_agents_own_denial_bears_none(self) -> None:
        assert reason(strip(signed(registration_reply(code=66)))) is None


class TestMobileForeignAuthentication:
    def test_both_are_right(self) -> None:
        octets = signed(registration_reply(), BY_HOME_AGENT, BY_FOREIGN_AGENT)
        assert reason(octets, by=SHARING) is None

    @pytest.mark.parametrize("code", [0, 66, 133])
    def test_must_be_there_where_we_share_an_association(self, code: int) -> None:
        octets = signed(registration_reply(code=code))
        assert reason(octets, by=SHARING) is DropReason.MISSING_AUTHENTICATION

    def test_exactly_one(self) -> None:
        octets = signed(registration_reply(), BY_HOME_AGENT, BY_FOREIGN_AGENT, BY_FOREIGN_AGENT)
        assert reason(octets, by=SHARING) is DropReason.BAD_AUTHENTICATOR

    def test_wrong_key(self) -> None:
        wrong = MobilitySecurityAssociation(spi=MOBILE_FOREIGN.spi, key=KEY)
        octets = signed(registration_reply(), BY_HOME_AGENT, (MobileForeignAuthentication, wrong))
        assert reason(octets, by=SHARING) is DropReason.BAD_AUTHENTICATOR

    def test_does_not_stand_in_for_the_home_agents(self) -> None:
        octets = signed(registration_reply(), BY_FOREIGN_AGENT)
        assert reason(octets, by=SHARING) is DropReason.MISSING_AUTHENTICATION

    def test_is_not_asked_for_without_an_agent(self) -> None:
        octets = signed(registration_reply())
        assert reason(octets, by=SHARING, attachment=colocated(), source=HOME_AGENT) is None


class TestSender:
    @pytest.mark.parametrize("code", [66, 127, 194])
    def test_a_denial_without_authentication_counts_only_from_the_agent_that_was_asked(self, code: int) -> None:
        octets = strip(signed(registration_reply(code=code)))
        assert reason(octets, source=FOREIGN_1.address) is None
        assert reason(octets, source=STRANGER) is DropReason.UNEXPECTED_REPLY
        assert reason(octets, source=FOREIGN_1.address, attachment=colocated()) is DropReason.UNEXPECTED_REPLY

    def test_authenticated_ones_may_come_from_anywhere(self) -> None:
        assert reason(signed(registration_reply(code=133)), source=STRANGER) is None

    def test_accepted_by_another_home_agent(self) -> None:
        octets = signed(registration_reply(home_agent=HOME_AGENT + 1))
        assert reason(octets) is DropReason.UNEXPECTED_REPLY

    def test_denied_by_another_home_agent(self) -> None:
        """Code 136 is just that."""
        assert reason(signed(registration_reply(code=136, home_agent=HOME_AGENT + 1))) is None


class TestWhatWasLeftOpen:
    ANY = IPv4Address("255.255.255.255")
    UNKNOWN = IPv4Address(0)

    def judged(self, **fields: Any) -> Complaint | None:
        decoded = decode_message(signed(registration_reply(**fields)))
        assert isinstance(decoded.message, RegistrationReply)
        request = asked(home_agent=self.ANY, home_address=self.UNKNOWN)
        settings = config(home_agent=self.ANY, home_address=self.UNKNOWN, nai="mn@example.net")
        return check(decoded, decoded.message, arrival(), request, settings)

    def test_any_home_agent_may_accept_and_give_any_address(self) -> None:
        given = IPv4Address("10.1.0.55")
        assert self.judged(home_agent=IPv4Address("10.1.0.8"), home_address=given) is None

    @pytest.mark.parametrize("address", [str(IPv4Address(0)), "224.0.0.1", "127.0.0.1", "255.255.255.255"])
    def test_but_none_that_nobody_can_have(self, address: str) -> None:
        assert self.judged(home_agent=IPv4Address(address)) is not None
        assert self.judged(home_address=IPv4Address(address)) is not None

    def test_a_denial_gives_none(self) -> None:
        assert self.judged(code=131, home_address=self.UNKNOWN) is None

    def test_another_address_than_the_one_we_have(self) -> None:
        assert reason(signed(registration_reply(home_address=STRANGER))) == DropReason.UNEXPECTED_REPLY


class TestWithoutAnyAuthentication:
    def test_believed_where_that_was_allowed(self) -> None:
        octets = strip(signed(registration_reply()))
        assert judged(octets, by=config(allow_unauthenticated=True)) is None
        assert reason(octets) == DropReason.MISSING_AUTHENTICATION

    def test_never_with_a_wrong_one(self) -> None:
        wrong = MobilitySecurityAssociation(spi=256, key=KEY[::-1])
        octets = signed(registration_reply(), (MobileHomeAuthentication, wrong))
        assert reason(octets, by=config(allow_unauthenticated=True)) == DropReason.BAD_AUTHENTICATOR


def test_an_agent_that_is_known_by_the_link_alone_may_answer_from_any_address() -> None:
    octets = strip(signed(registration_reply(code=66)))
    assert reason(octets, source=STRANGER, attachment=colocated(agent=ALL_AGENTS)) is None
