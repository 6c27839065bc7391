"""What a Reply carries besides authentication, for the mobile node and for the foreign agent (RFC 5944 §3.8.3.3).

Each function says what one extension of the Reply is, or None; a new one is a function more in a tuple.
"""

from collections.abc import Callable
from functools import partial

from mobileip.agents.home.config import identity_of
from mobileip.agents.home.examination import Examination
from mobileip.agents.home.tunnels import gre_key_of_reply, udp_tunnel_reply
from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.dynamic_home_agent import DynamicHomeAgent
from mobileip.wire.extensions.message_string import MessageString
from mobileip.wire.extensions.nai import MobileNodeNai, NaiCarrying
from mobileip.wire.extensions.revocation_support import RevocationSupport
from mobileip.wire.numbers import ReplyCode
from mobileip.wire.subtypes import DynamicHomeAgentSubtype, MessageStringSubtype, NaiCarryingSubtype

Maker = Callable[[Examination, ReplyCode], Extension | None]


Extensions = tuple[Extension, ...]


def extensions_of_reply(examination: Examination, code: ReplyCode) -> tuple[Extensions, Extensions]:
    """Those in front of the Mobile-Home Authentication, and those between that and the Foreign-Home Authentication."""
    config = examination.surroundings.config
    if not (examination.others or examination.node.message or config.identity or config.redirect_to):
        return (), ()  # a mere shortcut: most Replies have none
    return _made(_FOR_MOBILE_NODE, examination, code), _made(_FOR_FOREIGN_AGENT, examination, code)


def _made(makers: tuple[Maker, ...], examination: Examination, code: ReplyCode) -> Extensions:
    return tuple(each for make in makers if (each := make(examination, code)) is not None)


def _nai(examination: Examination, _code: ReplyCode) -> Extension | None:
    # R2794-3-c: "If the mobile node includes the Mobile Node NAI extension in its Registration Request, then the
    # Registration Reply from the home agent MUST include the Mobile Node NAI extension."
    return next((each for _, each in examination.others if isinstance(each, MobileNodeNai)), None)


def _identity(examination: Examination, _code: ReplyCode) -> Extension | None:
    identity = examination.surroundings.config.identity
    if identity is None:
        return None
    is_echoed = any(
        isinstance(each, NaiCarrying) and each.subtype == NaiCarryingSubtype.HOME_AGENT
        for _, each in examination.others
    )
    # R3846-4-a, R3846-3.1-c: it "MUST provide it in the first Registration Reply sent to a Mobile Node which is not
    # currently registered"; later ones need it only if the mobile node sends it, and without that it "SHOULD NOT".
    if examination.bindings and not is_echoed:
        return None
    return NaiCarrying(NaiCarryingSubtype.HOME_AGENT, identity_of(identity))


def _redirection(examination: Examination, code: ReplyCode) -> Extension | None:
    redirect_to = examination.surroundings.config.redirect_to
    # R4433-3.4.2-a: it "MUST be included in Registration Reply when the reply code is REDIRECT-HA-REQ".
    if code is ReplyCode.HA_REDIRECT_REQUIRED and redirect_to is not None:
        return DynamicHomeAgent(DynamicHomeAgentSubtype.REDIRECTED, redirect_to)
    return None


def _message(examination: Examination, _code: ReplyCode) -> Extension | None:
    message = examination.node.message
    return None if message is None else message_string(message)


def message_string(text: str) -> MessageString:
    """The words of a home agent, in UTF-8 (RFC 4917 §3)."""
    return MessageString.of(MessageStringSubtype.HOME_AGENT, text)


def _direct_revocation(examination: Examination, code: ReplyCode) -> Extension | None:
    return _revocation(examination, code, is_direct=True)


def _foreign_revocation(examination: Examination, code: ReplyCode) -> Extension | None:
    return _revocation(examination, code, is_direct=False)


def _revocation(examination: Examination, code: ReplyCode, *, is_direct: bool) -> Extension | None:
    terms = examination.revocation
    if examination.is_duplicate and examination.binding is not None:
        terms = examination.binding.revocation
    # R3543-3.2-a, R3543-4.2.1-e, R3543-4.2.1-h: "it MUST append a revocation support extension to the registration
    # reply", in answer to the foreign agent's or a direct mobile node's.
    if terms is None or not code.is_accepted or terms.is_direct is not is_direct:
        return None
    # R3543-3.2-i, R3543-3.2-j
    return RevocationSupport(terms.own_timestamp, terms.inform)


_FOR_MOBILE_NODE: tuple[Maker, ...] = (
    _nai,
    # R3846-3.1-a: "the extension MUST appear prior to any authentication extensions".
    _identity,
    _redirection,
    # R4917-5-a, R4917-4-b: the text of a home agent "MUST appear before Mobile-Home Authentication Extension".
    _message,
    # R3543-3.2-g: protected "by a foreign-home authentication extension, a mobile-home authentication extension".
    _direct_revocation,
    partial(udp_tunnel_reply, is_mobile_nodes=True),
    partial(gre_key_of_reply, is_mobile_nodes=True),
)
_FOR_FOREIGN_AGENT: tuple[Maker, ...] = (
    # R3543-3.2-g
    _foreign_revocation,
    partial(udp_tunnel_reply, is_mobile_nodes=False),
    partial(gre_key_of_reply, is_mobile_nodes=False),
)
