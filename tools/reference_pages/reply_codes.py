"""docs/reference/reply-codes.md: who issues a code, whether this version does, and what its mobile node makes of it."""

import re

from tools.reference_pages.common import SOURCE, attribute_docstrings, code, same_keys, table, users_of

from mobileip.agents.mobile import denials
from mobileip.agents.mobile.answers import MOST_REPAIRS, SHORTEST_LIFETIME
from mobileip.agents.mobile.denials import Remedy
from mobileip.wire import numbers
from mobileip.wire.numbers import Issuer, ReplyCode

PAGE = "reply-codes.md"

FOLDERS = {Issuer.HOME_AGENT: "home", Issuer.FOREIGN_AGENT: "foreign"}

REACTIONS = {
    Remedy.SHORTEN: f"asks again at once, for the lifetime in the reply (if that is {SHORTEST_LIFETIME} s or more)",
    Remedy.RESYNCHRONISE: "corrects its Identification and asks again at once",
    Remedy.ADOPT_HOME_AGENT: "asks the home agent that the reply names, at once",
    Remedy.REDIRECT: "asks for the home agent that the reply names, at once (where one is to be assigned)",
    Remedy.ELSEWHERE: "another agent or address first",
    Remedy.WAIT: "asks again later",
    Remedy.SHOW: "a person has to change something; asks seldom",
}


def _reaction(number: ReplyCode) -> tuple[str, str]:
    """In words, and the seconds until the same place is asked again."""
    if number.is_accepted:
        return "is registered", ""
    treatment = denials.TREATMENTS[number]
    return REACTIONS[treatment.remedy], f"{treatment.wait:g}"


def _reference(text: str) -> tuple[str, str]:
    """The RFC and section of a docstring, and what it says besides."""
    found = re.match(r"(RFC \d+ §[\w.]+)(?:, number in §\w+)?[.:,;]?\s*(.*)$", text)
    if found is None:
        raise ValueError(f"no RFC in {text!r}")
    return found[1].rstrip("."), found[2].rstrip(".")


def _produced(number: ReplyCode) -> bool:
    folder = FOLDERS.get(number.issued_by)
    return folder is not None and bool(users_of(f"ReplyCode.{number.name}", SOURCE / "agents" / folder))


def _codes() -> list[str]:
    documented = attribute_docstrings(numbers, "ReplyCode")
    rows = []
    for number in sorted(ReplyCode):
        reference, note = _reference(documented[number.name])
        reaction, wait = _reaction(number)
        words = number.name if number.is_accepted else number.name.partition("_")[2]
        name = words.lower().replace("_", " ")
        rows.append(
            [
                str(number.value),
                f"{name} ({note})" if note else name,
                number.issued_by.value.replace("_", " "),
                reference,
                "yes" if _produced(number) else "",
                reaction,
                wait,
            ]
        )
    return table(("code", "name", "issued by", "RFC", "issued here", "the mobile node", "wait, s"), rows)


def _limits() -> list[str]:
    same_keys(f"{__name__}.REACTIONS", map(str, REACTIONS), map(str, Remedy))
    return [
        f"At most {MOST_REPAIRS} denials in a row are answered with another request at once.",
        (
            f"The wait doubles with each refusal in a row, up to {denials.LONGEST_WAIT:g} s; up to "
            f"{denials.LONGEST_UNSIGNED_WAIT:g} s after a foreign agent's that bears no authenticator."
        ),
        f"An agent counts its denials by code, as {code('denied_66')} in `mip traffic`.",
    ]


BLOCKS = {"codes": _codes, "limits": _limits}
