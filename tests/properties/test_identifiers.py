"""Check digits catch any one wrong character, and every text is either taken or refused."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import InvalidIdentifier
from ledger.records.identifiers import (
    ROOT,
    VENDOR_ROOT,
    CertificateIdentifier,
    check_credit_code,
    check_resident_number,
    compute_certificate_check,
    compute_credit_check,
    compute_organisation_check,
    compute_resident_check,
    get_division,
)

ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
DIGITS = "0123456789"


def texts(alphabet: str, length: int) -> st.SearchStrategy[str]:
    return st.text(alphabet, min_size=length, max_size=length)


@st.composite
def credit_codes(draw: st.DrawFn) -> str:
    body = draw(texts(CREDIT_ALPHABET, 2)) + draw(texts(DIGITS, 6))
    organisation = draw(texts(CREDIT_ALPHABET, 8))
    body += organisation + compute_organisation_check(organisation)
    return body + compute_credit_check(body)


@st.composite
def identifiers(draw: st.DrawFn) -> CertificateIdentifier:
    return CertificateIdentifier.build(
        draw(credit_codes()) + draw(texts(DIGITS, 3)),
        draw(credit_codes() | st.text(ALPHANUMERIC, min_size=1, max_size=17)),
        draw(st.text(ALPHANUMERIC, min_size=9, max_size=32)),
        draw(st.integers(1, 999)),
    )


def accepts(check: Callable[[str], object], text: str) -> bool:
    """Tell whether `check` takes the text; any error but InvalidIdentifier passes through."""
    try:
        check(text)
    except InvalidIdentifier:
        return False
    return True


def imported(text: str) -> CertificateIdentifier:
    return CertificateIdentifier.parse(text, strict=False)


def other(character: str, alphabet: str, step: int) -> str:
    """Return another character of the alphabet, `step` (from 1) places on."""
    return alphabet[(alphabet.index(character) + 1 + step % (len(alphabet) - 1)) % len(alphabet)]


def replaced(text: str, index: int, character: str) -> str:
    return text[:index] + character + text[index + 1 :]


@given(identifiers())
def test_an_identifier_comes_back_from_its_text(identifier: CertificateIdentifier) -> None:
    assert CertificateIdentifier.parse(identifier.text) == identifier
    assert CertificateIdentifier.parse(identifier.text, strict=False).warnings == ()
    assert identifier.text.startswith(f"{identifier.lineage}.")


@given(identifiers(), st.integers(1, 999))
def test_versions_share_a_lineage(identifier: CertificateIdentifier, version: int) -> None:
    changed = identifier.with_version(version)
    assert changed.lineage == identifier.lineage
    assert changed.with_version(identifier.version) == identifier


@given(st.text(ALPHANUMERIC, min_size=1, max_size=80), st.data())
def test_mod_37_36_catches_any_one_wrong_character(body: str, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(body) - 1))
    wrong = replaced(body, index, other(body[index], ALPHANUMERIC, data.draw(st.integers(0, 34))))
    assert compute_certificate_check(wrong) != compute_certificate_check(body)


@given(texts(CREDIT_ALPHABET, 17), st.integers(0, 16), st.integers(0, 29))
def test_mod_31_catches_any_one_wrong_character(body: str, index: int, step: int) -> None:
    wrong = replaced(body, index, other(body[index], CREDIT_ALPHABET, step))
    assert compute_credit_check(wrong) != compute_credit_check(body)


@given(texts(DIGITS, 8), st.integers(0, 7), st.integers(0, 8))
def test_mod_11_catches_any_one_wrong_digit(body: str, index: int, step: int) -> None:
    """Of digits alone: 0 and B differ by 11, and the standard cannot tell them apart."""
    wrong = replaced(body, index, other(body[index], DIGITS, step))
    assert compute_organisation_check(wrong) != compute_organisation_check(body)


@given(texts(DIGITS, 17), st.integers(0, 16), st.integers(0, 8))
def test_mod_11_2_catches_any_one_wrong_digit(body: str, index: int, step: int) -> None:
    wrong = replaced(body, index, other(body[index], DIGITS, step))
    assert compute_resident_check(wrong) != compute_resident_check(body)


@given(credit_codes(), st.integers(0, 17), st.sampled_from(CREDIT_ALPHABET))
def test_one_wrong_character_spoils_a_credit_code(code: str, index: int, character: str) -> None:
    check_credit_code(code)
    if character != code[index]:
        assert not accepts(check_credit_code, replaced(code, index, character))


@given(identifiers(), st.data())
def test_one_wrong_character_spoils_an_identifier(
    identifier: CertificateIdentifier, data: st.DataObject
) -> None:
    text = identifier.text
    index = data.draw(st.integers(0, len(text) - 1))
    character = data.draw(st.sampled_from(ALPHANUMERIC + "._"))
    if character != text[index]:
        assert not accepts(CertificateIdentifier.parse, replaced(text, index, character))


@given(
    st.text()
    | st.text("0123456789AX._\n")
    | st.builds(
        "{}.{}".format, st.sampled_from((ROOT, VENDOR_ROOT)), st.text("0123456789ABMX._", max_size=90)
    )
    | st.builds(
        replaced, identifiers().map(lambda identifier: identifier.text), st.integers(0, 90), st.characters()
    )
)
def test_every_text_is_accepted_or_refused(text: str) -> None:
    for check in (
        check_credit_code,
        get_division,
        check_resident_number,
        compute_credit_check,
        compute_organisation_check,
    ):
        accepts(check, text)
    if accepts(imported, text):
        assert imported(text).text == text
        assert accepts(CertificateIdentifier.parse, text) == (imported(text).warnings == ())
    else:
        assert not accepts(CertificateIdentifier.parse, text)
