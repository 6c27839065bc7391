"""What the unit tests of wire share: their module's vectors, and one extension decoded by itself."""

from collections.abc import Mapping

import pytest
from tests.support import vectors

from mobileip.wire.errors import DecodeError, DecodeReason
from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.framing import Decoder
from mobileip.wire.extensions.registry import CONTROL, DISCOVERY, decode_extensions


def own_vectors(*modules: str) -> list[tuple[Extension, str, Mapping[int, Decoder]]]:
    """The vectors of the classes that the modules (names below wire.extensions) define, with their registry."""
    spaces = [(vectors.EXTENSIONS, CONTROL), (vectors.ADVERTISED, DISCOVERY)]
    own = [
        (extension, octets, registry)
        for table, registry in spaces
        for extension, octets in table
        if type(extension).__module__.rpartition(".")[2] in modules
    ]
    assert own
    return own


def check_vector(extension: Extension, octets: str, registry: Mapping[int, Decoder]) -> None:
    """Encodes to the octets, the octets decode to it, and no shorter ones do."""
    whole = bytes.fromhex(octets)
    assert extension.encode() == whole
    assert decode_extensions(whole, 0, registry) == ((extension,), (0,))
    for end in range(1, len(whole)):
        with pytest.raises(DecodeError) as caught:
            decode_extensions(whole[:end], 0, registry)
        assert caught.value.reason is DecodeReason.TRUNCATED


def refused(octets: str, registry: Mapping[int, Decoder] = CONTROL) -> DecodeError:
    """The error with which the octets of an extension are refused."""
    with pytest.raises(DecodeError) as caught:
        decode_extensions(bytes.fromhex(octets), 0, registry)
    return caught.value
