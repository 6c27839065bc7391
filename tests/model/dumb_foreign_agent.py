"""What must be true of a foreign agent, said a second time and as simply as can be: no structure, no speed, no classes
of ours, only the standard library and the octets. It shares no line with the code that it judges.

Times are seconds. What leaves is (octets, IP destination, link-layer destination or None); nothing is silence.
"""

import hmac
import struct
from ipaddress import IPv4Address
from typing import NamedTuple

Sent = tuple[bytes, str, bytes | None]
Secret = tuple[int, bytes]
"""SPI and key."""

NOWHERE, EVERYWHERE = IPv4Address(0), IPv4Address("255.255.255.255")


class Pending(NamedTuple):
    """A Request that waits for its Reply."""

    home: IPv4Address
    agent: IPv4Address
    """As the Request names it."""
    to: IPv4Address
    care_of: IPv4Address
    identification: int
    lifetime: int
    nai: bytes | None
    mac: bytes
    end: float
    signed: bool
    reverse: bool

    @property
    def key(self) -> tuple[IPv4Address, bytes | None, IPv4Address, int]:
        return self.home, self.nai, self.to, self.identification % 2**32


class Visitor(NamedTuple):
    agent: IPv4Address
    care_of: IPv4Address
    identification: int
    nai: bytes | None
    mac: bytes
    end: float
    clock: int | None
    """The home agent's, where it takes part in revocation."""
    inform: bool
    reverse: bool
    realm: int
    """Another one for each visitor with the same home address."""


Here = tuple[IPv4Address, IPv4Address]
"""Home address and home agent: what a visitor is known by."""


