"""What must be true of a home agent, said a second time and as simply as can be: no structure, no speed, no classes of
ours, only the standard library and the octets. It shares no line with the code that it judges.

Times are seconds; a clock of 64-bit NTP units comes in with each Request.
"""

import hmac
import struct
from ipaddress import IPv4Address, IPv4Network
from typing import NamedTuple

FRACTION = 2**32
OPEN = ("0.0.0.0", "255.255.255.255")


class Answer(NamedTuple):
    """What must leave: nothing (`code` None), or a Reply with these fields."""

    code: int | None
    lifetime: int | None = None
    seconds: int | None = None
    """High half of the Identification, where it is not the Request's."""
    for_agent: bool = False
    """Whether it is signed for the foreign agent too."""


SILENCE = Answer(None)


Way = tuple[str, int | None]
"""The other end of a tunnel: its address, and its port where it is in UDP."""


class Udp(NamedTuple):
    """What a UDP Tunnel Request leads to: a denial, or a tunnel to the Request's source and `port`, or nothing."""

    denial: int | None = None
    is_nodes: bool = True
    port: int | None = None
    encapsulation: int = 0


class DumbHomeAgent:
    """`keys`: home address -> SPI -> key; `agents`: foreign agent -> (SPI, key)."""

    def __init__(
        self,
        address: str,
        network: str,
        keys: dict[str, dict[int, bytes]],
        agents: dict[str, tuple[int, bytes]],
        maximum_lifetime: int,
        maximum_bindings: int,
        tunnels: bool = False,
        grace: float = 0.0,
    ) -> None:
        self.tunnels = tunnels
        """Whether there are reverse tunnels, GRE, minimal encapsulation and tunnels in UDP."""
        self.ends: dict[tuple[IPv4Address, IPv4Address], tuple[str, int | None, str]] = {}
        """Home and care-of address -> where that binding's tunnel ends, its port in UDP, its encapsulation."""
        self.reverse: set[tuple[IPv4Address, IPv4Address]] = set()
        """Home and care-of address of bindings that packets come back from: with T, and in UDP all (keepalives)."""
        self.grace = grace
        self.left: dict[IPv4Address, dict[Way, float]] = {}
        """Home address -> ways that it has left by itself and may still send by, and until when."""
        self.address = IPv4Address(address)
        self.network = IPv4Network(network)
        self.keys = {IPv4Address(home): of_one for home, of_one in keys.items()}
        self.agents = {IPv4Address(agent): secret for agent, secret in agents.items()}
        self.maximum_lifetime = maximum_lifetime
        self.maximum_bindings = maximum_bindings
        self.bindings: dict[IPv4Address, dict[IPv4Address, float]] = {home: {} for home in self.keys}
        """Home address -> care-of address -> when it ends."""
        self.identifications: dict[tuple[IPv4Address, IPv4Address], int] = {}
        """Of the Request that made a binding."""
        self.latest: dict[IPv4Address, int] = {}
        """The greatest timestamp accepted, or used up by a denial."""
        self.made_at: dict[tuple[IPv4Address, IPv4Address], float] = {}
        """When that Request was accepted."""
        self.too_early: dict[IPv4Address, set[int]] = {home: set() for home in self.keys}
        """Authentic timestamps that were refused since they were ahead of our clock."""
        self.last_deregistration: dict[IPv4Address, tuple[int, IPv4Address, float]] = {}
        self.quiet_until: dict[IPv4Address, float] = {}
        self.agreed: dict[tuple[IPv4Address, IPv4Address], tuple[IPv4Address, int]] = {}
        """Home and care-of address -> who may revoke that binding, and the latest timestamp of its clock."""
        self.revoked: dict[IPv4Address, tuple[IPv4Address, IPv4Address, int]] = {}
        """Home address -> the care-of address that was revoked last, by whom, and the latest timestamp of its clock."""

    def time(self, now: float) -> None:
        """What has ended is gone."""
        for of_one in self.bindings.values():
            for care_of in [c for c, end in of_one.items() if end <= now]:
                del of_one[care_of]
        for ways in self.left.values():
            for way in [w for w, end in ways.items() if end <= now]:
                del ways[way]

    def ways_back(self, home: IPv4Address) -> dict[Way, float]:
        """Where packets of `home` may come from, and until when."""
        return self.left.get(home, {}) | self._bound_ways(home)

    def _bound_ways(self, home: IPv4Address) -> dict[Way, float]:
        bound = [(care_of, end) for care_of, end in self.bindings[home].items() if (home, care_of) in self.reverse]
        return {self.ends[home, care_of][:2]: end for care_of, end in bound}

    def _leave(self, home: IPv4Address, before: dict[Way, float], now: float) -> None:
        """Ways that are bound no more lead in for a while; one whose port was never known never did."""
        ways = self.left.setdefault(home, {})
        for way, end in before.items():
            if self.grace and way[1] != 0:
                ways[way] = min(end, now + self.grace)
        for way in self._bound_ways(home):
            ways.pop(way, None)

    def request(self, octets: bytes, source: str, destination: str, now: float, clock: int) -> Answer:
        """One Request, as received."""
        self.time(now)
        fields = _parse(octets)
        if fields is None:
            return SILENCE
        flags, lifetime, home, agent, care_of, identification, extensions = fields
        signatures = [(at, body) for at, kind, body in extensions if kind == 32]
        relays = [(at, body) for at, kind, body in extensions if kind == 34]
        if home not in self.keys or not signatures:
            return SILENCE
        relay = next((IPv4Address(a) for a in (source, str(care_of)) if IPv4Address(a) in self.agents), None)
        relay_is_right = relay is not None and len(relays) == 1 and self._is_relays(octets, relays[0], relay)
        is_from_relay = lifetime != 0 and IPv4Address(source) in self.agents
        for_agent = lifetime != 0 and (is_from_relay or relay_is_right)
        if not all(self._is_nodes(octets, one, home) for one in signatures):
            may = relay_is_right if relay is not None else now >= self.quiet_until.get(home, 0.0)
            if may:
                self.quiet_until[home] = now + 1.0
            return Answer(131, lifetime, for_agent=for_agent) if may else SILENCE

        bindings = self.bindings[home]
        is_repeated = (
            care_of in bindings
            and self.identifications.get((home, care_of)) == identification
            and now - self.made_at[home, care_of] <= 7
            if lifetime
            else home in self.last_deregistration
            and self.last_deregistration[home][:2] == (identification, care_of)
            and now - self.last_deregistration[home][2] <= 7
        )
        latest = self.latest.get(home)
        is_fresh = abs(identification - clock) <= 7 * FRACTION and (latest is None or identification > latest)
        is_fresh = is_fresh and identification not in self.too_early[home]
        if not is_fresh and not is_repeated:
            if identification - clock > 7 * FRACTION:
                self.too_early[home].add(identification)
            seconds = clock // FRACTION
            if latest is not None and seconds * FRACTION <= latest:
                seconds = latest // FRACTION + 1
            return Answer(133, lifetime, seconds, is_from_relay)
        is_others = flags & 0x20 and care_of not in self.agents
        if relay is not None and not relay_is_right and (relays or (lifetime and not is_others)):
            return Answer(132, lifetime, for_agent=for_agent)
        if relay is None and relays:
            return SILENCE

        last = signatures[-1][0]
        for at, kind, _ in extensions:
            if kind == 38 and at < last:
                if not is_repeated:
                    self.latest[home] = identification
                return Answer(140, lifetime, for_agent=for_agent)
            if kind == 38:
                return Answer(141, lifetime, for_agent=for_agent)
        supports = [(at, body) for at, kind, body in extensions if kind == 137]
        is_protected = relay_is_right and bool(supports) and last < supports[0][0] < relays[-1][0]
        if lifetime and supports and supports[0][0] > last and not is_protected:
            return Answer(132, lifetime, for_agent=for_agent)

        udp = Udp()
        if lifetime and not is_repeated:
            udp = self._udp(extensions, last, relays[-1][0] if relays else len(octets), flags, care_of, source)
        end = source if udp.port is not None else str(care_of)
        if is_repeated and lifetime:
            end = self.ends[home, care_of][0]
        denial, uses_up = self._denial(flags, lifetime, home, agent, care_of, destination, udp, end, is_repeated)
        if not is_repeated and uses_up:
            self.latest[home] = identification
        if denial is not None:
            return Answer(denial, lifetime, for_agent=for_agent)
        granted = min(lifetime, self.maximum_lifetime)
        if udp.port is not None:
            granted = min(granted, 60)
        code = 0 if self.maximum_bindings > 1 else 1
        if is_repeated:
            left = min(granted, int(bindings[care_of] - now)) if lifetime else 0
            return Answer(code, left, for_agent=for_agent)
        before = self._bound_ways(home)
        if lifetime == 0:
            self.last_deregistration[home] = (identification, care_of, now)
            for each in list(bindings):
                if care_of in (home, each):
                    del bindings[each]
            self._leave(home, before, now)
            return Answer(code, 0)
        self.last_deregistration.pop(home, None)
        if not (flags & 0x80 and self.maximum_bindings > 1):
            bindings.clear()
        bindings.pop(care_of, None)  # it is the latest now
        bindings[care_of] = now + granted
        self.identifications[home, care_of] = identification
        self.made_at[home, care_of] = now
        self.ends[home, care_of] = (end, udp.port, self._encapsulation(flags, udp)[0])
        self.reverse.discard((home, care_of))
        if flags & 0x02 or udp.port is not None:
            self.reverse.add((home, care_of))
        self._leave(home, before, now)
        self.agreed.pop((home, care_of), None)
        if supports and is_protected and relay is not None:
            self.agreed[home, care_of] = (relay, int.from_bytes(supports[0][1][2:6]))
        return Answer(code, granted, for_agent=for_agent)

    def revocation(self, octets: bytes, source: str, now: float) -> bool:
        """One Revocation, as received: whether it is acknowledged."""
        self.time(now)
        from_home, home, agent, care_of, identifier = struct.unpack_from("!xxHIIII", octets)
        home, care_of = IPv4Address(home), IPv4Address(care_of)
        relay = next((IPv4Address(a) for a in (source, str(care_of)) if IPv4Address(a) in self.agents), None)
        signature = (20, octets[22:])
        if from_home & 0x8000 or relay is None or not self._is_relays(octets, signature, relay):
            return False
        allowed: IPv4Address | None = None
        latest = 0
        if care_of in self.bindings[home]:
            allowed, latest = self.agreed.get((home, care_of), (None, 0))
        elif home in self.revoked and self.revoked[home][0] == care_of:
            # Its acknowledgment may have been lost: a later Revocation of it is acknowledged again.
            _, allowed, latest = self.revoked[home]
        if allowed != relay or IPv4Address(agent) != self.address or identifier <= latest:
            return False
        self.revoked[home] = (care_of, relay, identifier)
        if self.bindings[home].pop(care_of, None) is not None:
            self.left.pop(home, None)
        return True

    def _udp(
        self,
        extensions: list[tuple[int, int, bytes]],
        last: int,
        last_relay: int,
        flags: int,
        care_of: IPv4Address,
        source: str,
    ) -> Udp:
        for at, kind, body in extensions:
            if kind != 144 or body[0] != 0 or any(body[4:]) or at > last_relay:
                continue
            is_nodes = at < last
            if is_nodes != bool(flags & 0x20):
                return Udp(134, is_nodes)
            is_behind_nat, is_forced, is_through = source != str(care_of), body[2] & 0x80, body[2] & 0x40 and is_nodes
            if not self.tunnels:
                return Udp(129 if is_behind_nat or is_forced else None, is_nodes=False)
            if is_behind_nat or is_forced or is_through:
                return Udp(None, is_nodes, 0 if is_through else 434, body[3])
            return Udp()
        return Udp()

    def _encapsulation(self, flags: int, udp: Udp) -> tuple[str, int | None]:
        """Its name, or a denial."""
        if udp.port is not None and udp.encapsulation:
            name = {4: "ipip", 47: "gre", 55: "minimal"}.get(udp.encapsulation, "")
            return name, None if name else 142
        name = "gre" if flags & 0x08 else "minimal" if flags & 0x10 else "ipip"
        return name, None if self.tunnels or name == "ipip" else 139

    def _denial(
        self,
        flags: int,
        lifetime: int,
        home: IPv4Address,
        agent: IPv4Address,
        care_of: IPv4Address,
        destination: str,
        udp: Udp,
        end: str,
        is_repeated: bool,
    ) -> tuple[int | None, bool]:
        """The code, and whether the Identification is used up."""
        if IPv4Address(destination) != self.address or str(agent) not in (str(self.address), *OPEN):
            return 136, True
        if home not in self.network:
            return 129, True
        if lifetime == 0:
            return None, True
        if udp.denial is not None:
            return udp.denial, udp.is_nodes
        if not _is_host(care_of) or not _is_host(IPv4Address(end)) or care_of == home:
            return 134, True
        if IPv4Address(end) in self.keys:
            return 129, True
        _, denial = self._encapsulation(flags, udp)
        if denial is not None and not is_repeated:
            return denial, udp.is_nodes or denial != 142
        is_further = flags & 0x80 and self.maximum_bindings > 1 and care_of not in self.bindings[home]
        if is_further and len(self.bindings[home]) >= self.maximum_bindings:
            return 135, True
        if flags & 0x02 and not self.tunnels:
            return 137, True
        return None, True

    def _is_nodes(self, octets: bytes, signature: tuple[int, bytes], home: IPv4Address) -> bool:
        at, body = signature
        key = self.keys[home].get(int.from_bytes(body[:4]))
        return key is not None and hmac.new(key, octets[: at + 6], "md5").digest() == body[4:]

    def _is_relays(self, octets: bytes, signature: tuple[int, bytes], relay: IPv4Address) -> bool:
        at, body = signature
        spi, key = self.agents[relay]
        return int.from_bytes(body[:4]) == spi and hmac.new(key, octets[: at + 6], "md5").digest() == body[4:]


