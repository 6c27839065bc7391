"""The 64-bit Identification field: NTP timestamp or nonce halves, arithmetic only (RFC 5944 §5.7, RFC 1305 era 0/1)."""

HALF = 1 << 32
MASK = HALF - 1


def high(identification: int) -> int:
    return identification >> 32


def low(identification: int) -> int:
    return identification & MASK


def join(high_half: int, low_half: int) -> int:
    return (high_half & MASK) << 32 | (low_half & MASK)


def difference(later: int, earlier: int) -> int:
    """Signed `later - earlier` in units of 2^-32 s, right across the wrap of NTP seconds in 2036 (RFC 5944 §5.7.1)."""
    distance = (later - earlier) & (HALF * HALF - 1)
    return distance - HALF * HALF if distance >> 63 else distance
