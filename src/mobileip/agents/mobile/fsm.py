"""The registration machine of a mobile node, one for each link: one table, and nothing outside this file
changes a state.

Two rules:

1. The table is whole. What is not in it can't happen; a pair that is not in it is our own error and raises
   at once.
2. A state says what this link's registration is *for*. Whether an earlier registration still carries traffic
   meanwhile is another matter (`registration.Binding`): only the home agent's authenticated word, the end of
   its lifetime or the loss of the link ends that, and no state does so by itself.

`tools/draw_states.py` draws docs/explanation/mobile-node-states.md and .svg from this table.
"""

from enum import StrEnum


class State(StrEnum):
    SEARCHING = "searching"
    """No point of attachment on this link."""
    REGISTERING = "registering"
    """Away, a request for a new point of attachment is out."""
    REGISTERED = "registered"
    """Away, the home agent granted a lifetime that has not ended."""
    RENEWING = "renewing"
    """Registered, and a request to extend it is out."""
    LINGERING = "lingering"
    """Registered, or at home, and carrying traffic, but not pursued: its agent fell silent, or another link was chosen.
    """
    DENIED = "denied"
    """Refused; waits before it asks again."""
    RETURNING = "returning"
    """At home, the request to delete all bindings is out."""
    AT_HOME = "at_home"
    """At home, and the home agent knows."""
    DEREGISTERING = "deregistering"
    """Away, an operator wants the binding gone, and the request is out."""
    DEREGISTERED = "deregistered"
    """Away, nothing is registered until an operator wants it."""


class Cause(StrEnum):
    CHOSEN_AWAY = "chosen_away"
    """The chooser decided for a point of attachment away from home, or its wait after a denial is over."""
    CHOSEN_HOME = "chosen_home"
    """The chooser decided that this link is the home link, or its wait after a denial is over."""
    DUE = "due"
    """Time to renew, or an operator wants it now."""
    GRANTED = "granted"
    """The home agent accepted with a lifetime (authenticated)."""
    DELETED = "deleted"
    """The home agent accepted a deregistration (authenticated)."""
    REFUSED = "refused"
    """Denied, with nothing that could be repaired at once."""
    LEFT = "left"
    """The chooser no longer wants this point of attachment, and something registered still carries traffic.
    """
    RELEASED = "released"
    """The chooser no longer wants this link and nothing carries traffic here, or another registration
    replaced it."""
    EXPIRED = "expired"
    """The lifetime of what was registered ended."""
    LINK_LOST = "link_lost"
    """The carrier, the link or the co-located address is gone."""
    DEREGISTER = "deregister"
    """An operator wants the binding gone, or the daemon stops."""
    GAVE_UP = "gave_up"
    """No answer to a deregistration, or a refusal."""


_S, _C = State, Cause

