"""What `mip` says of a mobile node's links: `mip handover`, `mip link prefer` and so on."""

import json

from mobileip.control.client import ControlClient, ControlError

SHOW, RESUMED = "show", "resumed"
VERBS = (SHOW, "prefer", "leaving", "staying", RESUMED)
AUTO, NONE = "auto", "none"
"""Words in place of an interface: the node decides by itself; no link is preferred."""


def verb(word: str) -> str:
    """The verb that `word` abbreviates, that which only looks before the others; the word itself if there is none."""
    return next((name for name in VERBS if word and name.startswith(word)), word)


def say(client: ControlClient, action: str, interface: str | None, *, as_json: bool) -> int:
    """`action`: handover, or one of the verbs but show.

    Raises: `ControlError`.
    """
    if action == RESUMED:
        answer = client.post(RESUMED)
    elif not interface:
        raise ControlError("usage", f"{action}: an interface is missing", "see mip --help")
    elif (action, interface) in (("handover", AUTO), ("prefer", NONE)):
        answer = client.post(f"{action}/{interface}")
    else:
        answer = client.post_link(interface, action)
    print(json.dumps(answer) if as_json else f"{action}: done")
    return 0


def metrics(client: ControlClient, *, as_json: bool) -> int:
    text = client.metrics()
    print(json.dumps({"metrics": text}) if as_json else text, end="\n" if as_json else "")
    return 0
