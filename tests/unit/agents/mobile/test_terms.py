from ipaddress import IPv4Address

import pytest
from tests.support.attachments import at_home, colocated, through_agent
from tests.support.messages import HOME_AGENT, registration_reply, signed
from tests.support.mobile_node import config, strip

from mobileip.agents.mobile.attachment import ALL_AGENTS, TunnelOffer
from mobileip.agents.mobile.config import Delivery, MobileNodeConfig, NatTraversal, ReverseTunnelling
from mobileip.agents.mobile.terms import (
    MOST_AMENDED,
    Agreement,
    Amendment,
    Amendments,
    Terms,
    UdpAnswer,
    agreement_of,
    amendment,
    foreign,
    home,
    is_reversed,
    terms_of,
)
from mobileip.forwarding.tunnel import Encapsulation
from mobileip.wire.extensions.nat_traversal import UdpTunnelReply, UdpTunnelRequest
from mobileip.wire.message import decode_message

AUTO = config(reverse_tunnel=ReverseTunnelling.AUTO)
REQUIRED = config(reverse_tunnel=ReverseTunnelling.REQUIRED)
NAT = config(nat_traversal=NatTraversal.AUTO)
FORCED = config(nat_traversal=NatTraversal.FORCE)
OFFER = TunnelOffer(reverse_tunnel=True, gre=True, minimal=True, behind_nat=True)
OFFERING = through_agent(offer=OFFER)
SOURCE = IPv4Address("192.0.1.1")


class TestReverseTunnel:
    @pytest.mark.parametrize(
        ("attachment", "is_asked"),
        [
            (at_home(), False),
            (colocated(), True),
            (through_agent(), False),
            (OFFERING, True),
            (colocated(agent=ALL_AGENTS), False),
        ],
    )
    def test_wherever_it_can_be_had(self, attachment: object, is_asked: bool) -> None:
        assert terms_of(AUTO, attachment).reverse is is_asked  # type: ignore[arg-type]

    def test_everywhere_where_it_is_required(self) -> None:
        assert terms_of(REQUIRED, through_agent()).reverse
        assert terms_of(REQUIRED, through_agent(), {Amendment.WITHOUT_REVERSE_TUNNEL}).reverse

    def test_nowhere_where_it_is_off(self) -> None:
        assert not terms_of(config(), OFFERING).reverse
        assert not terms_of(config(), colocated()).reverse

    def test_as_refused_and_demanded_before(self) -> None:
        assert not terms_of(AUTO, colocated(), {Amendment.WITHOUT_REVERSE_TUNNEL}).reverse
        assert terms_of(AUTO, through_agent(), {Amendment.WITH_REVERSE_TUNNEL}).reverse


class TestDelivery:
    CONFIG = config(reverse_tunnel=ReverseTunnelling.AUTO, delivery=Delivery.ENCAPSULATING)

    def test_to_a_foreign_agent_with_a_reverse_tunnel(self) -> None:
        terms = terms_of(self.CONFIG, OFFERING)
        assert terms.encapsulating
        assert terms.delivery is Delivery.ENCAPSULATING
        assert terms_of(AUTO, OFFERING).delivery is Delivery.DIRECT

    def test_not_without_and_not_where_nobody_delivers(self) -> None:
        assert not terms_of(self.CONFIG, through_agent()).encapsulating
        assert not terms_of(self.CONFIG, colocated()).encapsulating

    def test_not_where_it_was_refused(self) -> None:
        assert not terms_of(self.CONFIG, OFFERING, {Amendment.DIRECT_DELIVERY}).encapsulating


@pytest.mark.parametrize("encapsulation", [Encapsulation.GRE, Encapsulation.MINIMAL])
class TestEncapsulation:
    def wanted(self, encapsulation: Encapsulation) -> MobileNodeConfig:
        return config(encapsulation=encapsulation)

    def test_with_our_own_address_as_configured(self, encapsulation: Encapsulation) -> None:
        assert terms_of(self.wanted(encapsulation), colocated()).encapsulation is encapsulation

    def test_through_an_agent_if_that_offers_it(self, encapsulation: Encapsulation) -> None:
        assert terms_of(self.wanted(encapsulation), OFFERING).encapsulation is encapsulation
        assert terms_of(self.wanted(encapsulation), through_agent()).encapsulation is Encapsulation.IPIP

    def test_not_where_it_was_refused(self, encapsulation: Encapsulation) -> None:
        terms = terms_of(self.wanted(encapsulation), colocated(), {Amendment.IP_IN_IP})
        assert terms.encapsulation is Encapsulation.IPIP


