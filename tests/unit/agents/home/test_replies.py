"""Replies: fields, order of extensions, and the way back (RFC 5944 §3.8.3)."""

from ipaddress import IPv4Address

import pytest
from tests.support.home_agent import FOREIGN_HOME, HOME_LINK, MAC, OTHER_CARE_OF_ADDRESS, Trial
from tests.support.messages import CARE_OF_ADDRESS, HOME_ADDRESS, HOME_AGENT, MOBILE_HOME, NTP, registration_request

from mobileip.agents.home.config import MobileNodeEntry
from mobileip.agents.outputs import Departure
from mobileip.security.authenticator import sign
from mobileip.wire.extensions.authentication import ForeignHomeAuthentication, MobileHomeAuthentication
from mobileip.wire.extensions.message_string import MessageString
from mobileip.wire.extensions.revocation_support import RevocationSupport
from mobileip.wire.message import encode_message

BROADCAST = IPv4Address("255.255.255.255")


def test_fields_are_copied_from_the_request() -> None:
    reply = Trial().request(lifetime=900).reply
    assert (reply.lifetime, reply.home_address, reply.home_agent) == (900, HOME_ADDRESS, HOME_AGENT)
    assert reply.identification == NTP


def test_order_of_extensions() -> None:
    trial = Trial(foreign_agents=((CARE_OF_ADDRESS, FOREIGN_HOME),))
    outcome = trial.request((MobileHomeAuthentication, MOBILE_HOME), (ForeignHomeAuthentication, FOREIGN_HOME))
    kinds = [type(extension) for extension in outcome.reply.extensions]
    assert kinds == [MobileHomeAuthentication, ForeignHomeAuthentication]
    assert outcome.is_signed_by(MOBILE_HOME)
    assert outcome.is_signed_by(FOREIGN_HOME, ForeignHomeAuthentication)


def test_addresses_and_ports_are_swapped() -> None:
    here = IPv4Address("192.0.2.200")
    outcome = Trial().request(source=OTHER_CARE_OF_ADDRESS, source_port=50000, destination=here, destination_port=434)
    assert outcome.departure == Departure(
        destination=OTHER_CARE_OF_ADDRESS, source=here, destination_port=50000, source_port=434
    )


def test_reply_to_a_broadcast_comes_from_our_address() -> None:
    assert Trial().request(destination=BROADCAST).departure.source == HOME_AGENT


def test_reply_to_a_node_at_home_is_a_frame() -> None:
    trial = Trial(home_link=HOME_LINK)
    trial.request()
    trial.boot = 1.0
    outcome = trial.return_home()
    assert outcome.reply.code == 1
    assert outcome.departure == Departure(
        destination=HOME_ADDRESS,
        source=HOME_AGENT,
        destination_port=4434,
        source_port=434,
        interface=HOME_LINK,
        link_destination=MAC,
    )


@pytest.mark.requirement("R5944-4.6-u")
def test_an_answer_goes_ahead_of_forwarding_but_to_who_comes_home() -> None:
    trial = Trial()
    (taken,) = trial.request().messages
    (denied,) = trial.request(ahead=3600).messages
    (returned,) = trial.return_home().messages
    assert (taken.ahead, denied.ahead, returned.ahead) == (True, True, False)


def test_denial_to_a_node_at_home_is_a_frame_too() -> None:
    trial = Trial(home_link=HOME_LINK)
    trial.request()
    outcome = trial.return_home(ahead=3600)
    assert outcome.reply.code == 133
    assert outcome.departure.link_destination == MAC
    assert len(trial.bindings) == 1


def test_frame_from_another_source_is_answered_by_route() -> None:
    """A router's frame: its link-layer address is not the mobile node's."""
    outcome = Trial(home_link=HOME_LINK).request(interface=HOME_LINK, link_source=MAC)
    assert outcome.departure.link_destination is None
    assert outcome.departure.interface is None


@pytest.mark.parametrize("link_source", [MAC, None])
def test_node_without_address_is_answered_on_its_link(link_source: bytes | None) -> None:
    outcome = Trial(home_link=HOME_LINK).request(source=IPv4Address(0), interface=HOME_LINK, link_source=link_source)
    assert outcome.departure.destination == BROADCAST
    assert outcome.departure.interface == HOME_LINK
    assert outcome.departure.link_destination == link_source


def test_extensions_of_both_kinds_stand_in_front_of_the_signature_that_protects_them() -> None:
    trial = Trial(foreign_agents=((CARE_OF_ADDRESS, FOREIGN_HOME),), revocation=True, message="Hello")
    octets = trial.octets() + RevocationSupport(7).encode()
    reply = trial.receive(sign(octets, ForeignHomeAuthentication, FOREIGN_HOME)).reply
    assert [type(extension) for extension in reply.extensions] == [
        MessageString,
        MobileHomeAuthentication,
        RevocationSupport,
        ForeignHomeAuthentication,
    ]


def test_a_deregistration_is_not_signed_for_the_foreign_agent_unless_that_waits_for_it() -> None:
    agents = {"foreign_agents": ((CARE_OF_ADDRESS, FOREIGN_HOME),)}
    assert not Trial(**agents).request(lifetime=0).is_signed_by(FOREIGN_HOME, ForeignHomeAuthentication)
    trial = Trial(foreign_home_on_deregistration=True, **agents)
    assert trial.request(lifetime=0).is_signed_by(FOREIGN_HOME, ForeignHomeAuthentication)


def test_a_node_without_association_gets_an_unsigned_reply() -> None:
    keyless = (MobileNodeEntry(home_address=HOME_ADDRESS, associations=()),)
    trial = Trial(allow_unauthenticated=True, mobile_nodes=keyless)
    assert trial.receive(encode_message(registration_request())).reply.extensions == ()
