"""Experimental extensions (RFC 4064 §4): 127 and 255, laid out differently in the two number spaces.

127 control     | Type | Subtype | Length (16) | opaque ...
255 control     | Type | Length | Subtype | opaque ...
both discovery  | Type | Length | opaque ...
"""

from typing import ClassVar, Self

from mobileip.wire.cursor import Cursor
from mobileip.wire.extensions.base import LongExtension, ShortExtension, SimpleExtension


class ExperimentalNonSkippable(LongExtension, frozen=True):
    """RFC 4064 §4.1, control messages."""

    TYPE: ClassVar[int] = 127

    subtype: int
    opaque: bytes

    @classmethod
    def of_subtype(cls, subtype: int, cursor: Cursor) -> Self:
        return cls(subtype, cursor.rest())

    def data(self) -> bytes:
        return self.opaque


class ExperimentalSkippable(ShortExtension, frozen=True):
    """RFC 4064 §4.3, control messages."""

    TYPE: ClassVar[int] = 255

    subtype: int
    opaque: bytes

    @classmethod
    def of_subtype(cls, subtype: int, cursor: Cursor) -> Self:
        return cls(subtype, cursor.rest())

    def data(self) -> bytes:
        return self.opaque


class _AdvertisedExperimental(SimpleExtension, frozen=True):
    opaque: bytes

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        return cls(cursor.rest())

    def data(self) -> bytes:
        return self.opaque


class AdvertisedExperimentalNonSkippable(_AdvertisedExperimental, frozen=True):
    """RFC 4064 §4.2, router discovery."""

    TYPE: ClassVar[int] = 127


class AdvertisedExperimentalSkippable(_AdvertisedExperimental, frozen=True):
    """RFC 4064 §4.4, router discovery."""

    TYPE: ClassVar[int] = 255
