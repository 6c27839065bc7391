"""Our own Registration Revocations: sent, repeated, acknowledged, given up (RFC 3543 §3.3, §3.5, §4.2.2).

Each binding that ends and whose other side wants to know has a series of its own. Its Revocations are a second apart
at first, then ever farther, each with a fresh Identifier, until one is acknowledged or the binding would have ended
anyway.
"""

from ipaddress import IPv4Address

from mobileip.agents.deadlines import Deadlines
from mobileip.agents.events import Arrival
from mobileip.agents.home.reply_extensions import message_string
from mobileip.agents.home.snapshot import MobilityBinding, RevocationTerms
from mobileip.agents.notices import RevocationEnded, RevocationSent
from mobileip.agents.outputs import Departure, Notify, Output, SendMessage
from mobileip.forwarding.drop_reason import DropReason
from mobileip.security.authenticator import sign, verify
from mobileip.wire.extensions.authentication import ForeignHomeAuthentication, MobileHomeAuthentication
from mobileip.wire.message import Decoded, Message, encode_message
from mobileip.wire.numbers import MOBILE_IP_UDP_PORT
from mobileip.wire.revocation import RegistrationRevocation, RevocationAcknowledgment

_INTERVAL = 1.0
"""R3543-3.3-i, R3543-4.2.2.1-i: seconds; "MUST NOT send more than one revocation per second for a particular
binding"."""

_MAXIMUM_ATTEMPTS = 8
"""The last one is 127 s after the first; that ends a series of a binding without end too."""

_HALF = 1 << 31
_MASK = 0xFFFFFFFF


def is_later(timestamp: int, other: int) -> bool:
    """Whether a 32-bit timestamp is above another one, across their wrap."""
    return 0 < (timestamp - other) & _MASK < _HALF


class Series:
    """The Revocations of one binding."""

    __slots__ = ("at", "attempt", "binding", "identifiers", "inform", "message", "terms")

    def __init__(self, binding: MobilityBinding, terms: RevocationTerms, message: str | None, *, inform: bool) -> None:
        self.binding = binding
        self.terms = terms
        self.message = message
        self.inform = inform
        self.at = 0.0
        """Boot time of the next one."""
        self.attempt = 0
        self.identifiers = [terms.own_timestamp]
        """The first is that of the registration, which is no Revocation's."""


