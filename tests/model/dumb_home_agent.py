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
    ) -> None:
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
        self.last_deregistration: dict[IPv4Address, tuple[int, IPv4Address]] = {}
        self.quiet_until: dict[IPv4Address, float] = {}
        self.agreed: dict[tuple[IPv4Address, IPv4Address], tuple[IPv4Address, int]] = {}
        """Home and care-of address -> who may revoke that binding, and the latest timestamp of its clock."""

    def time(self, now: float) -> None:
        """What has ended is gone."""
        for of_one in self.bindings.values():
            for care_of in [c for c, end in of_one.items() if end <= now]:
                del of_one[care_of]

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
            care_of in bindings and self.identifications.get((home, care_of)) == identification
            if lifetime
            else self.last_deregistration.get(home) == (identification, care_of)
        )
        latest = self.latest.get(home)
        is_fresh = abs(identification - clock) <= 7 * FRACTION and (latest is None or identification > latest)
        if not is_fresh and not is_repeated:
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

        denial = self._denial(flags, lifetime, home, agent, care_of, destination)
        if not is_repeated:
            self.latest[home] = identification
        if denial is not None:
            return Answer(denial, lifetime, for_agent=for_agent)
        granted = min(lifetime, self.maximum_lifetime)
        code = 0 if self.maximum_bindings > 1 else 1
        if is_repeated:
            left = min(granted, int(bindings[care_of] - now)) if lifetime else 0
            return Answer(code, left, for_agent=for_agent)
        if lifetime == 0:
            self.last_deregistration[home] = (identification, care_of)
            for each in list(bindings):
                if care_of in (home, each):
                    del bindings[each]
            return Answer(code, 0)
        self.last_deregistration.pop(home, None)
        if not (flags & 0x80 and self.maximum_bindings > 1):
            bindings.clear()
        bindings[care_of] = now + granted
        self.identifications[home, care_of] = identification
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
        allowed, latest = self.agreed.get((home, care_of), (None, 0))
        if allowed != relay or IPv4Address(agent) != self.address or identifier <= latest:
            return False
        # What was revoked stays revoked, and a later Revocation of it is acknowledged again.
        self.agreed[home, care_of] = (relay, identifier)
        self.bindings[home].pop(care_of, None)
        return True

    def _denial(
        self, flags: int, lifetime: int, home: IPv4Address, agent: IPv4Address, care_of: IPv4Address, destination: str
    ) -> int | None:
        if IPv4Address(destination) != self.address or str(agent) not in (str(self.address), *OPEN):
            return 136
        if home not in self.network:
            return 129
        if lifetime == 0:
            return None
        is_host = care_of.packed[0] not in (0, 127) and care_of.packed[0] < 224
        if not is_host or care_of == home:
            return 134
        if care_of in self.keys:
            return 129
        if flags & 0x18:
            return 139
        is_further = flags & 0x80 and self.maximum_bindings > 1 and care_of not in self.bindings[home]
        if is_further and len(self.bindings[home]) >= self.maximum_bindings:
            return 135
        if flags & 0x02:
            return 137
        return None

    def _is_nodes(self, octets: bytes, signature: tuple[int, bytes], home: IPv4Address) -> bool:
        at, body = signature
        key = self.keys[home].get(int.from_bytes(body[:4]))
        return key is not None and hmac.new(key, octets[: at + 6], "md5").digest() == body[4:]

    def _is_relays(self, octets: bytes, signature: tuple[int, bytes], relay: IPv4Address) -> bool:
        at, body = signature
        spi, key = self.agents[relay]
        return int.from_bytes(body[:4]) == spi and hmac.new(key, octets[: at + 6], "md5").digest() == body[4:]


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
        extensions.append((at, kind, body))
        at += 2 + len(body)
    return flags, lifetime, IPv4Address(home), IPv4Address(agent), IPv4Address(care_of), identification, extensions
