"""Octets that decoders half accept: random ones, and valid ones with something about them wrong."""

import re
from collections.abc import Callable
from random import Random

from tools.fuzz.target import Target

INTERESTING = (0, 1, 2, 4, 0x7F, 0x80, 0xFE, 0xFF)
LONGEST_RANDOM = 80

ODD_VALUES = [
    "-1", "0", "1e400", "nan", "-inf", "99999999999999999999", "true", "[]", "{}", '[""]', "[1]", "[[]]", '""', '"."',
    '"\\uD7FF"', "1979-05-27", "0x1F", '"0.0.0.0/0"', '"10.1.0.1"', '"255.255.255.255/33"', '"../key"',
    '"key/key"', '["eth0", "eth0"]', '"' + "a" * 300 + '"', "{ a = 1 }",
]  # fmt: skip
"""Of every type that TOML has, for keys that expect another one."""
_VALUE = re.compile(rb"= (.*)$", re.MULTILINE)


def generate(random: Random, target: Target) -> bytes:
    """The next input for a target; the same ones in the same order from the same seed."""
    if random.random() < 0.1:
        return random.randbytes(random.randrange(LONGEST_RANDOM))
    octets = bytearray(random.choice(target.seeds))
    if random.random() < 0.15:
        octets += random.choice(target.seeds)
    if target.is_text and random.random() < 0.8:
        return _with_odd_values(random, bytes(octets))
    mutate(random, octets)
    return bytes(octets)


def mutate(random: Random, octets: bytearray) -> None:
    """Makes nothing, or a few things, wrong about the octets."""
    for _ in range(random.choice((0, 1, 1, 1, 2, 2, 4, 8))):
        random.choice(_MUTATIONS)(random, octets)


def _with_odd_values(random: Random, text: bytes) -> bytes:
    for _ in range(random.choice((1, 1, 2, 3))):
        places = [match.span(1) for match in _VALUE.finditer(text)]
        if places:
            start, end = random.choice(places)
            text = text[:start] + random.choice(ODD_VALUES).encode() + text[end:]
    return text


def _place(random: Random, octets: bytearray) -> int:
    """More often near the beginning, where headers are."""
    return random.randrange(min(len(octets), random.choice((4, 16, 64, 1 << 16))) + 1)


def _flip_a_bit(random: Random, octets: bytearray) -> None:
    place = _place(random, octets)
    if place < len(octets):
        octets[place] ^= 1 << random.randrange(8)


def _set_an_octet(random: Random, octets: bytearray) -> None:
    place = _place(random, octets)
    if place < len(octets):
        octets[place] = random.choice(INTERESTING) if random.random() < 0.5 else random.randrange(256)


def _edit_a_length(random: Random, octets: bytearray) -> None:
    """A little more or less, or exactly (or nearly) what is left: any octet may be one."""
    place = _place(random, octets)
    if place < len(octets):
        near = octets[place] if random.random() < 0.5 else len(octets) - place - 1
        octets[place] = (near + random.randrange(-4, 5)) & 0xFF


def _truncate(random: Random, octets: bytearray) -> None:
    del octets[random.randrange(len(octets) + 1) :]


def _delete(random: Random, octets: bytearray) -> None:
    place = _place(random, octets)
    del octets[place : place + random.randrange(1, 9)]


def _duplicate(random: Random, octets: bytearray) -> None:
    place = _place(random, octets)
    octets[place:place] = octets[place : place + random.randrange(1, 33)]


def _insert(random: Random, octets: bytearray) -> None:
    place = _place(random, octets)
    octets[place:place] = random.randbytes(random.randrange(1, 9))


def _replace_the_rest(random: Random, octets: bytearray) -> None:
    octets[_place(random, octets) :] = random.randbytes(random.randrange(32))


_MUTATIONS: tuple[Callable[[Random, bytearray], None], ...] = (
    _flip_a_bit,
    _set_an_octet,
    _edit_a_length,
    _truncate,
    _delete,
    _duplicate,
    _insert,
    _replace_the_rest,
)
