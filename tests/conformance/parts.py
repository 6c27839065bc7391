"""Extensions as words: `+mobile_home`, `+mobile_node_nai:mn@example.net`, `+octets:8403aabbcc`.

An authentication extension is signed by the association of that name, or badly: `:wrong` (another key), `:spi=999`
(an SPI that nobody has), `:short` (one octet is missing). Any other extension is named after its class, its fields
follow in their order or by name.
"""

import re
from typing import Any

import msgspec
from tests.conformance.language import CaseError, equal, show, value_of
from tests.support.foreign_agent import FOREIGN_HOME, MOBILE_FOREIGN
from tests.support.messages import MOBILE_HOME

from mobileip.security.association import MobilitySecurityAssociation
from mobileip.security.authenticator import sign, verify
from mobileip.wire.extensions.authentication import (
    AuthenticationExtension,
    ForeignHomeAuthentication,
    MobileForeignAuthentication,
    MobileHomeAuthentication,
)
from mobileip.wire.extensions.base import Extension
from mobileip.wire.message import Decoded, Message, encode_message

SIGNATURES: dict[str, tuple[type[AuthenticationExtension], MobilitySecurityAssociation]] = {
    "mobile_home": (MobileHomeAuthentication, MOBILE_HOME),
    "foreign_home": (ForeignHomeAuthentication, FOREIGN_HOME),
    "mobile_foreign": (MobileForeignAuthentication, MOBILE_FOREIGN),
}
"""By name: the extension and the association that every case has it signed by."""


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _kinds(kind: type[Extension]) -> dict[str, type[Extension]]:
    found = {_snake(kind.__name__): kind}
    for each in kind.__subclasses__():
        found |= _kinds(each)
    return found


def octets_of(message: Message, parts: tuple[str, ...], associations: dict[str, MobilitySecurityAssociation]) -> bytes:
    """The UDP payload of `message` with the parts appended in order.

    Raises: CaseError.
    """
    octets = encode_message(message)
    for part in parts:
        name, _, argument = part.partition(":")
        if name == "octets":
            octets += bytes.fromhex(argument)
        elif name in SIGNATURES:
            octets = _signed(octets, name, argument, associations)
        elif name != "nothing":
            octets += extension_of(name, argument).encode()
    return octets


def _signed(octets: bytes, name: str, argument: str, associations: dict[str, MobilitySecurityAssociation]) -> bytes:
    kind, association = SIGNATURES[name]
    association = associations.get(name, association)
    if argument.startswith("spi="):
        association = msgspec.structs.replace(association, spi=int(argument[4:]))
    signed = sign(octets, kind, association)
    if argument == "wrong":
        return signed[:-1] + bytes((signed[-1] ^ 1,))
    if argument == "short":
        return octets + bytes((signed[len(octets)], signed[len(octets) + 1] - 1)) + signed[len(octets) + 2 : -1]
    return signed


def extension_of(name: str, argument: str) -> Extension:
    """The extension that a word stands for."""
    kind = _kinds(Extension).get(name)
    if kind is None:
        raise CaseError(f"there is no extension {name}")
    fields = msgspec.structs.fields(kind)
    values: dict[str, Any] = {}
    for place, word in enumerate(argument.split(",") if argument else ()):
        key, equals, value = word.partition("=")
        named = next((field for field in fields if field.name == key), None) if equals else None
        field = named or fields[place]
        values[field.name] = value_of(value if named else word, field.type)
    return kind(**values)


def missing_part(
    decoded: Decoded[Message], parts: tuple[str, ...], associations: dict[str, MobilitySecurityAssociation]
) -> str | None:
    """The first wanted extension that is not there, in order; `only` wants that nothing else is there."""
    found = list(zip(decoded.offsets, decoded.message.extensions, strict=True))
    place = 0
    for part in parts:
        if part == "only":
            if place < len(found):
                return f"nothing but the above, found {_shown(decoded, associations)}"
            continue
        exact = "only" in parts
        while place < len(found) and not _fits(decoded, *found[place], part, associations):
            if exact:
                return f"+{part} at place {place + 1}, found {_shown(decoded, associations)}"
            place += 1
        if place == len(found):
            return f"+{part}, found {_shown(decoded, associations)}"
        place += 1
    return None


def _fits(
    decoded: Decoded[Message],
    offset: int,
    extension: Extension,
    part: str,
    associations: dict[str, MobilitySecurityAssociation],
) -> bool:
    name, _, argument = part.partition(":")
    if name in SIGNATURES:
        kind, association = SIGNATURES[name]
        association = associations.get(name, association)
        return isinstance(extension, kind) and verify(decoded, offset, extension, association)
    if _snake(type(extension).__name__) != name:
        return False
    fields = msgspec.structs.fields(type(extension))
    for place, word in enumerate(argument.split(",") if argument else ()):
        key, equals, value = word.partition("=")
        if equals and any(field.name == key for field in fields):
            if not equal(getattr(extension, key), value):
                return False
        elif word != "*" and not equal(getattr(extension, fields[place].name), word):
            return False
    return True


def _shown(decoded: Decoded[Message], associations: dict[str, MobilitySecurityAssociation]) -> str:
    words = []
    for offset, extension in zip(decoded.offsets, decoded.message.extensions, strict=True):
        if isinstance(extension, AuthenticationExtension):
            name = next((n for n, (kind, _) in SIGNATURES.items() if isinstance(extension, kind)), "?")
            right = _fits(decoded, offset, extension, name, associations)
            words.append(f"+{name}" + ("" if right else ":wrong"))
        else:
            values = [show(getattr(extension, field.name)) for field in msgspec.structs.fields(type(extension))]
            words.append(f"+{_snake(type(extension).__name__)}:{','.join(values)}")
    return " ".join(words) or "none"
