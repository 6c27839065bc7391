"""docs/reference/control-api.md: every view of the schema with its fields and their JSON types."""

import inspect
import types
import typing

import msgspec
from tools.reference_pages.common import code, table

from mobileip.control import schema

PAGE = "control-api.md"

NOTES = {
    "ErrorView.hint": "what to do about it; may be empty",
    "RegistrationView.state": "one of the [states](../explanation/mobile-node-states.md)",
    "RegistrationView.registered": "whether packets for the home address reach the node now",
    "RegistrationView.agent": "the foreign agent, null where there is none",
    "RegistrationView.remaining_seconds": "null: for ever, at home, or not registered",
    "RegistrationView.last_denial": "[code](reply-codes.md) of the last reply that denied",
    "RegistrationView.clock_offset_seconds": "the home agent's clock less ours, as far as we know",
    "LinkView.addresses": "with prefix length",
    "LinkView.score": "points; the link with the most is wanted",
    "LinkView.why": "what the score is made of, and what keeps the link from being taken; its words may change",
    "LinkView.leaving": "a link manager said that it will go down soon",
    "LinkView.wanted": "commanded by `handover`, until it is lost",
    "LinkView.preferred": "by `prefer`, until told otherwise",
    "LinkView.trusted_in_seconds": "until it may be preferred to one that works; null: it may",
    "LinkView.delay_seconds": "to the home agent and back, as probes found it lately; null: not known",
    "LinkView.loss": "part of the latest probes that stayed unanswered, 0 to 1; null: not known",
    "HandoverView.number": "counts from 1 since the start",
    "HandoverView.reason": "for people; its words may change",
    "HandoverView.from_interface": "null where nothing carried packets; so with the next two",
    "HandoverView.make_before_break": "the former way carried packets until this one did",
    "HandoverView.detection_ms": "from what happened to the link until the decision",
    "HandoverView.waiting_ms": "until the request left",
    "HandoverView.registration_ms": "until its reply was here",
    "HandoverView.silence_ms": "for how long no way was there, for all that the node knows",
    "StatusView.verdict": "one sentence for people; its words may change",
    "StatusView.warnings": "one sentence each; its words may change",
    "StatusView.roles": "`home_agent`, `foreign_agent`, `mobile_node`",
    "StatusView.home_agent": "null: no home agent here; so with `bindings`",
    "StatusView.care_of_address": "null: no foreign agent here; so with `visitors` and `busy`",
    "StatusView.registration": "null: no mobile node here",
    "StatusView.firewall": "rules that the daemon put into the firewall, until it ends",
    "FindingView.check": "what was looked at: `daemon`, `needs`, `device`, `firewall`, ...; more may come",
    "FindingView.verdict": "`ok`, `warning`, `problem`",
    "FindingView.found": "for people; its words may change",
    "FindingView.advice": "what to do; may be empty",
    "DoctorView.verdict": "the worst of its findings'; `ok` without any",
    "DoctorView.daemon_running": "false: only `mip doctor --json` says so, where no daemon answers",
    "BindingView.encapsulation": "`ipip`, `gre`, `minimal`",
    "BindingView.lifetime_seconds": "as granted; 65535 is for ever",
    "BindingView.remaining_seconds": "null: for ever",
    "BindingView.registered_at": "RFC 3339",
    "BindingView.nai": "its name, where the configuration gives it one beside a home address; null: none is known",
    "BindingView.revocation": "the other side agreed on registration revocation",
    "VisitorView.nai": "its name, where it registered by that; null: none is known",
    "VisitorView.revocation": "the home agent agreed on registration revocation",
    "RevokedView.revoked": "how many",
    "RevokedView.told": "addresses; they get Registration Revocations until they acknowledge",
    "RevokedView.not_told": "addresses; revocation was not agreed on with them",
    "BindingView.colocated": "the mobile node decapsulates itself (D bit)",
    "BindingView.reverse_tunnel": "what the mobile node sends may come by the tunnel",
    "BindingView.udp_endpoint": "where a tunnel in UDP leads; port `?`: the first keepalive will tell",
    "VisitorView.lifetime_seconds": "as granted; 65535 is for ever",
    "VisitorView.remaining_seconds": "null: for ever",
    "VisitorView.registered_at": "RFC 3339",
    "AgentView.roles": "`home`, `foreign`",
    "AgentView.remaining_seconds": "until its advertisement may no longer be believed",
    "EngineView.reason": "for people; its words may change",
    "EngineView.attached_by": "how the programs in the kernel are attached; null: there are none",
    "TunnelView.direction": "`to the mobile node`, `from the mobile node`, `to the visitor`, `from the visitor`, "
    "`to us`, `from us`, or one of broadcasts",
    "TunnelView.last_packet_seconds_ago": "null: none has passed",
    "TunnelView.octets": "of inner packets",
    "PacketView.encapsulation": "`ipip`, `gre`, `minimal`, or one of them and ` in udp`",
    "PacketView.local": "our end of the tunnel",
    "PacketView.protocol": "the number in the inner header",
    "PacketView.length": "of the inner packet; a train of segments that is not cut yet counts as one",
    "PacketView.octets": "the first of them, hexadecimal",
    "TrafficView.home_agent": "null: no such role here; so with the next two",
    "TrafficView.packets": "[what passed and what was dropped](drop-reasons.md)",
    "TrafficView.discarded": "messages that could not be decoded, by [name](drop-reasons.md)",
    "DoneView.done": "the command's name",
}

PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean"}


def views() -> list[type[msgspec.Struct]]:
    return [
        view
        for view in vars(schema).values()
        if inspect.isclass(view) and issubclass(view, msgspec.Struct) and view.__module__ == schema.__name__
    ]


def json_type(annotation: object) -> str:
    """Raises: ValueError for a type that JSON readers would not know what to make of."""
    if isinstance(annotation, type) and annotation in PLAIN:
        return PLAIN[annotation]
    if inspect.isclass(annotation) and issubclass(annotation, msgspec.Struct):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is list:
        return f"array of {json_type(arguments[0])}"
    if origin is dict:
        return f"object, name to {json_type(arguments[1])}"
    if origin is types.UnionType and arguments[1] is types.NoneType:
        return f"{json_type(arguments[0])} or null"
    raise ValueError(f"what is {annotation} in JSON?")


def _view(view: type[msgspec.Struct]) -> list[str]:
    hints = typing.get_type_hints(view)
    text = " ".join(inspect.cleandoc(view.__doc__ or "").split()) if view.__dict__.get("__doc__") else ""
    rows = [[code(name), json_type(hints[name]), NOTES.get(f"{view.__name__}.{name}", "")] for name in hints]
    return [f"### {view.__name__}", "", *([text, ""] if text else []), *table(("field", "type", "meaning"), rows), ""]


def _views() -> list[str]:
    """Raises: ValueError for a note about a field that there is not."""
    fields = {f"{view.__name__}.{name}" for view in views() for name in typing.get_type_hints(view)}
    if not NOTES.keys() <= fields:
        raise ValueError(f"notes about no field: {sorted(NOTES.keys() - fields)}")
    return [line for view in views() for line in _view(view)][:-1]


BLOCKS = {"views": _views}
