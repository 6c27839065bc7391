"""What passes a foreign agent, octet by octet."""

from ipaddress import IPv4Address
from typing import Any

from tests.support.foreign_agent import (
    AGENT_ADDRESS,
    FOREIGN_HOME,
    LINK,
    MAC,
    MOBILE_FOREIGN,
    MOBILE_PORT,
    foreign_agent_config,
    pending,
)
from tests.support.messages import (
    CARE_OF_ADDRESS,
    HOME_ADDRESS,
    HOME_AGENT,
    NTP,
    registration_reply,
    registration_request,
    signed,
)

from mobileip.agents.foreign.relaying import covered_length, denial, relayed_reply, relayed_request
from mobileip.agents.foreign.surroundings import Surroundings
from mobileip.security.authenticator import verify
from mobileip.wire.extensions.authentication import (
    AuthenticationExtension,
    ForeignHomeAuthentication,
    MobileAaaAuthentication,
    MobileForeignAuthentication,
    MobileHomeAuthentication,
)
from mobileip.wire.extensions.base import UnknownExtension
from mobileip.wire.extensions.challenge import MobileForeignChallenge
from mobileip.wire.message import decode_message
from mobileip.wire.numbers import ReplyCode
from mobileip.wire.registration import RegistrationReply, RegistrationRequest

BEFORE = UnknownExtension(200, b"for the home agent")
BEHIND = UnknownExtension(201, b"for the foreign agent")


def surroundings(*, shared: bool = False) -> Surroundings:
    associations: dict[str, Any] = {
        "mobile_nodes": ((HOME_ADDRESS, MOBILE_FOREIGN),),
        "home_agents": ((HOME_AGENT, FOREIGN_HOME),),
    }
    return Surroundings(foreign_agent_config(**(associations if shared else {})))


def request_octets(**fields: Any) -> tuple[bytes, bytes]:
    """A request up to the MHAE, and with what the foreign agent has to remove."""
    covered = signed(registration_request(extensions=(BEFORE,), **fields))
    return covered, covered + BEHIND.encode() + MobileForeignAuthentication(500, bytes(16)).encode()


def decoded_request(octets: bytes) -> Any:
    decoded = decode_message(octets)
    assert isinstance(decoded.message, RegistrationRequest)
    return decoded


def decoded_reply(octets: bytes) -> Any:
    decoded = decode_message(octets)
    assert isinstance(decoded.message, RegistrationReply)
    return decoded


def check(octets: bytes, kind: type[AuthenticationExtension], association: Any) -> None:
    """The last extension is of `kind` and right."""
    decoded = decode_message(octets)
    [(offset, extension)] = decoded.find(kind)
    assert decoded.message.extensions[-1] is extension
    assert verify(decoded, offset, extension, association)


def test_covered_length() -> None:
    covered, whole = request_octets()
    assert covered_length(decode_message(whole)) == len(covered)
    assert covered_length(decode_message(covered)) == len(covered)
    assert covered_length(decode_message(covered[:24])) is None
    twice = whole + MobileHomeAuthentication(256, bytes(16)).encode()
    assert covered_length(decode_message(twice + BEHIND.encode())) == len(twice)


def test_a_challenge_before_mobile_aaa_stays() -> None:
    covered, _ = request_octets()
    whole = covered + MobileForeignChallenge(b"challenge").encode() + MobileAaaAuthentication(300, bytes(16)).encode()
    assert covered_length(decode_message(whole + BEHIND.encode())) == len(whole)
    assert relayed_request(decoded_request(whole + BEHIND.encode()), surroundings()).octets == whole


def test_a_request_loses_what_the_home_agent_is_not_to_see() -> None:
    covered, whole = request_octets()
    sent = relayed_request(decoded_request(whole), surroundings())
    assert sent.octets == covered
    departure = sent.departure
    assert (departure.source, departure.destination) == (CARE_OF_ADDRESS, HOME_AGENT)
    assert (departure.source_port, departure.destination_port) == (434, 434)
    assert (departure.interface, departure.link_destination) == (None, None)


def test_a_request_gets_our_authenticator_but_not_for_a_deregistration() -> None:
    covered, whole = request_octets()
    sent = relayed_request(decoded_request(whole), surroundings(shared=True))
    assert sent.octets.startswith(covered)
    check(sent.octets, ForeignHomeAuthentication, FOREIGN_HOME)
    covered, whole = request_octets(lifetime=0)
    assert relayed_request(decoded_request(whole), surroundings(shared=True)).octets == covered


def test_a_reply_loses_what_was_for_us_and_gets_our_authenticator() -> None:
    covered = signed(registration_reply(extensions=(BEFORE,)))
    whole = covered + BEHIND.encode() + ForeignHomeAuthentication(400, bytes(16)).encode()
    assert relayed_reply(decoded_reply(whole), pending(), surroundings()).octets == covered
    sent = relayed_reply(decoded_reply(whole), pending(), surroundings(shared=True))
    assert sent.octets.startswith(covered)
    check(sent.octets, MobileForeignAuthentication, MOBILE_FOREIGN)
    departure = sent.departure
    assert (departure.destination, departure.source) == (HOME_ADDRESS, AGENT_ADDRESS)
    assert (departure.interface, departure.link_destination) == (LINK, MAC)
    assert (departure.source_port, departure.destination_port) == (434, MOBILE_PORT)


def test_a_denial_copies_the_request() -> None:
    sent = denial(pending(), ReplyCode.FA_REGISTRATION_TIMEOUT, surroundings())
    wanted = registration_reply(code=78, lifetime=1800, identification=NTP)
    assert decode_message(sent.octets).message == wanted


def test_a_denial_for_the_lifetime_says_which_would_do() -> None:
    asked = pending(requested_lifetime=9000)
    for code, lifetime in (
        (ReplyCode.FA_REQUESTED_LIFETIME_TOO_LONG, 1800),
        (ReplyCode.FA_INSUFFICIENT_RESOURCES, 9000),
    ):
        sent = decode_message(denial(asked, code, surroundings()).octets).message
        assert isinstance(sent, RegistrationReply)
        assert (sent.code, sent.lifetime) == (code, lifetime)


def test_a_denial_is_signed_for_who_shares_a_key() -> None:
    sent = denial(pending(), ReplyCode.FA_MOBILE_NODE_FAILED_AUTHENTICATION, surroundings(shared=True))
    check(sent.octets, MobileForeignAuthentication, MOBILE_FOREIGN)


def test_without_home_address_the_answer_goes_to_the_limited_broadcast_address() -> None:
    nobody = pending(home_address=IPv4Address(0))
    sent = denial(nobody, ReplyCode.FA_NONZERO_HOME_ADDRESS_REQUIRED, surroundings())
    assert str(sent.departure.destination) == "255.255.255.255"
    assert sent.departure.link_destination == MAC
