"""Secrets come only from files that no other user can read."""

import base64
import binascii
import os
import re
import secrets
import stat
from collections.abc import Callable
from pathlib import Path

GENERATED_OCTETS = 16
"""RFC 5944 §5.1: the default key is 128 bits."""


_KEY = re.compile("(hex|base64|text):|[0-9A-Fa-f]{16,}$")


class KeyFileError(Exception):
    """A key file that can't be used; the text says why and what to do."""


def read_key(path: Path) -> bytes:
    """The key in a file: hexadecimal digits, or `hex:`, `base64:`, `text:` in front of it.

    Raises: `KeyFileError`.
    """
    try:
        _check(path, path.stat())
        content = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise KeyFileError(f"{path}: not text (expected hex:, base64: or text: and the key)") from error
    except ValueError as error:
        raise KeyFileError(f"{str(path)!r}: no file can have this name") from error
    form, colon, value = content.partition(":")
    if not colon:
        form, value = "hex", content
    try:
        key = _DECODERS[form](value)
    except KeyError as error:
        # What stands before a colon may be half of a password: it is not repeated.
        raise KeyFileError(f"{path}: unknown form (expected hex:, base64: or text: and the key)") from error
    except (ValueError, binascii.Error) as error:
        raise KeyFileError(f"{path}: not {form}: {error}") from error
    if not key:
        raise KeyFileError(f"{path}: the key is empty")
    return key


def _check(path: Path, status: os.stat_result) -> None:
    """Before anything is read: a pipe would be waited for, a device may never end.

    Raises: `KeyFileError`.
    """
    if not stat.S_ISREG(status.st_mode):
        raise KeyFileError(f"{path}: not a regular file")
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyFileError(f"{path}: others may read it (mode {status.st_mode & 0o777:04o}): chmod 600 {path}")
    if status.st_uid not in (0, os.geteuid()):
        raise KeyFileError(f"{path}: belongs to user {status.st_uid}, expected root or the daemon's own user")


def looks_like_key(text: str) -> bool:
    """Whether this may be what belongs into a key file."""
    return _KEY.match(text) is not None


def _base64(value: str) -> bytes:
    return base64.b64decode(value, validate=True)


_DECODERS: dict[str, Callable[[str], bytes]] = {"hex": bytes.fromhex, "base64": _base64, "text": str.encode}


def generate_key() -> str:
    """A fresh key in the form that `read_key` reads."""
    return secrets.token_hex(GENERATED_OCTETS)