class DumbForeignAgent:
    """`own`: addresses of this node, the care-of address first; `agents`, `nodes`: who shares a secret with us."""

    def __init__(
        self,
        own: list[str],
        agents: dict[str, Secret],
        nodes: dict[str, Secret],
        default_agent: str | None,
        revocation: bool,
        reverse: bool,
        early: bool,
        limits: dict[str, int],
    ) -> None:
        self.own = [IPv4Address(address) for address in own]
        self.agents = {IPv4Address(address): secret for address, secret in agents.items()}
        self.nodes = {IPv4Address(address): secret for address, secret in nodes.items()}
        self.default_agent = IPv4Address(default_agent) if default_agent else None
        self.revocation = revocation
        self.reverse = reverse
        """Whether reverse tunnels are offered."""
        self.early = early
        """Whether packets are delivered before the Reply is there."""
        self.limits = limits
        """lifetime, visitors, pending, total"""
        self.pending: list[Pending] = []
        """In the order received."""
        self.visitors: dict[Here, Visitor] = {}
        self.named: dict[bytes, Here] = {}
        """NAI -> the visitor that got its address last by it."""
        self.awaited: dict[IPv4Address, tuple[IPv4Address, bytes, float]] = {}
        """Home address -> from which home agent's tunnel packets go to which machine, and until when, though nobody is
        a visitor with it: where one machine alone asked, as it asked last."""
        self.revoked: dict[Here, tuple[Visitor, int]] = {}
        self.quiet_until: dict[bytes, float] = {}
        """The empty one: those that are too distant, all together."""

    # -- time

    def time(self, now: float) -> list[Sent]:
        """What has ended is gone; Requests that waited too long are denied."""
        for here in [here for here, visitor in self.visitors.items() if visitor.end <= now]:
            self._end(here)
        sent = []
        for one in sorted((p for p in self.pending if p.end <= now), key=lambda p: p.end):
            self.pending.remove(one)
            self._look(one.home)
            if not 0 < one.lifetime <= 8:
                sent += self._denial(one, 78, one.end)
        return sent

    def _look(self, home: IPv4Address) -> None:
        """Who asks with that home address has changed."""
        self.awaited.pop(home, None)
        asking = [p for p in self.pending if p.home == home]
        is_free = home != NOWHERE and home not in {taken for taken, _ in self.visitors}
        if self.early and is_free and len({p.mac for p in asking}) == 1:
            latest = asking[-1]
            if latest.care_of == self.own[0] and latest.lifetime:
                self.awaited[home] = latest.to, latest.mac, latest.end

    # -- Requests

    def request(self, octets: bytes, mac: bytes, ttl: int, now: float, clock: int) -> list[Sent]:
        """A Request in a frame from `mac`; `clock`: our seconds."""
        flags, lifetime, home, agent, care_of, identification = _request(octets)
        extensions = _extensions(octets, 24)
        to = self.default_agent or agent if agent in (NOWHERE, EVERYWHERE) else agent
        ours = care_of == self.own[0]
        signed = bool(lifetime) and ours and to in self.agents
        asked = Pending(
            home,
            agent,
            to,
            care_of,
            identification,
            lifetime,
            _nai(extensions),
            mac,
            now + min(8, lifetime or 8),
            signed,
            bool(flags & 0x02),
        )
        refusal = self._refusal(asked, flags, ttl, octets, extensions)
        if refusal == "silence":
            return []
        if refusal is not None:
            return self._denial(asked, int(refusal), now)
        self.pending = [p for p in self.pending if p.key != asked.key] + [asked]
        self._look(home)
        relayed = octets[: _covered(extensions)]
        if signed and self.revocation:
            relayed += struct.pack("!BBHI", 137, 6, 0x8000, clock)
        if signed:
            relayed = _sign(relayed, 34, self.agents[to])
        return [(relayed, str(to), None)]

    def _refusal(
        self, asked: Pending, flags: int, ttl: int, octets: bytes, extensions: list["Extension"]
    ) -> int | str | None:
        decapsulates, tunnel = flags & 0x20, asked.lifetime and not flags & 0x20
        if asked.home == NOWHERE:
            if asked.nai is None:
                return 96
        elif not _is_host(asked.home):
            return 70
        elif asked.home in self.own:
            return 65
        if asked.to in (NOWHERE, EVERYWHERE):
            return 90
        if asked.to in self.own or not _is_host(asked.to):
            return 194
        if tunnel and asked.care_of != self.own[0]:
            return 77
        if self.revocation and not decapsulates and any(e.kind == 137 for e in extensions):
            return "silence"
        if self.revocation and decapsulates and asked.lifetime:
            return 65
        if asked.home in self.nodes and not _is_right(octets, extensions, 33, self.nodes[asked.home]):
            return 67
        if not _covered(extensions):
            return 70
        if asked.lifetime > self.limits["lifetime"]:
            return 69
        if tunnel and flags & 0x18:
            return 72
        if asked.reverse and self.reverse and ttl != 255:
            return 76
        if tunnel and asked.reverse and not self.reverse:
            return 74
        return self._taken(asked) or self._full(asked)

    def _taken(self, asked: Pending) -> int | str | None:
        """Not from another machine what one has asked for before, nor a visitor's address for another home agent."""
        if any(p.key == asked.key and p.mac != asked.mac for p in self.pending):
            return "silence"
        for here in ((asked.home, asked.to), self.named.get(asked.nai or b"", (NOWHERE, NOWHERE))):
            known = self.visitors.get(here)
            if (
                known
                and known.mac != asked.mac
                and (known.identification, known.agent)
                == (
                    asked.identification,
                    asked.to,
                )
            ):
                return "silence"
        return 65 if self._is_others(asked, asked.home) else None

    def _replaced(self, asked: Pending, home: IPv4Address) -> list[Here]:
        """The visitor of that home agent first, then the one with that link-layer address."""
        alike = [h for h, v in self.visitors.items() if h[0] == home and (v.mac == asked.mac or h[1] == asked.to)]
        return sorted(alike, key=lambda here: here[1] != asked.to)

    def _is_others(self, asked: Pending, home: IPv4Address) -> bool:
        shared = [here for here in self.visitors if here[0] == home]
        return bool(shared) and not self._replaced(asked, home) and not asked.reverse

    def _full(self, asked: Pending) -> int | None:
        is_full = len(self.visitors) >= self.limits["visitors"]
        if is_full and asked.lifetime and not self._replaced(asked, asked.home):
            return 66
        if any(p.key == asked.key for p in self.pending):
            return None
        of_one = sum(p.mac == asked.mac for p in self.pending)
        return 66 if of_one >= self.limits["pending"] or len(self.pending) >= self.limits["total"] else None

    # -- Replies

    def reply(self, octets: bytes, source: str, now: float) -> list[Sent]:
        """A Reply from an address."""
        code, lifetime, home, agent, identification = _reply(octets)
        extensions = _extensions(octets, 20)
        asked = self._answered(home, identification % 2**32, _nai(extensions), (IPv4Address(source), agent))
        if asked is None:
            return []
        proof = asked.to in self.agents and any(e.kind == 34 for e in extensions)
        is_from_it = IPv4Address(source) == asked.to or (code == 136 and IPv4Address(source) == agent)
        if not is_from_it and not (agent == asked.to and proof):
            return []
        refusal = self._refusal_of_reply(octets, extensions, asked, proof)
        if refusal is not None:
            if proof and refusal != 68:
                self.pending.remove(asked)
                self._look(asked.home)
            if refusal in (65, 66, 68, 71) and _covered(extensions):
                error = octets[: _covered(extensions)] + bytes((45, 2, 0, refusal))
                return self._limited(asked.mac, now, self._to_node(error, home, asked.mac))
            return self._denial(asked, refusal, now)
        if code > 1:
            self.pending.remove(asked)
        else:
            self._supersede(asked)
            self._accepted(asked, lifetime, home, agent, extensions, now, proof=proof)
            self._look(home)
        self._look(asked.home)
        return [self._to_node(octets[: _covered(extensions)], home, asked.mac)]

    def _answered(
        self, home: IPv4Address, half: int, nai: bytes | None, likely: tuple[IPv4Address, ...]
    ) -> Pending | None:
        alike = [p for p in self.pending if p.home == home and p.key[3] == half and home != NOWHERE]
        alike = [p for p in alike if p.nai == nai] or alike
        if not alike and nai is not None:
            alike = [p for p in self.pending if (p.home, p.nai, p.key[3]) == (NOWHERE, nai, half)]
        asked = [p for agent in likely for p in alike if p.to == agent]
        return (asked or alike or [None])[0]

    def _refusal_of_reply(
        self, octets: bytes, extensions: list["Extension"], asked: Pending, proof: bool
    ) -> int | None:
        code, lifetime, home, agent, _ = _reply(octets)
        is_acceptance, covered = code < 2, _covered(extensions)
        if (asked.signed or proof) and not _is_right(octets, extensions, 34, self.agents[asked.to]):
            return 68
        end = next(e.at for e in extensions if e.kind == 34) if proof else covered
        if self.revocation and any(e.kind == 137 and e.at >= end for e in extensions):
            return 68
        if is_acceptance and asked.nai is not None:
            if _nai(extensions) != asked.nai:
                return 97
            if agent == NOWHERE:
                return 98
            if home == NOWHERE:
                return 99
        if not covered or (is_acceptance and (agent != asked.to or (lifetime and not asked.lifetime))):
            return 71
        if not is_acceptance:
            return None
        if asked.home == NOWHERE:
            if not _is_host(home):
                return 71
            if home in self.own or home in self.nodes:
                return 65
        if not lifetime:
            return None
        if self._is_others(asked, home):
            return 65
        return 66 if not self._replaced(asked, home) and len(self.visitors) >= self.limits["visitors"] else None

    def _supersede(self, asked: Pending) -> None:
        """What the same node asked the same home agent before is answered too."""
        for one in list(self.pending):
            if (one.home, one.to, one.nai) == (asked.home, asked.to, asked.nai):
                self.pending.remove(one)
            if one is asked:
                return

    def _accepted(
        self,
        asked: Pending,
        lifetime: int,
        home: IPv4Address,
        agent: IPv4Address,
        extensions: list["Extension"],
        now: float,
        *,
        proof: bool,
    ) -> None:
        here = home, agent
        replaced = self._replaced(asked, home)
        moved = any(self.visitors[each].mac != asked.mac for each in replaced)
        if moved and asked.to in self.agents and not proof:
            return
        self.revoked.pop(here, None)
        if lifetime == 0:
            before = self.visitors.get(here)
            if before and asked.care_of in (home, before.care_of):
                self._end(here)
            return
        known = self.visitors.get(here)
        if known and (known.care_of, known.identification) == (asked.care_of, asked.identification):
            return  # answered once more: it counts from the first time on
        offered = [e.body for e in extensions if e.kind == 137] if asked.signed and self.revocation else []
        clock = int.from_bytes(offered[-1][2:6]) if offered else None
        inform = bool(offered) and bool(offered[-1][0] & 0x80)
        end = now + min(lifetime, asked.lifetime, self.limits["lifetime"])
        realm = self.visitors[replaced[0]].realm if replaced else None
        for each in replaced:
            self._end(each)
        if realm is None:
            taken = {visitor.realm for each, visitor in self.visitors.items() if each[0] == home}
            realm = min(set(range(len(taken) + 1)) - taken)
        self.visitors[here] = Visitor(
            agent,
            asked.care_of,
            asked.identification,
            asked.nai,
            asked.mac,
            end,
            clock,
            inform,
            asked.reverse,
            realm,
        )
        if asked.nai is not None:
            self.named[asked.nai] = here

    def _end(self, here: Here) -> None:
        visitor = self.visitors.pop(here, None)
        if visitor and visitor.nai is not None and self.named.get(visitor.nai) == here:
            del self.named[visitor.nai]

    # -- revocations

    def revoke(self, octets: bytes, source: str, now: float) -> list[Sent]:
        """A Registration Revocation from an address: an acknowledgment without I, since nobody can be told here."""
        flags, home_, agent_, care_of_, identifier = struct.unpack_from("!xxHIIII", octets)
        home, agent, care_of = IPv4Address(home_), IPv4Address(agent_), IPv4Address(care_of_)
        extensions = _extensions(octets, 20)
        secret = self.agents.get(agent)
        if not self.revocation or secret is None or not _is_right(octets, extensions, 34, secret) or not flags & 0x8000:
            return []
        here = home, agent
        visitor, seen = self.visitors.get(here), None
        if visitor is None and here in self.revoked and now < self.revoked[here][0].end:
            visitor, seen = self.revoked[here]
        if visitor is None or (visitor.agent, visitor.care_of) != (agent, care_of):
            return []
        before = visitor.clock if seen is None else seen
        if before is None or not 0 < (identifier - before) % 2**32 < 2**31:
            return []
        if seen is None:
            self._end(here)
            self.revoked.pop(here, None)
            if len(self.revoked) >= self.limits["visitors"]:
                del self.revoked[next(iter(self.revoked))]
        self.revoked[here] = visitor, identifier
        answer = struct.pack("!BBHII", 15, 0, 0, home_, identifier)
        return [(_sign(answer, 34, secret), source, None)]

    # -- what leaves

    def _denial(self, asked: Pending, code: int, now: float) -> list[Sent]:
        lifetime = self.limits["lifetime"] if code == 69 else asked.lifetime
        fixed = struct.pack("!BBHIIQ", 3, code, lifetime, int(asked.home), int(asked.agent), asked.identification)
        sent = self._limited(asked.mac, now, self._to_node(fixed, asked.home, asked.mac))
        # It was counted for the mobile node all the same.
        return [each for one in sent for each in self._limited(b"", now, one)] if code == 76 else sent

    def _limited(self, mac: bytes, now: float, sent: Sent) -> list[Sent]:
        """One in a second to each."""
        if now < self.quiet_until.get(mac, 0.0):
            return []
        self.quiet_until[mac] = now + 1.0
        return [sent]

    def _to_node(self, octets: bytes, home: IPv4Address, mac: bytes) -> Sent:
        if home in self.nodes:
            octets = _sign(octets, 33, self.nodes[home])
        return octets, str(EVERYWHERE if home == NOWHERE else home), mac


