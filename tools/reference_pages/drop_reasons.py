"""docs/reference/drop-reasons.md: every name under which a message or packet can end, and where in the code it does."""

from pathlib import Path

from tools.reference_pages.common import SOURCE, code, same_keys, table, users_of

from mobileip.forwarding.drop_reason import DropReason
from mobileip.wire.errors import DecodeReason

PAGE = "drop-reasons.md"

ABOUT = {
    "truncated": "A length or fixed part reaches beyond the last octet.",
    "trailing_octets": "A nested length was not used up exactly.",
    "unknown_message_type": "No message that this version reads.",
    "unknown_extension": "An extension numbered 0-127 that is not known, or with an unknown subtype (RFC 5944 §1.8).",
    "bad_length": "A length that this kind of message, extension or header can't have.",
    "bad_value": "A field with a value that its definition forbids.",
    "bad_checksum": "The checksum of router discovery, or of an inner IP header, does not match.",
    "bad_version": "Not IP version 4 where it must be.",
    "fragment": "One piece of a message: signalling that comes in pieces is not read.",
    "not_for_us": "A message that no role of this node handles.",
    "unknown_mobile_node": "Home agent: no association with the mobile node (RFC 5944 §3.8.2.1 a).",
    "missing_authentication": "An authentication extension that must be there is not.",
    "bad_authenticator": "The authenticator is wrong, or there are two of a kind: keys differ, or it was altered.",
    "unknown_spi": "No association with the SPI that the message names.",
    "replayed": "Foreign agent: a copy of a request that another link-layer address sent.",
    "unexpected_reply": "A reply to nothing that was asked, or from someone who was not asked.",
    "rate_limited": "Too many.",
    "bad_advertisement": "Mobile node: an advertisement that RFC 1256 or RFC 5944 has ignored.",
    "no_binding": "Home agent: the mobile node is not registered; of a virtual home network the sender is told (ICMP).",
    "no_visitor": "Foreign agent: a tunnel packet for a node that does not visit.",
    "not_registered": "Mobile node: a program's packet while nothing is registered.",
    "no_such_tunnel": "A tunnel packet from someone with whom there is no tunnel.",
    "wrong_inner_address": "A tunnel packet for an address, or from one, that does not belong to that tunnel.",
    "wrong_encapsulation": "A tunnel packet in another form than was agreed (RFC 3024 §4.3.2, RFC 3519 §3.3).",
    "to_tunnel_end": "Out of a tunnel, and for the tunnel's own end: signalling, a further tunnel, or a way back.",
    "out_of_order": "A numbered GRE packet that came late (RFC 2890 §2.2).",
    "tunnel_loop": "The packet would go round: it is from or for the tunnel's end (RFC 2003 §3.2).",
    "congestion": "A congestion mark from inside the tunnel that the transport would not understand (RFC 6040 §4.2).",
    "ttl_expired": "Time to live is over; the sender is told where the RFCs allow it.",
    "too_big": "Larger than the tunnel takes, and not to be fragmented; the sender is told the MTU.",
    "expired": "The binding or visitor has ended in this very moment.",
    "not_ipv4": "What came out of the device or tunnel is no IPv4.",
    "send_failed": "The machine refused to send it: no route, no carrier, a full queue.",
}

DECODED = {reason.value for reason in DecodeReason}
_NAMES = {reason.value: reason.name for reason in DropReason}


def _places(value: str) -> list[str]:
    """Files that end something under this name."""
    found: list[Path] = users_of(f"DropReason.{_NAMES[value]}", SOURCE)
    if value in DECODED:
        found += users_of(f"DecodeReason.{_NAMES[value]}", SOURCE)
    ignored = (SOURCE / "wire" / "errors.py", SOURCE / "forwarding" / "drop_reason.py")
    return sorted({path.relative_to(SOURCE).as_posix() for path in found if path not in ignored})


def _reasons() -> list[str]:
    same_keys(f"{__name__}.ABOUT", ABOUT, _NAMES)
    rows = []
    for value, sentence in ABOUT.items():
        places = _places(value)
        where = [name for name in places if not name.startswith("wire/extensions/")]
        where += ["wire/extensions/"] if len(where) < len(places) else []
        rows.append([code(value), sentence, ", ".join(map(code, where)) or "nowhere in this version"])
    return table(("name", "meaning", "where"), rows)


BLOCKS = {"reasons": _reasons}
