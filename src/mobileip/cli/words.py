"""Words of a command line that stand for numbers and addresses; each reader says what is expected.

Raises: argparse.ArgumentTypeError, all of them.
"""

import argparse
from ipaddress import IPv4Address
from math import nan

LONGEST_WAIT = 1_000_000
"""Seconds. A socket can't wait for infinity."""

LONGEST_NUMBER = 18
"""Digits."""


def read_seconds(word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = nan
    if not 0 <= value <= LONGEST_WAIT:
        raise argparse.ArgumentTypeError(f"{word} is wrong: seconds from 0 to {LONGEST_WAIT} are expected")
    return value


def read_number(word: str) -> int:
    if not word.isdecimal() or len(word) > LONGEST_NUMBER:
        raise argparse.ArgumentTypeError(f"{word} is wrong: a number is expected")
    return int(word)


def read_address(word: str) -> str:
    try:
        return str(IPv4Address(word))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{word} is wrong: an IPv4 address is expected") from error