# -- octets


class Extension(NamedTuple):
    at: int
    kind: int
    body: bytes

    @property
    def end(self) -> int:
        return self.at + 2 + len(self.body)


def _request(octets: bytes) -> tuple[int, int, IPv4Address, IPv4Address, IPv4Address, int]:
    flags, lifetime, home, agent, care_of, identification = struct.unpack_from("!xBHIIIQ", octets)
    return flags, lifetime, IPv4Address(home), IPv4Address(agent), IPv4Address(care_of), identification


def _reply(octets: bytes) -> tuple[int, int, IPv4Address, IPv4Address, int]:
    code, lifetime, home, agent, identification = struct.unpack_from("!xBHIIQ", octets)
    return code, lifetime, IPv4Address(home), IPv4Address(agent), identification


def _extensions(octets: bytes, at: int) -> list[Extension]:
    found = []
    while at < len(octets):
        if octets[at] == 0:
            at += 1
            continue
        found.append(Extension(at, octets[at], octets[at + 2 : at + 2 + octets[at + 1]]))
        at = found[-1].end
    return found


def _covered(extensions: list[Extension]) -> int:
    """Where the last Mobile-Home Authentication extension ends; what follows is for us."""
    return max((extension.end for extension in extensions if extension.kind == 32), default=0)


def _nai(extensions: list[Extension]) -> bytes | None:
    return next((e.body for e in extensions if e.kind == 131), None)


def _is_host(address: IPv4Address) -> bool:
    return address.packed[0] != 127 and not 224 <= address.packed[0] < 240 and address not in (NOWHERE, EVERYWHERE)


def _mac(covered: bytes, key: bytes) -> bytes:
    return hmac.new(key, covered, "md5").digest()


def _is_right(octets: bytes, extensions: list[Extension], kind: int, secret: Secret) -> bool:
    """Exactly one of that kind, by that secret."""
    found = [e for e in extensions if e.kind == kind]
    if len(found) != 1:
        return False
    at, _, body = found[0]
    return int.from_bytes(body[:4]) == secret[0] and _mac(octets[: at + 6], secret[1]) == body[4:]


def _sign(octets: bytes, kind: int, secret: Secret) -> bytes:
    covered = octets + bytes((kind, 20)) + secret[0].to_bytes(4)
    return covered + _mac(covered, secret[1])
