"""What operators, hooks and programs say of a mobile node's links: where it is to be, what is preferred, what goes."""

from collections.abc import Callable

from mobileip.agents.events import Event, HandoverCommanded, LinkAnnounced, PreferCommanded, Resumed
from mobileip.agents.node import Node
from mobileip.control.schema import ErrorView
from mobileip.linux import entropy

EVENTS: dict[str, Callable[[str], Event]] = {
    "handover": lambda link: HandoverCommanded(interface=link, entropy=entropy.draw()),
    "prefer": lambda link: PreferCommanded(interface=link, entropy=entropy.draw()),
    "leaving": lambda link: LinkAnnounced(interface=link, leaving=True, entropy=entropy.draw()),
    "staying": lambda link: LinkAnnounced(interface=link, leaving=False, entropy=entropy.draw()),
}
"""What is said of one link."""

EVENTS_OF_NONE: dict[str, Callable[[], Event]] = {
    "handover": lambda: HandoverCommanded(interface=None, entropy=entropy.draw()),
    "prefer": lambda: PreferCommanded(interface=None, entropy=entropy.draw()),
    "resumed": lambda: Resumed(entropy=entropy.draw()),
}
"""What is said of none in particular."""


def command(node: Node, handle: Callable[[Event], None], action: str, interface: str | None) -> ErrorView | None:
    """`handle`: gives an event to the node. An error when this node has no such link."""
    if node.mobile is None:
        return ErrorView(code="not_found", message=f"{action}: this daemon is no mobile node")
    if interface is None:
        handle(EVENTS_OF_NONE[action]())
        return None
    links = node.mobile.config.links
    if interface not in links:
        return ErrorView(
            code="not_found",
            message=f"{action}: {interface} is no link of this mobile node",
            hint=f"it has {', '.join(links)}",
        )
    handle(EVENTS[action](interface))
    return None
