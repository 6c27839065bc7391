"""The machine's packet filter as values: what `nft` lists, and a script given to it.

What iptables-nft made is among it; what the old kernel tables of iptables hold is not (`legacy_tables` names those).
"""

import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

PATIENCE = 5.0
"""Seconds that `nft` may take; milliseconds, but for very many rules. Somebody waits."""

LEGACY_TABLES = Path("/proc/net/ip_tables_names")

FAMILIES = ("ip", "inet")
"""Whose chains see IPv4 packets."""

Expression = Mapping[str, Any]
"""One expression of a rule as libnftables-json(5) has it."""


class NftError(Exception):
    """`nft` is not there, or it refuses; one line for the operator."""


class ChainName(msgspec.Struct, frozen=True, order=True):
    family: str
    table: str
    name: str

    def __str__(self) -> str:
        """As `nft` wants it."""
        return f"{self.family} {self.table} {self.name}"


class BaseChain(msgspec.Struct, frozen=True):
    """A chain that packets come to by themselves."""

    name: ChainName
    kind: str
    """filter | nat | route."""
    hook: str
    priority: int = 0
    policy: str = "accept"


class NftRule(msgspec.Struct, frozen=True):
    chain: ChainName
    handle: int
    expressions: tuple[Expression, ...] = ()
    comment: str = ""


class Ruleset(msgspec.Struct, frozen=True):
    base_chains: tuple[BaseChain, ...] = ()
    """In the order in which packets meet them at each hook."""
    rules: Mapping[ChainName, Sequence[NftRule]] = {}

    def commented(self, comment: str) -> list[NftRule]:
        return [rule for rules in self.rules.values() for rule in rules if rule.comment == comment]


def read_ruleset() -> Ruleset:
    """What there is now.

    Raises: `NftError`.
    """
    # Numbers for names, handles, and no contents of named sets, which may be huge.
    octets = _nft("-j", "-a", "-n", "-t", "list", "ruleset")
    try:
        document = msgspec.json.decode(octets or b"{}")
    except msgspec.DecodeError as error:
        raise NftError(f"nft's list is no JSON: {error}") from error
    return parsed(document)


def perform(script: str) -> None:
    """All of the script or nothing of it.

    Raises: `NftError`.
    """
    _nft("-f", "-", given=script)


def legacy_tables() -> tuple[str, ...]:
    """Names of the tables that iptables has in its old form, which `nft` doesn't see."""
    try:
        return tuple(LEGACY_TABLES.read_text().split())
    except OSError:
        return ()


def parsed(document: Any) -> Ruleset:
    """The chains and rules for IPv4 in `nft`'s JSON; what we don't know is left out."""
    chains = sorted((_base_chain(view) for view in _named(document, "chain") if "hook" in view), key=_order)
    rules: dict[ChainName, list[NftRule]] = {}
    for rule in map(_rule, _named(document, "rule")):
        rules.setdefault(rule.chain, []).append(rule)
    return Ruleset(tuple(chains), rules)


def _named(document: Any, kind: str) -> Iterator[Mapping[str, Any]]:
    entries = document.get("nftables") if isinstance(document, dict) else None
    for entry in entries if isinstance(entries, list) else ():
        view = entry.get(kind) if isinstance(entry, dict) else None
        if isinstance(view, dict) and view.get("family") in FAMILIES:
            yield view


def _base_chain(view: Mapping[str, Any]) -> BaseChain:
    priority = view.get("prio")
    return BaseChain(
        name=ChainName(view["family"], str(view.get("table")), str(view.get("name"))),
        kind=str(view.get("type")),
        hook=str(view["hook"]),
        priority=priority if isinstance(priority, int) else 0,
        policy=str(view.get("policy", "accept")),
    )


def _order(chain: BaseChain) -> int:
    return chain.priority


def _rule(view: Mapping[str, Any]) -> NftRule:
    expressions = view.get("expr")
    handle = view.get("handle")
    return NftRule(
        chain=ChainName(view["family"], str(view.get("table")), str(view.get("chain"))),
        handle=handle if isinstance(handle, int) else 0,
        expressions=tuple(e for e in expressions if isinstance(e, dict)) if isinstance(expressions, list) else (),
        comment=str(view.get("comment", "")),
    )


def _nft(*words: str, given: str = "") -> bytes:
    program = shutil.which("nft")
    if program is None:
        raise NftError("nft is not installed (package nftables)")
    try:
        done = subprocess.run(
            [program, *words], input=given.encode(), capture_output=True, timeout=PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NftError(f"nft does not work: {error}") from error
    if done.returncode:
        lines = done.stderr.decode(errors="replace").splitlines() or ["it does not say why"]
        raise NftError(f"nft refuses: {lines[0]}")
    return done.stdout
