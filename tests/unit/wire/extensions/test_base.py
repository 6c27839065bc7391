"""What all extensions share: three framings, and the two that are of no kind."""

from typing import ClassVar, Self

import pytest

from mobileip.wire.cursor import Cursor
from mobileip.wire.extensions.base import (
    Extension,
    LongExtension,
    Padding,
    ShortExtension,
    SimpleExtension,
    SubtypedExtension,
    UnknownExtension,
)


class Simple(SimpleExtension, frozen=True):
    TYPE: ClassVar[int] = 200
    octets: bytes

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        return cls(cursor.rest())

    def data(self) -> bytes:
        return self.octets


class Short(ShortExtension, frozen=True):
    TYPE: ClassVar[int] = 201
    SUBTYPE: ClassVar[int] = 7
    octets: bytes

    def data(self) -> bytes:
        return self.octets


class Long(LongExtension, frozen=True):
    TYPE: ClassVar[int] = 40
    SUBTYPE: ClassVar[int] = 7
    octets: bytes

    def data(self) -> bytes:
        return self.octets


class Several(ShortExtension, frozen=True):
    """Stands for more than one subtype."""

    TYPE: ClassVar[int] = 202
    number: int

    @property
    def subtype(self) -> int:
        return self.number

    def data(self) -> bytes:
        return b""


@pytest.mark.requirement("R5944-1.11-a")
@pytest.mark.parametrize(
    ("extension", "octets"),
    [
        (Simple(b"abc"), "c8 03 616263"),
        (Simple(b""), "c8 00"),
        (Short(b"abc"), "c9 04 07 616263"),
        (Short(b""), "c9 01 07"),
        (Long(b"abc"), "28 07 0003 616263"),
        (Long(b""), "28 07 0000"),
        (Several(9), "ca 01 09"),
        (UnknownExtension(250, b"abc"), "fa 03 616263"),
        (Padding(), "00"),
    ],
)
def test_framings(extension: Extension, octets: str) -> None:
    assert extension.encode() == bytes.fromhex(octets)


@pytest.mark.parametrize(
    ("kind", "length", "header"), [(Simple, 255, 2), (Short, 254, 3), (Long, 65535, 4)], ids=["simple", "short", "long"]
)
def test_longest(kind: type[Simple | Short | Long], length: int, header: int) -> None:
    assert len(kind(bytes(length)).encode()) == header + length
    with pytest.raises(ValueError, match=f"^{kind.__name__} has {length + 1} octets of data, at most {length} fit$"):
        kind(bytes(length + 1)).encode()


@pytest.mark.parametrize(
    ("extension", "message"),
    [
        (UnknownExtension(256, b""), "extension_type is 256"),
        (UnknownExtension(250, bytes(256)), "UnknownExtension has 256 octets"),
        (Several(256), "subtype is 256"),
    ],
)
def test_out_of_range(extension: Extension, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        extension.encode()


def test_a_subtype_is_that_of_the_class() -> None:
    assert Short(b"").subtype == 7


def test_extensions_are_values() -> None:
    assert Simple(b"a") == Simple(b"a") != Simple(b"b")
    assert hash(Simple(b"a")) == hash(Simple(b"a"))
    with pytest.raises(AttributeError, match="immutable"):
        Simple(b"a").octets = b"b"  # type: ignore[misc]


def test_a_class_without_a_layout_is_a_mistake_of_ours() -> None:
    with pytest.raises(NotImplementedError):
        Extension().encode()
    with pytest.raises(NotImplementedError):
        SimpleExtension().encode()
    with pytest.raises(NotImplementedError):
        SimpleExtension.decode(Cursor(b""))
    with pytest.raises(NotImplementedError):
        SubtypedExtension().data()
