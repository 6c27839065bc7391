"""One link's registration: where it stands in the state table, what is out, and what is in force.

The target is where we want to be registered; the binding is what the home agent last agreed to and what
carries traffic. While a new target is being registered at, the earlier binding stays until the home agent's
word replaces it, so nothing unauthenticated ends it.
"""

import math
from ipaddress import IPv4Address

import msgspec

from mobileip.agents.mobile.attachment import Attachment, Place
from mobileip.agents.mobile.fsm import Cause, Machine, State
from mobileip.agents.mobile.requests import Outstanding
from mobileip.agents.mobile.terms import Agreement
from mobileip.wire.registration import INFINITE_LIFETIME

FIRST_TIMEOUT = 1.0
"""R5944-3.6.3-d: "The minimum time between Registration Requests MUST NOT be less than 1 second"."""
PROCESSING_TIME = 0.1
"""R5944-3.6.3-c: "at least another 100 milliseconds to allow for processing before responding"."""
LONGEST_TIMEOUT = 60.0
RENEWAL = 2 / 3
"""R5944-3.6.2.2-c: "SHOULD re-register before the expiration", without a number. At two thirds there is
room for at least five transmissions of a registration of 90 s and more, at 1, 2, 4, 8 and 16 s."""
RENEWAL_JITTER = 0.1
"""Earlier by up to this part, so that nodes which registered together do not renew together."""
MOST_OUTSTANDING = 8

PURSUING = frozenset(
    {
        State.REGISTERING,
        State.REGISTERED,
        State.RENEWING,
        State.DENIED,
        State.RETURNING,
        State.AT_HOME,
    }
)
"""States in which the target is what we want."""


class Binding(msgspec.Struct, frozen=True, kw_only=True):
    """What the home agent agreed to. Times are boot time, seconds; infinite for an infinite lifetime."""

    attachment: Attachment
    home_agent: IPv4Address
    lifetime: int
    registered_at: float
    renew_at: float
    expires_at: float
    agreement: Agreement = Agreement()
    revocable_after: int | None = None
    """The home agent's clock when it agreed that it would tell of a revocation (RFC 3543 §3.2); None: it will not."""


