"""What each Code of a reply means for a mobile node."""

import pytest

from mobileip.agents.mobile import denials
from mobileip.agents.mobile.denials import LONGEST_WAIT, TREATMENTS, Remedy, Treatment
from mobileip.wire.numbers import Issuer, ReplyCode

DENIALS = [code for code in ReplyCode if code > 8]


def test_each_known_denial_has_its_treatment() -> None:
    assert set(TREATMENTS) == set(DENIALS)


@pytest.mark.parametrize("code", range(256))
def test_every_code_is_understood_somehow(code: int) -> None:
    assert isinstance(denials.issuer(code), Issuer)
    if not denials.accepts(code):
        assert denials.describe(code)
        assert 0 < denials.treatment(code).wait <= LONGEST_WAIT


@pytest.mark.parametrize("code", range(256))
def test_success_is_0_to_8(code: int) -> None:
    """RFC 5944 §3.8.2.2: code 1 is success whatever was asked."""
    assert denials.accepts(code) == (code <= 8)


@pytest.mark.parametrize(
    ("code", "issuer"),
    [
        (0, Issuer.HOME_AGENT),
        (1, Issuer.HOME_AGENT),
        (5, Issuer.HOME_AGENT),
        (64, Issuer.FOREIGN_AGENT),
        (87, Issuer.FOREIGN_AGENT),
        (127, Issuer.FOREIGN_AGENT),
        (128, Issuer.HOME_AGENT),
        (170, Issuer.HOME_AGENT),
        (194, Issuer.FOREIGN_AGENT),
        (199, Issuer.FOREIGN_AGENT),
        (201, Issuer.HOME_AGENT),
        (255, Issuer.HOME_AGENT),
    ],
)
def test_whose_word_it_is(code: int, issuer: Issuer) -> None:
    """Also for numbers without a name: what claims to be the home agent's must be authenticated."""
    assert denials.issuer(code) is issuer


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (66, Remedy.ELSEWHERE),
        (69, Remedy.SHORTEN),
        (87, Remedy.ELSEWHERE),
        (129, Remedy.SHOW),
        (130, Remedy.WAIT),
        (133, Remedy.RESYNCHRONISE),
        (136, Remedy.ADOPT_HOME_AGENT),
        (170, Remedy.WAIT),
        (199, Remedy.ELSEWHERE),
    ],
)
def test_what_is_done(code: int, remedy: Remedy) -> None:
    assert denials.treatment(code).remedy is remedy


@pytest.mark.parametrize(("code", "treatment"), TREATMENTS.items())
def test_only_the_home_agents_authenticated_word_resynchronises_or_moves_us(
    code: ReplyCode, treatment: Treatment
) -> None:
    if treatment.remedy in (Remedy.RESYNCHRONISE, Remedy.ADOPT_HOME_AGENT, Remedy.SHOW, Remedy.WAIT):
        assert code.issued_by is Issuer.HOME_AGENT


def test_codes_in_words() -> None:
    assert denials.describe(67) == "mobile node failed authentication"
    assert denials.describe(133) == "identification mismatch"
    assert denials.describe(170) == "unknown code 170"


def test_known_numbers_have_names() -> None:
    assert denials.known(69) is ReplyCode.FA_REQUESTED_LIFETIME_TOO_LONG
    assert denials.known(170) is None
