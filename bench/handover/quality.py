"""What a listener would say of a call: the E-model (ITU-T G.107) for G.711 with packet-loss concealment.

R = 93.2 - Id - Ie,eff (all other parameters at their default values). Delay: Id without echo, as G.107 §B and the usual
approximation of it, 0.024 d + 0.11 (d - 177.3) H(d - 177.3) with the mouth-to-ear delay d in ms. Loss: Ie,eff = Ie +
(95 - Ie) Ppl / (Ppl / BurstR + Bpl) with Ie = 0 and Bpl = 25.1 (ITU-T G.113, G.711 with PLC).
"""

NO_IMPAIRMENT = 93.2
ROBUSTNESS = 25.1
"""Bpl of G.711 with packet-loss concealment."""
CODEC_DELAY_MS = 40.0
"""A frame of 20 ms is filled, and as much waits in the listener's buffer."""
KNEE_MS = 177.3


def rating(delay_ms: float, loss_percent: float, burst_ratio: float = 1.0) -> float:
    """R; `delay_ms` from mouth to ear."""
    late = max(0.0, delay_ms - KNEE_MS)
    delay = 0.024 * delay_ms + 0.11 * late
    loss = 95.0 * loss_percent / (loss_percent / burst_ratio + ROBUSTNESS)
    return NO_IMPAIRMENT - delay - loss


def opinion(rating: float) -> float:
    """The mean opinion score, 1 to 4.5 (G.107 annex B)."""
    if rating <= 0:
        return 1.0
    if rating >= 100:
        return 4.5
    return max(1.0, 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6)


def call(network_delay_ms: float, lost: int, sent: int) -> float:
    """The score of a call of which `lost` of `sent` packets did not come; a burst counts as what it is: loss."""
    return opinion(rating(CODEC_DELAY_MS + network_delay_ms, 100.0 * lost / sent if sent else 0.0))
