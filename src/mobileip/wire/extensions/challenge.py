"""Challenges (RFC 4721): 24 in Agent Advertisements (§2), 132 in registration messages (§4).

| Type | Length | Challenge ...      "SHOULD be at least 4" octets; any number is accepted here
"""

from typing import ClassVar, Self

from mobileip.wire.cursor import Cursor
from mobileip.wire.extensions.base import SimpleExtension


class Challenge(SimpleExtension, frozen=True):
    """Common form of both."""

    challenge: bytes

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        return cls(cursor.rest())

    def data(self) -> bytes:
        return self.challenge


class AdvertisedChallenge(Challenge, frozen=True):
    """RFC 4721 §2: a foreign agent's latest challenge."""

    TYPE: ClassVar[int] = 24


class MobileForeignChallenge(Challenge, frozen=True):
    """RFC 4721 §4: the challenge that a mobile node answers, or the next one that it gets with a reply."""

    TYPE: ClassVar[int] = 132
