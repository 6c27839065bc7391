"""A change, wish by wish."""

from mobileip.forwarding.model import ForwardingChange, Key, Wish


def by_key(change: ForwardingChange) -> dict[Key, Wish | None]:
    """What each named key is to hold, None for nothing. As in `ForwardingState.apply` a wish beats a
    removal."""
    wishes: dict[Key, Wish | None] = dict.fromkeys(change.remove)
    for wish in change.install:
        wishes[wish.key] = wish
    return wishes
