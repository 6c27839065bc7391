"""`mip clear`: an operator ends a mobile node's bindings or a visitor, and is told truly who else learns of it."""

from collections.abc import Callable, Iterable
from ipaddress import IPv4Address

from mobileip.agents.events import Event, RevokeCommanded
from mobileip.agents.foreign.snapshot import Visitor
from mobileip.agents.home.snapshot import MobilityBinding
from mobileip.agents.node import Node
from mobileip.control.schema import ErrorView, RevokedView
from mobileip.linux import entropy

ROLES = {"bindings": "home agent", "visitors": "foreign agent"}
"""Name in the API -> whose they are."""


def clear(node: Node, handle: Callable[[Event], None], name: str, home_address: IPv4Address) -> RevokedView | ErrorView:
    """Ends what of `name` (bindings | visitors) has that home address. `handle`: gives an event to the node.

    A node in both roles ends both: a mobile node that visits the network of its own home agent is gone from there.
    """
    if (node.home if name == "bindings" else node.foreign) is None:
        return ErrorView(code="not_found", message=f"clear: this daemon is no {ROLES[name]}")
    before = _entries(node, name, home_address)
    if not before:
        return ErrorView(code="not_found", message=f"no {name.removesuffix('s')} {home_address}")
    handle(RevokeCommanded(home_address=home_address, entropy=entropy.draw()))
    after = _entries(node, name, home_address)
    return _view(home_address, [entry for entry in before if entry not in after])


def _entries(node: Node, name: str, home_address: IPv4Address) -> list[MobilityBinding | Visitor]:
    home, foreign = node.home, node.foreign
    entries: Iterable[MobilityBinding | Visitor] = ()
    if name == "bindings" and home is not None:
        entries = home.snapshot().bindings
    elif foreign is not None:
        entries = foreign.snapshot().visitors
    return [entry for entry in entries if entry.home_address == home_address]


def _view(home_address: IPv4Address, ended: list[MobilityBinding | Visitor]) -> RevokedView:
    """Only those are told who agreed on revocation (RFC 3543 §4.2.2.1, §4.2.3.1)."""
    return RevokedView(
        home_address=str(home_address),
        revoked=len(ended),
        told=_other_sides(entry for entry in ended if entry.revocation is not None),
        not_told=_other_sides(entry for entry in ended if entry.revocation is None),
    )


def _other_sides(ended: Iterable[MobilityBinding | Visitor]) -> list[str]:
    return list(dict.fromkeys(map(_other_side, ended)))


def _other_side(entry: MobilityBinding | Visitor) -> str:
    if isinstance(entry, Visitor):
        return str(entry.home_agent)
    return str(entry.revocation.peer if entry.revocation is not None else entry.care_of_address)
