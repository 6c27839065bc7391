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
    OTHER_HOME_AGENT,
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

from mobileip.agents.foreign.relaying import covered_length, denial, nai_of, relayed_reply, relayed_request
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
from mobileip.wire.extensions.message_string import MessageString
from mobileip.wire.extensions.nai import MobileNodeNai
from mobileip.wire.extensions.revocation_support import RevocationSupport
from mobileip.wire.message import decode_message
from mobileip.wire.numbers import ReplyCode
from mobileip.wire.registration import RegistrationReply, RegistrationRequest
from mobileip.wire.subtypes import MessageStringSubtype

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
    assert relayed_request(decoded_request(whole + BEHIND.encode()), pending(), surroundings(), 7).octets == whole


def test_a_request_loses_what_the_home_agent_is_not_to_see() -> None:
    covered, whole = request_octets()
    sent = relayed_request(decoded_request(whole), pending(), surroundings(), 7)
    assert sent.octets == covered
    departure = sent.departure
    assert (departure.source, departure.destination) == (CARE_OF_ADDRESS, HOME_AGENT)
    assert (departure.source_port, departure.destination_port) == (434, 434)
    assert (departure.interface, departure.link_destination) == (None, None)


def test_a_request_gets_our_authenticator_but_not_for_a_deregistration() -> None:
    covered, whole = request_octets()
    sent = relayed_request(decoded_request(whole), pending(), surroundings(shared=True), 7)
    assert sent.octets.startswith(covered)
    check(sent.octets, ForeignHomeAuthentication, FOREIGN_HOME)
    covered, whole = request_octets(lifetime=0)
    assert relayed_request(decoded_request(whole), pending(), surroundings(shared=True), 7).octets == covered


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


def test_what_we_find_wrong_stands_behind_what_the_home_agent_signed() -> None:
    covered = signed(registration_reply())
    failed = ReplyCode.FA_HOME_AGENT_FAILED_AUTHENTICATION
    sent = relayed_reply(decoded_reply(covered), pending(), surroundings(shared=True), failed)
    assert sent.octets.startswith(covered + bytes((45, 2, 0, 68)))
    check(sent.octets, MobileForeignAuthentication, MOBILE_FOREIGN)


def test_words_for_people_stand_before_our_authenticator() -> None:
    associations: dict[str, Any] = {"mobile_nodes": ((HOME_ADDRESS, MOBILE_FOREIGN),)}
    around = Surroundings(foreign_agent_config(message="Grüezi", **associations))
    covered = signed(registration_reply())
    for sent in (
        relayed_reply(decoded_reply(covered), pending(), around),
        denial(pending(), ReplyCode.FA_REGISTRATION_TIMEOUT, around),
    ):
        *_, words, _signature = decode_message(sent.octets).message.extensions
        assert words == MessageString(MessageStringSubtype.FOREIGN_AGENT, "Grüezi".encode())
        check(sent.octets, MobileForeignAuthentication, MOBILE_FOREIGN)


def test_revocation_is_offered_under_our_authenticator() -> None:
    covered, whole = request_octets()
    asked = pending(offers_revocation=True)
    sent = relayed_request(decoded_request(whole), asked, surroundings(shared=True), 7)
    assert sent.octets.startswith(covered + RevocationSupport(7, inform=True).encode())
    check(sent.octets, ForeignHomeAuthentication, FOREIGN_HOME)


def test_a_request_goes_where_it_is_to_go_whatever_it_names() -> None:
    asked = pending(home_agent=IPv4Address(0), relayed_to=OTHER_HOME_AGENT)
    sent = relayed_request(decoded_request(request_octets(home_agent=IPv4Address(0))[0]), asked, surroundings(), 7)
    assert sent.departure.destination == OTHER_HOME_AGENT


def test_the_name_of_a_mobile_node() -> None:
    named = signed(registration_request(extensions=(MobileNodeNai("mn@example.net"),)))
    assert nai_of(decode_message(named)) == "mn@example.net"
    assert nai_of(decode_message(signed(registration_request()))) is None


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