class Revocations:
    """All series that wait for an acknowledgment."""

    __slots__ = ("_deadlines", "_series", "touched")

    def __init__(self) -> None:
        self.touched: list[int] = []
        """Home addresses (as numbers) whose series changed since somebody cleared this."""
        self._series: dict[int, dict[int, Series]] = {}
        """By home address and care-of address, as numbers."""
        self._deadlines: Deadlines[tuple[int, int]] = Deadlines()

    def begin(self, binding: MobilityBinding, message: str | None, *, is_to_be_told: bool, at: float) -> None:
        """The other side of a binding that is no more is told from boot time `at` on, if it wants that. `message`:
        words for people; `is_to_be_told`: whether the mobile node should be informed.
        """
        terms = binding.revocation
        # R3543-4.2.2.1-a: "In the case where a home agent is revoking a mobile node's binding, and revocation support
        # has been negotiated, the home agent MUST notify the foreign domain address". R5944-3.8.2.2-g: nobody else.
        if terms is None:
            return
        # R3543-3.3-b, R3543-4.2.2.1-c, R3543-4.2.2.1-d: I "MUST NOT be set to '1' unless 'I' bit support was
        # negotiated". R3543-3.3-c: to a direct mobile node it "SHOULD be set to '1'".
        inform = is_to_be_told and (terms.inform or terms.is_direct)
        self._follow(Series(binding, terms, message, inform=inform), at)

    def resume(self, series: Series, at: float) -> None:
        """One that was begun in an earlier life goes on at boot time `at`."""
        self._follow(series, at)

    def of(self, home: int) -> tuple[Series, ...]:
        """Those about one home address (as a number)."""
        return tuple(self._series[home].values()) if home in self._series else ()

    def _follow(self, series: Series, at: float) -> None:
        home, care_of = int(series.binding.home_address), int(series.binding.care_of_address)
        self._series.setdefault(home, {})[care_of] = series
        series.at = at
        self._deadlines.set((home, care_of), at)
        self.touched.append(home)

    def end(self, home: int, care_of: int) -> None:
        """That binding exists again, or what was to be told is known."""
        series = self._series.get(home)
        if series is None or series.pop(care_of, None) is None:
            return
        self._deadlines.cancel((home, care_of))
        self.touched.append(home)
        if not series:
            del self._series[home]

    def due(self, now: float, timestamp: int) -> list[Output]:
        """The Revocations whose time has come. `timestamp`: ours of now, 32 bits."""
        outputs: list[Output] = []
        for key in self._deadlines.take_due(now):
            series = self._series[key[0]][key[1]]
            # R3543-3.3-h, R3543-4.2.2.1-k: it "MUST NOT retransmit revocation messages beyond the normal life of the
            # binding".
            if now >= series.binding.expires_at or series.attempt == _MAXIMUM_ATTEMPTS:
                self.end(*key)
                outputs.append(_ended(series, "gave_up"))
                continue
            outputs += _sent(series, timestamp)
            # R3543-4.2.2.1-j: "exponential backoff".
            interval = _INTERVAL * 2 ** (series.attempt - 1)
            # R3543-4.2.2.1-g: without an acknowledgment "within a reasonable amount of time, it MUST retransmit".
            self._follow(series, min(now + interval, series.binding.expires_at))
        return outputs

    def next_deadline(self) -> float:
        """Boot time, infinite for none."""
        return self._deadlines.next()

    def acknowledged(
        self, decoded: Decoded[Message], message: RevocationAcknowledgment, arrival: Arrival
    ) -> Output | DropReason:
        """Ends the series that an Acknowledgment belongs to; else why it is discarded."""
        series = self._answered(message, arrival.source)
        # R3543-3.5-e, R3543-3.5-f, R3543-3.4-c: it "MUST check the Home Address and Identifier fields to make sure they
        # match those fields from a corresponding revocation message it sent"; whatever I says.
        if series is None:
            return DropReason.UNEXPECTED_REPLY
        kind = MobileHomeAuthentication if series.terms.is_direct else ForeignHomeAuthentication
        found = decoded.find(kind)
        # R3543-3.5-a: "All Revocation Messages and Revocation Acknowledgment Messages MUST be authenticated".
        if len(found) != 1:
            return DropReason.MISSING_AUTHENTICATION
        # R3543-3.5-a
        if not verify(decoded, *found[0], series.terms.association):
            return DropReason.BAD_AUTHENTICATOR
        self.end(int(series.binding.home_address), int(series.binding.care_of_address))
        return _ended(series, "acknowledged")

    def _answered(self, message: RevocationAcknowledgment, source: IPv4Address) -> Series | None:
        for series in self._series.get(int(message.home_address), {}).values():
            if source == series.terms.peer and message.revocation_identifier in series.identifiers[1:]:
                return series
        return None

    def __len__(self) -> int:
        return len(self._deadlines)


def _sent(series: Series, timestamp: int) -> list[Output]:
    """One more Revocation of a series."""
    binding, terms = series.binding, series.terms
    # R3543-3.3-e, R3543-4.2.2.1-e, R3543-4.2.2.1-h: each time it "MUST update the value of the timestamp in the
    # revocation identifier with a current value"; one second above the last one where the clock is not yet that far.
    identifier = timestamp if is_later(timestamp, series.identifiers[-1]) else series.identifiers[-1] + 1 & _MASK
    series.attempt += 1
    series.identifiers.append(identifier)
    octets = encode_message(
        RegistrationRevocation(
            # R3543-4.2.2.1-b: "As a home agent, it MUST set the 'A' bit to '1'".
            from_home_agent=True,
            inform=series.inform,
            home_address=binding.home_address,
            home_domain_address=binding.home_agent,
            foreign_domain_address=binding.care_of_address,
            revocation_identifier=identifier,
            # R4917-4-b
            extensions=() if series.message is None else (message_string(series.message),),
        )
    )
    kind = MobileHomeAuthentication if terms.is_direct else ForeignHomeAuthentication
    # R3543-3.3-f, R3543-4.2.2.1-f, R3543-6.2-b, R3543-3.5-a: it "MUST be protected by either a valid authenticator as
    # specified in [1], namely a home-foreign authenticator, [...] or a mobile-home authenticator".
    octets = sign(octets, kind, terms.association)
    # R3543-4.2.2.1-a: "the source address of the last approved registration request for this binding".
    # Behind a NAT only the port that its tunnel ends at leads to the peer: signalling and data share it.
    udp = binding.tunnel.udp
    port = udp.remote if udp is not None and udp.remote else MOBILE_IP_UDP_PORT
    departure = Departure(destination=terms.peer, source=binding.home_agent, destination_port=port)
    notice = RevocationSent(
        role="home_agent", home_address=binding.home_address, peer=terms.peer, attempt=series.attempt
    )
    return [SendMessage(octets=octets, departure=departure), Notify(notice)]


def _ended(series: Series, cause: str) -> Output:
    binding = series.binding
    return Notify(
        RevocationEnded(role="home_agent", home_address=binding.home_address, peer=series.terms.peer, cause=cause)
    )