TRANSITIONS: dict[State, dict[Cause, State]] = {
    _S.SEARCHING: {
        _C.CHOSEN_AWAY: _S.REGISTERING,
        _C.CHOSEN_HOME: _S.RETURNING,
    },
    _S.REGISTERING: {
        _C.CHOSEN_AWAY: _S.REGISTERING,
        _C.CHOSEN_HOME: _S.RETURNING,
        _C.DUE: _S.REGISTERING,
        _C.GRANTED: _S.REGISTERED,
        _C.REFUSED: _S.DENIED,
        _C.LEFT: _S.LINGERING,
        _C.RELEASED: _S.SEARCHING,
        _C.EXPIRED: _S.REGISTERING,
        _C.LINK_LOST: _S.SEARCHING,
        _C.DEREGISTER: _S.DEREGISTERING,
    },
    _S.REGISTERED: {
        _C.CHOSEN_AWAY: _S.REGISTERING,
        _C.CHOSEN_HOME: _S.RETURNING,
        _C.DUE: _S.RENEWING,
        _C.GRANTED: _S.REGISTERED,
        _C.LEFT: _S.LINGERING,
        _C.RELEASED: _S.SEARCHING,
        _C.EXPIRED: _S.REGISTERING,
        _C.LINK_LOST: _S.SEARCHING,
        _C.DEREGISTER: _S.DEREGISTERING,
    },
    _S.RENEWING: {
        _C.CHOSEN_AWAY: _S.REGISTERING,
        _C.CHOSEN_HOME: _S.RETURNING,
        _C.DUE: _S.RENEWING,
        _C.GRANTED: _S.REGISTERED,
        _C.REFUSED: _S.REGISTERED,
        _C.LEFT: _S.LINGERING,
        _C.RELEASED: _S.SEARCHING,
        _C.EXPIRED: _S.REGISTERING,
        _C.LINK_LOST: _S.SEARCHING,
        _C.DEREGISTER: _S.DEREGISTERING,
    },
    _S.LINGERING: {
        _C.CHOSEN_AWAY: _S.REGISTERING,
        _C.CHOSEN_HOME: _S.RETURNING,
        _C.RELEASED: _S.SEARCHING,
        _C.EXPIRED: _S.SEARCHING,
        _C.LINK_LOST: _S.SEARCHING,
        _C.DEREGISTER: _S.DEREGISTERING,
    },
    _S.DENIED: {
        _C.CHOSEN_AWAY: _S.REGISTERING,
        _C.CHOSEN_HOME: _S.RETURNING,
        _C.GRANTED: _S.REGISTERED,
        _C.DELETED: _S.AT_HOME,
        _C.REFUSED: _S.DENIED,
        _C.LEFT: _S.LINGERING,
        _C.RELEASED: _S.SEARCHING,
        _C.EXPIRED: _S.DENIED,
        _C.LINK_LOST: _S.SEARCHING,
        _C.DEREGISTER: _S.DEREGISTERING,
    },
    _S.RETURNING: {
        _C.CHOSEN_AWAY: _S.REGISTERING,
        _C.CHOSEN_HOME: _S.RETURNING,
        _C.DELETED: _S.AT_HOME,
        _C.REFUSED: _S.DENIED,
        _C.RELEASED: _S.SEARCHING,
        _C.LINK_LOST: _S.SEARCHING,
    },
    _S.AT_HOME: {
        _C.CHOSEN_AWAY: _S.REGISTERING,
        _C.CHOSEN_HOME: _S.RETURNING,
        _C.DELETED: _S.AT_HOME,
        _C.LEFT: _S.LINGERING,
        _C.RELEASED: _S.SEARCHING,
        _C.LINK_LOST: _S.SEARCHING,
    },
    _S.DEREGISTERING: {
        _C.CHOSEN_AWAY: _S.REGISTERING,
        _C.CHOSEN_HOME: _S.RETURNING,
        _C.DELETED: _S.DEREGISTERED,
        _C.EXPIRED: _S.DEREGISTERED,
        _C.GAVE_UP: _S.DEREGISTERED,
        _C.RELEASED: _S.DEREGISTERED,
        _C.LINK_LOST: _S.SEARCHING,
    },
    _S.DEREGISTERED: {
        _C.CHOSEN_AWAY: _S.REGISTERING,
        _C.CHOSEN_HOME: _S.RETURNING,
        _C.RELEASED: _S.SEARCHING,
        _C.LINK_LOST: _S.SEARCHING,
    },
}


class IllegalTransition(Exception):
    """Our own error: a cause that this state can't have."""

    def __init__(self, state: State, cause: Cause) -> None:
        super().__init__(f"{cause} can't happen while {state}")
        self.state = state
        self.cause = cause


class Machine:
    """One link's place in the table."""

    __slots__ = ("_state",)

    def __init__(self) -> None:
        self._state = State.SEARCHING

    @property
    def state(self) -> State:
        return self._state

    def fire(self, cause: Cause) -> State:
        """Takes one step. Raises: IllegalTransition."""
        try:
            self._state = TRANSITIONS[self._state][cause]
        except KeyError:
            raise IllegalTransition(self._state, cause) from None
        return self._state
