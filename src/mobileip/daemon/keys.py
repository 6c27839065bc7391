"""Secrets come only from files that no other user can read."""

import base64
import binascii
import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path

GENERATED_OCTETS = 16
"""RFC 5944 §5.1: the default key is 128 bits."""


class KeyFileError(Exception):
    """A key file that can't be used; the text says why and what to do."""


def read_key(path: Path) -> bytes:
    """The key in a file: hexadecimal digits, or `hex:`, `base64:`, `text:` in front of it.

    Raises: `KeyFileError`.
    """
    try:
        status = path.stat()
        content = path.read_text().strip()
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise KeyFileError(f"{path}: not text (expected hex:, base64: or text: and the key)") from error
    except ValueError as error:
        raise KeyFileError(f"{str(path)!r}: no file can have this name") from error
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyFileError(f"{path}: others may read it (mode {status.st_mode & 0o777:04o}): chmod 600 {path}")
    if status.st_uid not in (0, os.geteuid()):
        raise KeyFileError(f"{path}: belongs to user {status.st_uid}, expected root or the daemon's own user")
    form, colon, value = content.partition(":")
    if not colon:
        form, value = "hex", content
    try:
        key = _DECODERS[form](value)
    except KeyError as error:
        raise KeyFileError(f"{path}: unknown form {form!r} (expected hex, base64 or text)") from error
    except (ValueError, binascii.Error) as error:
        raise KeyFileError(f"{path}: not {form}: {error}") from error
    if not key:
        raise KeyFileError(f"{path}: the key is empty")
    return key


def _base64(value: str) -> bytes:
    return base64.b64decode(value, validate=True)


_DECODERS: dict[str, Callable[[str], bytes]] = {"hex": bytes.fromhex, "base64": _base64, "text": str.encode}


def generate_key() -> str:
    """A fresh key in the form that `read_key` reads."""
    return secrets.token_hex(GENERATED_OCTETS)