class TestUdp:
    def test_with_our_own_address(self) -> None:
        assert terms_of(NAT, colocated()) == Terms(reverse=True, udp=UdpTunnelRequest())
        assert terms_of(NAT, OFFERING) == Terms()

    def test_forced(self) -> None:
        udp = terms_of(FORCED, colocated()).udp
        assert udp is not None
        assert udp.force
        udp = terms_of(FORCED, colocated(), {Amendment.UDP_NOT_FORCED}).udp
        assert udp is not None
        assert not udp.force

    def test_through_an_agent_that_is_behind_a_nat_only(self) -> None:
        udp = terms_of(NAT, colocated(agent=SOURCE, offer=OFFER)).udp
        assert udp is not None
        assert udp.through_foreign_agent
        assert terms_of(NAT, colocated(agent=SOURCE)).udp is None

    def test_not_where_it_or_the_reverse_tunnel_was_refused(self) -> None:
        assert terms_of(NAT, colocated(), {Amendment.WITHOUT_UDP}).udp is None
        assert terms_of(NAT, colocated(), {Amendment.WITHOUT_REVERSE_TUNNEL}) == Terms()


class TestAmendment:
    ALL = Terms(reverse=True, encapsulating=True, encapsulation=Encapsulation.GRE, udp=UdpTunnelRequest(force=True))

    @pytest.mark.parametrize(
        ("code", "expected"),
        [
            (70, Amendment.WITHOUT_REVERSE_TUNNEL),
            (72, Amendment.IP_IN_IP),
            (74, Amendment.WITHOUT_REVERSE_TUNNEL),
            (75, None),
            (76, Amendment.WITHOUT_REVERSE_TUNNEL),
            (79, Amendment.DIRECT_DELIVERY),
            (129, Amendment.UDP_NOT_FORCED),
            (134, Amendment.WITHOUT_UDP),
            (137, Amendment.WITHOUT_REVERSE_TUNNEL),
            (138, None),
            (139, Amendment.IP_IN_IP),
            (142, Amendment.IP_IN_IP),
            (131, None),
        ],
    )
    def test_of_what_was_asked_for(self, code: int, expected: Amendment | None) -> None:
        assert amendment(code, self.ALL, AUTO, ()) is expected

    @pytest.mark.parametrize("code", [70, 72, 74, 79, 129, 134, 137, 139, 142])
    def test_nothing_to_give_up(self, code: int) -> None:
        assert amendment(code, Terms(), AUTO, ()) is None

    def test_one_after_the_other(self) -> None:
        assert amendment(142, Terms(reverse=True, udp=UdpTunnelRequest()), AUTO, ()) is Amendment.WITHOUT_UDP
        assert amendment(129, Terms(reverse=True, udp=UdpTunnelRequest()), AUTO, ()) is Amendment.WITHOUT_UDP
        assert amendment(134, Terms(reverse=True), AUTO, ()) is Amendment.WITHOUT_REVERSE_TUNNEL

    @pytest.mark.parametrize("code", [75, 138])
    def test_a_reverse_tunnel_that_is_demanded(self, code: int) -> None:
        assert amendment(code, Terms(), AUTO, ()) is Amendment.WITH_REVERSE_TUNNEL
        assert amendment(code, Terms(), config(), ()) is None

    def test_one_that_is_required_is_not_given_up(self) -> None:
        assert amendment(74, self.ALL, REQUIRED, ()) is None

    def test_not_to_and_fro_between_two_agents(self) -> None:
        assert amendment(138, Terms(), AUTO, {Amendment.WITHOUT_REVERSE_TUNNEL}) is None
        assert amendment(74, self.ALL, AUTO, {Amendment.WITH_REVERSE_TUNNEL}) is None


