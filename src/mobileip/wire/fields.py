"""Numbers and texts to octets: the counterpart of `Cursor`. A value that its field can't hold is a ValueError."""

import struct
from collections.abc import Mapping


def unsigned(value: int, bits: int, what: str) -> int:
    """`value` if it fits into `bits` bits."""
    if not 0 <= value < 1 << bits:
        raise ValueError(f"{what} is {value}, a number of {bits} bits is expected")
    return value


def u8(value: int, what: str) -> bytes:
    return unsigned(value, 8, what).to_bytes(1)


def u16(value: int, what: str) -> bytes:
    return unsigned(value, 16, what).to_bytes(2)


def u32(value: int, what: str) -> bytes:
    return unsigned(value, 32, what).to_bytes(4)


def u64(value: int, what: str) -> bytes:
    return unsigned(value, 64, what).to_bytes(8)


def text(value: str, what: str) -> bytes:
    """UTF-8, at least one octet."""
    if not value:
        raise ValueError(f"{what} is empty")
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{what} {value!r} has no UTF-8 form") from None


def octets(value: bytes, length: int, what: str) -> bytes:
    """`value` if it is exactly `length` octets long."""
    if len(value) != length:
        raise ValueError(f"{what} has {len(value)} octets, {length} are expected")
    return value


def packed(layout: struct.Struct, values: tuple[int, ...], widths: Mapping[str, int]) -> bytes:
    """`values` by `layout`. `widths`: each field's name and its width in bits, for the error that names it."""
    try:
        return layout.pack(*values)
    except struct.error:
        fields = zip(values, widths.items(), strict=True)
        wrong = [f"{what} is {value}" for value, (what, bits) in fields if not 0 <= value < 1 << bits]
        raise ValueError(f"out of range: {', '.join(wrong)}") from None