class Registration:
    """Times are boot time, seconds. Methods fire the machine; `agent.py` says when."""

    def __init__(self) -> None:
        self._machine = Machine()
        self.target: Attachment | None = None
        self.binding: Binding | None = None
        self.home: Attachment | None = None
        """Where it is at home, or was until another link was chosen: until something else is registered, packets go by
        it."""
        self.outstanding: list[Outstanding] = []
        self.send_at: float | None = None
        """When the next request is due; the limit of one per second may hold it up."""
        self.wait_until = 0.0
        """In state DENIED."""
        self.attempt = 0
        self.withdraw: Attachment | None = None
        """What the home agent is to be told to forget (RFC 4636 §5), as long as nothing else is asked for."""
        self.began_at_ntp = 0
        """64-bit NTP time of the first transmission of what is asked now."""
        self.unanswered: int | None = None
        """Identification of the request that a retransmission repeats; None when the next one is a new one.
        """
        self.repairs = 0
        """Denials in a row that were answered with another request at once."""

    @property
    def state(self) -> State:
        return self._machine.state

    def to_repeat(self, now: float) -> int | None:
        """The Identification of the request that is to be transmitted again; None: make a new one.

        A request that was not answered within its own lifetime is over: its answer would be believed no more (see
        `replies.match`), and with nonces there would never be another.
        """
        sent = next((one for one in self.outstanding if one.identification == self.unanswered), None)
        is_over = sent is not None and 0 < sent.lifetime <= now - sent.sent_at
        return None if is_over else self.unanswered

    def pursues(self, place: Place) -> bool:
        """Whether this registration is for that place already."""
        return self.state in PURSUING and self.target is not None and self.target.place == place

    # -- what the chooser and the operator decide

    def pursue(self, target: Attachment, now: float) -> None:
        """Register at a new point of attachment, or anew at the same."""
        self._machine.fire(Cause.CHOSEN_HOME if target.is_home else Cause.CHOSEN_AWAY)
        self.target = target
        self.home = target if target.is_home else None
        self.outstanding.clear()
        # R5944-2.4.3-b: before deregistering "the mobile node SHOULD configure its routing table appropriately for its
        # home network".
        if target.is_home:
            self.binding = None
        self._begin(now)

    def refresh(self, attachment: Attachment) -> None:
        """The same place, with details that may have changed."""
        before = self.target
        if before is not None and (before.longest_lifetime, before.offer) != (
            attachment.longest_lifetime,
            attachment.offer,
        ):
            # R5944-3.6.3-a: with nonces a Request is "retransmitted unchanged", or it is a new one.
            self.unanswered = None
        self.target = attachment
        self.home = attachment if attachment.is_home else None
        if self.binding is not None and self.binding.attachment.place == attachment.place:
            self.binding = msgspec.structs.replace(self.binding, attachment=attachment)

    def renew(self, now: float) -> None:
        self._machine.fire(Cause.DUE)
        self._begin(now)

    def leave(self) -> None:
        """The chooser wants another place, or none. What is in force goes on carrying traffic, and so does home."""
        carries = self.state is State.AT_HOME or (self.binding is not None and self.state in PURSUING)
        self._machine.fire(Cause.LEFT if carries else Cause.RELEASED)
        if self.state is not State.LINGERING:
            self.binding = self.home = None
        self._rest()

    def release(self) -> None:
        """Another registration replaced this one."""
        self._machine.fire(Cause.RELEASED)
        self.binding = self.home = None
        self._rest()

    def lose_link(self) -> None:
        self._machine.fire(Cause.LINK_LOST)
        self.binding = self.home = None
        self._rest()

    def deregister(self, now: float) -> None:
        """Ask the home agent to delete what it may hold for us."""
        self._machine.fire(Cause.DEREGISTER)
        if self.target is None and self.binding is not None:
            self.target = self.binding.attachment
        self.home = None
        self.outstanding.clear()
        self._begin(now)

    def give_up(self) -> None:
        self._machine.fire(Cause.GAVE_UP)
        self.binding = None
        self._rest()

    # -- requests

    def lifetime_to_request(self, wanted: int) -> int:
        """Seconds; 0 deregisters."""
        if self.target is None or self.state in (State.RETURNING, State.DEREGISTERING):
            return 0
        # R5944-3.6.1.2-k: through a foreign agent it "SHOULD NOT exceed" what that advertises.
        return max(1, min(wanted, self.target.longest_lifetime))

    def care_of_address_to_request(self, home_address: IPv4Address) -> IPv4Address:
        """The one to (de)register."""
        in_force = self.binding.attachment.care_of_address if self.binding else None
        # R5944-3.6.1.2-s: to deregister all it "MUST be set to the mobile node's home address".
        if self.target is None or (self.state is State.DEREGISTERING and in_force != self.target.care_of_address):
            return home_address
        return self.target.care_of_address

    def sent(self, outstanding: Outstanding, now: float, round_trip: float = 0.0) -> None:
        """A request left; the next one is due when no answer has come in time. `round_trip`: how long one took, s."""
        self.attempt += 1
        self.unanswered = outstanding.identification
        if all(one.identification != outstanding.identification for one in self.outstanding):
            # With nonces a retransmission is the same request: its lifetime counts from the first. R5944-3.6-c
            self.outstanding = [*self.outstanding, outstanding][-MOST_OUTSTANDING:]
        # R5944-3.6.3-c: "The minimum value SHOULD be large enough to account for [...] twice the round-trip time for
        # transmission to the home agent".
        first = max(FIRST_TIMEOUT, 2 * round_trip + PROCESSING_TIME)
        # R5944-3.6.3-e: "Each successive retransmission timeout period SHOULD be at least twice the previous period".
        timeout = first * 2 ** min(self.attempt - 1, 16)
        # R5944-3.6.3-b: "The maximum time until a new Registration Request is sent SHOULD be no greater than the
        # requested Lifetime".
        longest = min(LONGEST_TIMEOUT, outstanding.lifetime or LONGEST_TIMEOUT)
        self.send_at = now + max(FIRST_TIMEOUT, min(timeout, longest))

    # -- answers

    def granted(
        self,
        request: Outstanding,
        lifetime: int,
        fraction: float,
        *,
        home_agent: IPv4Address | None = None,
        revocable_after: int | None = None,
        agreement: Agreement | None = None,
    ) -> None:
        """The home agent accepted `request` for `lifetime` seconds; `fraction` in [0, 1) is the chance for
        the renewal; `home_agent`: who it is, if that was not known before."""
        self._machine.fire(Cause.GRANTED)
        seconds = math.inf if lifetime == INFINITE_LIFETIME else float(lifetime)
        self.binding = Binding(
            attachment=self.target or request.attachment,
            home_agent=home_agent or request.home_agent,
            lifetime=lifetime,
            registered_at=request.sent_at,
            # R5944-3.6.2.2-c, R5944-3.6-e, R5944-3.8.2.2-k
            renew_at=request.sent_at + seconds * (RENEWAL - RENEWAL_JITTER * fraction),
            # R5944-3.6.2.2-d, R5944-3.6.2.2-e: "equivalent to the mobile node starting a timer for the granted Lifetime
            # at the time it sent the Registration Request".
            expires_at=request.sent_at + seconds,
            revocable_after=revocable_after,
            agreement=agreement or Agreement(terms=request.terms),
        )
        self._answered(request)

    def deleted(self, request: Outstanding) -> None:
        """The home agent accepted a deregistration."""
        self._machine.fire(Cause.DELETED)
        self.binding = None
        self._answered(request)

    def refused(self, request: Outstanding, wait_until: float) -> None:
        """Denied. What is in force stays in force; a renewal is tried again after the wait."""
        self._machine.fire(Cause.REFUSED)
        self.wait_until = wait_until
        # Answers to other transmissions still count: a foreign agent's denial is not authenticated.
        self.outstanding.remove(request)
        self._stop_sending()
        if self.binding is not None and self.state is State.REGISTERED:
            self.binding = msgspec.structs.replace(self.binding, renew_at=max(self.binding.renew_at, wait_until))

    def withdrawn(self, request: Outstanding) -> None:
        """Answered, whatever the answer is."""
        self.outstanding.remove(request)

    def revoked(self, now: float, wait_until: float) -> None:
        """The home agent ended it (RFC 3543); asked for again after a wait, unless another place is pursued."""
        place = self.binding.attachment.place if self.binding else None
        self.end_binding(now)
        if self.state is State.REGISTERING and self.target is not None and self.target.place == place:
            self._machine.fire(Cause.REFUSED)
            self.outstanding.clear()
            self._stop_sending()
            self.wait_until = wait_until

    def repaired(self, request: Outstanding, now: float) -> None:
        """Denied, but another request may do better at once."""
        self.repairs += 1
        self.outstanding.remove(request)
        self._stop_sending()
        self.send_at = now

    def expire(self, now: float) -> Binding | None:
        """Ends what is in force when its lifetime has ended, and returns it."""
        ended = self.binding
        if ended is None or now < ended.expires_at:
            return None
        self.end_binding(now)
        return ended

    def end_binding(self, now: float) -> None:
        """What was in force is so no more. Where it is still wanted it is asked for again."""
        was = self.state
        self._machine.fire(Cause.EXPIRED)
        self.binding = None
        if was is State.REGISTERED:
            self._begin(now)
        elif self.state not in PURSUING:
            self._rest()

    def _begin(self, now: float) -> None:
        self._stop_sending()
        self.withdraw = None
        self.repairs = 0
        self.send_at = now

    def _answered(self, request: Outstanding) -> None:
        """Answers to later transmissions may still come; older ones would take us back."""
        self.outstanding = self.outstanding[self.outstanding.index(request) + 1 :]
        self._stop_sending()
        self.repairs = 0

    def _rest(self) -> None:
        self.target = self.withdraw = None
        self.outstanding.clear()
        self._stop_sending()

    def _stop_sending(self) -> None:
        self.send_at = None
        self.unanswered = None
        self.attempt = 0