def _is_host(address: IPv4Address) -> bool:
    return address.packed[0] not in (0, 127) and address.packed[0] < 224


def has_others(octets: bytes) -> bool:
    """Whether there are extensions of which this home agent knows no more than how long they have to be."""
    fields = _parse(octets)
    return fields is not None and any(kind not in (32, 33, 34, 38, 137, 144) for _, kind, _ in fields[-1])


_Fields = tuple[int, int, IPv4Address, IPv4Address, IPv4Address, int, list[tuple[int, int, bytes]]]


def _parse(octets: bytes) -> _Fields | None:
    """Flags, Lifetime, three addresses, Identification, and (offset, type, value) of each extension."""
    if len(octets) < 24 or octets[0] != 1:
        return None
    flags, lifetime, home, agent, care_of, identification = struct.unpack_from("!xBHIIIQ", octets)
    extensions, at = [], 24
    while at < len(octets):
        kind = octets[at]
        if kind == 0:
            at += 1
            continue
        if kind == 38:
            size = int.from_bytes(octets[at + 2 : at + 4])
            if at + 4 + size > len(octets) or size < 6:
                return None
            extensions.append((at, kind, octets[at + 4 : at + 4 + size]))
            at += 4 + size
            continue
        if at + 2 > len(octets) or at + 2 + octets[at + 1] > len(octets):
            return None
        body = octets[at + 2 : at + 2 + octets[at + 1]]
        if kind in (32, 33, 34) and len(body) < 4:
            return None
        if kind < 128 and kind not in (32, 33, 34):
            return None
        if kind == 137 and len(body) < 6:
            return None
        if kind == 144 and (not body or (body[0] == 0 and len(body) != 6)):
            return None
        if (kind == 131 and not body) or (kind == 136 and len(body) < 2):
            return None
        extensions.append((at, kind, body))
        at += 2 + len(body)
    return flags, lifetime, IPv4Address(home), IPv4Address(agent), IPv4Address(care_of), identification, extensions
