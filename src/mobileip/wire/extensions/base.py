"""What every extension is: a frozen value that knows its type number and encodes itself whole, header included."""

from typing import ClassVar

import msgspec


class Extension(msgspec.Struct, frozen=True):
    """One extension of a control message or of an Agent Advertisement (RFC 5944 §1.8-§1.11)."""

    TYPE: ClassVar[int]

    def encode(self) -> bytes:
        """The extension's octets, from its type octet on."""
        raise NotImplementedError


class UnknownExtension(Extension, frozen=True):
    """A skippable extension (128-255) that we do not know: kept and re-encoded verbatim (RFC 5944 §1.8)."""

    extension_type: int
    data: bytes

    def encode(self) -> bytes:
        return bytes((self.extension_type, len(self.data))) + self.data
