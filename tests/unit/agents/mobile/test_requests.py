"""The octets of a request, its signatures, and how it leaves (RFC 5944 §3.6.1)."""

from ipaddress import IPv4Address

import msgspec
import pytest
from tests.support.attachments import COLOCATED_ADDRESS, asked, at_home, colocated, through_agent
from tests.support.messages import HOME_ADDRESS, HOME_AGENT, MOBILE_HOME
from tests.support.mobile_node import FOREIGN_1, HOME_AGENT_MAC, MOBILE_FOREIGN, config

from mobileip.agents.mobile.attachment import Attachment
from mobileip.agents.mobile.requests import Outstanding, foreign_association, request
from mobileip.agents.mobile.terms import Terms
from mobileip.agents.outputs import Departure, SendMessage
from mobileip.forwarding.tunnel import Encapsulation
from mobileip.security.authenticator import verify
from mobileip.wire.extensions.authentication import MobileForeignAuthentication, MobileHomeAuthentication
from mobileip.wire.extensions.reverse_tunnel import EncapsulatingDeliveryStyle
from mobileip.wire.message import decode_message
from mobileip.wire.registration import RegistrationRequest

SHARING = config(foreign_agents=((FOREIGN_1.address, MOBILE_FOREIGN),))


def sent(outstanding: Outstanding, care_of_address: IPv4Address | None = None) -> SendMessage:
    return request(outstanding, config(), care_of_address or outstanding.attachment.care_of_address)


def fields(message: SendMessage) -> RegistrationRequest:
    decoded = decode_message(message.octets).message
    assert isinstance(decoded, RegistrationRequest)
    return msgspec.structs.replace(decoded, extensions=())


def test_fields_through_a_foreign_agent() -> None:
    assert fields(sent(asked(lifetime=600))) == RegistrationRequest(
        lifetime=600,
        home_address=HOME_ADDRESS,
        home_agent=HOME_AGENT,
        care_of_address=FOREIGN_1.care_of_addresses[0],
        identification=asked().identification,
    )


def test_another_home_agent_than_the_configured_one() -> None:
    other = IPv4Address("10.1.0.2")
    message = sent(asked(colocated(), home_agent=other))
    assert fields(message).home_agent == other
    assert message.departure.destination == other


@pytest.mark.parametrize(
    ("attachment", "decapsulates"), [(through_agent(), False), (colocated(), True), (at_home(), False)]
)
def test_only_with_a_colocated_address_we_decapsulate(attachment: Attachment, decapsulates: bool) -> None:
    assert fields(sent(asked(attachment))).decapsulation_by_mobile_node is decapsulates


def test_deletion_of_all_bindings_registers_no_colocated_address() -> None:
    """RFC 5944 §3.6.1.2: D "if it is registering with a co-located care-of address. Otherwise, the 'D' bit
    MUST NOT be set"."""
    message = sent(asked(colocated(), lifetime=0), HOME_ADDRESS)
    assert fields(message).care_of_address == HOME_ADDRESS
    assert not fields(message).decapsulation_by_mobile_node
    assert message.departure.source == COLOCATED_ADDRESS, "it must still leave with an address of this network"


def test_nothing_is_asked_for_that_we_do_not_do() -> None:
    asked_for = fields(sent(asked(colocated())))
    assert not asked_for.simultaneous_bindings
    assert not asked_for.broadcast_datagrams
    assert not asked_for.minimal_encapsulation
    assert not asked_for.gre_encapsulation
    assert not asked_for.reverse_tunneling


def test_how_it_leaves_through_a_foreign_agent() -> None:
    assert sent(asked()).departure == Departure(
        source=HOME_ADDRESS,
        destination=FOREIGN_1.address,
        interface="eth0",
        link_destination=FOREIGN_1.link_address,
        ttl=255,
    )


def test_how_it_leaves_with_a_colocated_address() -> None:
    assert sent(asked(colocated())).departure == Departure(
        source=COLOCATED_ADDRESS, destination=HOME_AGENT, interface="eth0", link_destination=None, ttl=64
    )


def test_how_it_leaves_with_a_colocated_address_where_an_agent_demands_registration() -> None:
    attachment = colocated(agent=FOREIGN_1.address, first_hop=FOREIGN_1.link_address)
    assert sent(asked(attachment)).departure == Departure(
        source=COLOCATED_ADDRESS,
        destination=FOREIGN_1.address,
        interface="eth0",
        link_destination=FOREIGN_1.link_address,
        ttl=255,
    )


def test_how_it_leaves_at_home() -> None:
    assert sent(asked(at_home(), lifetime=0)).departure == Departure(
        source=HOME_ADDRESS, destination=HOME_AGENT, interface="eth0", link_destination=HOME_AGENT_MAC, ttl=64
    )


def test_signed_for_the_home_agent() -> None:
    decoded = decode_message(sent(asked()).octets)
    ((offset, extension),) = decoded.find(MobileHomeAuthentication)
    assert verify(decoded, offset, extension, MOBILE_HOME)
    assert not verify(decoded, offset, extension, MOBILE_FOREIGN)
    assert not decoded.find(MobileForeignAuthentication)


def test_signed_for_the_foreign_agent_too_where_we_share_an_association() -> None:
    """RFC 5944 §3.6.1.3 e: last of all."""
    decoded = decode_message(request(asked(), SHARING, HOME_ADDRESS).octets)
    assert [type(one) for one in decoded.message.extensions] == [MobileHomeAuthentication, MobileForeignAuthentication]
    ((offset, extension),) = decoded.find(MobileForeignAuthentication)
    assert verify(decoded, offset, extension, MOBILE_FOREIGN)


@pytest.mark.parametrize(
    ("attachment", "shared"),
    [
        (through_agent(), True),
        (colocated(agent=FOREIGN_1.address), True),
        (through_agent(agent=FOREIGN_1.address + 1), False),
        (colocated(), False),
        (at_home(), False),
    ],
)
def test_which_foreign_agents_share_an_association(attachment: Attachment, shared: bool) -> None:
    assert foreign_association(attachment, SHARING) == (MOBILE_FOREIGN if shared else None)


def test_the_same_request_gives_the_same_octets() -> None:
    """RFC 5944 §3.6.3: with nonces it is "retransmitted unchanged"."""
    again = msgspec.structs.replace(asked(), sent_at=107.0)
    assert sent(asked()) == sent(again)


class TestTunnels:
    @pytest.mark.parametrize(
        ("encapsulation", "minimal", "gre"),
        [(Encapsulation.IPIP, False, False), (Encapsulation.MINIMAL, True, False), (Encapsulation.GRE, False, True)],
    )
    def test_bits(self, encapsulation: Encapsulation, minimal: bool, gre: bool) -> None:
        sent_fields = fields(sent(asked(colocated(), terms=Terms(reverse=True, encapsulation=encapsulation))))
        assert (sent_fields.minimal_encapsulation, sent_fields.gre_encapsulation) == (minimal, gre)
        assert sent_fields.reverse_tunneling

    def test_the_delivery_style_is_for_the_foreign_agent(self) -> None:
        outstanding = asked(terms=Terms(reverse=True, encapsulating=True))
        message = request(outstanding, SHARING, outstanding.attachment.care_of_address)
        extensions = decode_message(message.octets).message.extensions
        assert [type(each) for each in extensions] == [
            MobileHomeAuthentication,
            EncapsulatingDeliveryStyle,
            MobileForeignAuthentication,
        ]