class TestAmendments:
    def test_of_the_foreign_agent_and_of_the_home_agent(self) -> None:
        amendments = Amendments()
        amendments.note(foreign(through_agent()), Amendment.WITHOUT_REVERSE_TUNNEL, 0.0)
        amendments.note(foreign(through_agent()), Amendment.DIRECT_DELIVERY, 0.0)
        amendments.note(home(HOME_AGENT), Amendment.IP_IN_IP, 0.0)
        assert amendments.at(through_agent(), HOME_AGENT, 1.0) == {
            Amendment.WITHOUT_REVERSE_TUNNEL,
            Amendment.DIRECT_DELIVERY,
            Amendment.IP_IN_IP,
        }
        assert amendments.at(through_agent(incarnation=2), HOME_AGENT, 1.0) == {Amendment.IP_IN_IP}
        assert amendments.at(colocated(), IPv4Address("10.1.0.2"), 1.0) == frozenset()

    def test_for_an_hour(self) -> None:
        amendments = Amendments()
        amendments.note(home(HOME_AGENT), Amendment.IP_IN_IP, 0.0)
        assert amendments.at(colocated(), HOME_AGENT, 3599.0)
        assert not amendments.at(colocated(), HOME_AGENT, 3600.0)

    def test_forgotten_by_command(self) -> None:
        amendments = Amendments()
        amendments.note(home(HOME_AGENT), Amendment.IP_IN_IP, 0.0)
        amendments.clear()
        assert not amendments.at(colocated(), HOME_AGENT, 0.0)

    def test_of_few_agents(self) -> None:
        amendments = Amendments()
        for number in range(MOST_AMENDED + 1):
            amendments.note(foreign(through_agent(incarnation=number)), Amendment.IP_IN_IP, 0.0)
        assert not amendments.at(through_agent(incarnation=0), HOME_AGENT, 1.0)
        assert amendments.at(through_agent(incarnation=1), HOME_AGENT, 1.0)


class TestAgreement:
    ASKED = Terms(reverse=True, udp=UdpTunnelRequest())

    def agreed(
        self, *extensions: UdpTunnelReply, terms: Terms = ASKED, unsigned: bool = False, **fields: object
    ) -> Agreement:
        octets = signed(registration_reply(extensions=extensions))
        octets = strip(octets) + b"".join(e.encode() for e in extensions) if unsigned else octets
        return agreement_of(terms, decode_message(octets), SOURCE, config(**fields))

    def test_in_udp(self) -> None:
        agreement = self.agreed(UdpTunnelReply(keepalive_interval=40))
        assert agreement == Agreement(
            terms=self.ASKED, udp=UdpAnswer.AGREED, keepalive_interval=40, reply_source=SOURCE
        )
        assert agreement.in_udp

    def test_declined(self) -> None:
        agreement = self.agreed(UdpTunnelReply(code=64, keepalive_interval=40))
        assert (agreement.udp, agreement.keepalive_interval) == (UdpAnswer.DECLINED, 0)

    def test_not_understood(self) -> None:
        assert self.agreed().udp is UdpAnswer.NOT_UNDERSTOOD

    def test_not_asked(self) -> None:
        assert self.agreed(UdpTunnelReply(), terms=Terms()).udp is UdpAnswer.NOT_ASKED

    def test_by_nobody(self) -> None:
        assert self.agreed(UdpTunnelReply(), unsigned=True).udp is UdpAnswer.NOT_UNDERSTOOD
        assert self.agreed(UdpTunnelReply(), unsigned=True, allow_unauthenticated=True).in_udp


class TestIsReversed:
    def test_with_a_reverse_tunnel_that_is_wanted(self) -> None:
        assert is_reversed(Agreement(terms=Terms(reverse=True)), AUTO)
        assert not is_reversed(Agreement(terms=Terms()), AUTO)

    def test_in_udp_in_any_case(self) -> None:
        asked = Terms(reverse=True, udp=UdpTunnelRequest())
        assert is_reversed(Agreement(terms=asked, udp=UdpAnswer.AGREED), config())
        assert not is_reversed(Agreement(terms=asked, udp=UdpAnswer.DECLINED), config())
