"""Identifiers and their check digits, on real codes and on what people get wrong."""

from dataclasses import FrozenInstanceError

import pytest

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

REAL = (
    "11100000000013338W011.11430000006122244L.20230000403.001.U",
    "11100000000013338W011.11430000006122244L.20230000403.002.S",
    "11100000000013338W009.11330105002500287C.2025052201.002.0",
    "11100000MB03271699022.340100.000000016.001.9",
    "11100000000013338W087.11370800MB28559184.37080001202411010001.001.3",
)
TIANMEN = (
    "11100000MB0143028R001.11429006012345671T.TM2022A0000000000001.001.E",
    "11100000MB0143028R001.11429006012345671T.TM2022A0000000000001.002.C",
    "11100000MB03271699001.11429006012345671T.TM2022A0000000000001.001.5",
    "11100000MB03271699001.11429006012345671T.TM2022A0000000000001.002.3",
)
CREDIT_CODES = (
    "91350100M000100Y43",
    "91440300708461136T",
    "11100000MB0143028R",
    "11100000000013338W",
    "11100000000019713D",
    "11100000MB03271699",
    "11429006012345671T",
    "113700000045046442",
)
TYPE, ISSUER, SERIAL = "11100000MB0143028R001", "11429006012345671T", "TM2022A0000000000001"


@pytest.mark.parametrize("tail", REAL + TIANMEN)
def test_identifiers_in_use_parse_and_come_back(tail: str) -> None:
    text = f"{ROOT}.{tail}"
    identifier = CertificateIdentifier.parse(text)
    assert identifier.text == text
    assert identifier.warnings == ()
    assert [identifier.type, identifier.issuer, identifier.serial] == tail.split(".")[:3]
    assert identifier == CertificateIdentifier.parse(text, strict=False)


@pytest.mark.parametrize("tail", REAL + TIANMEN)
def test_building_computes_the_check_digit(tail: str) -> None:
    type_, issuer, serial, version, _ = tail.split(".")
    assert CertificateIdentifier.build(type_, issuer, serial, int(version)).text == f"{ROOT}.{tail}"


@pytest.mark.parametrize(("first", "second"), [REAL[:2], TIANMEN[:2], TIANMEN[2:]])
def test_versions_share_their_lineage(first: str, second: str) -> None:
    version_one, version_two = (CertificateIdentifier.parse(f"{ROOT}.{tail}") for tail in (first, second))
    assert version_one.with_version(2) == version_two
    assert version_two.with_version(1) == version_one
    assert version_one.lineage == version_two.lineage == f"{ROOT}.{first.rpartition('.001.')[0]}"


def test_another_certificate_has_another_lineage() -> None:
    lineages = {CertificateIdentifier.parse(f"{ROOT}.{tail}").lineage for tail in REAL + TIANMEN}
    assert len(lineages) == len(REAL + TIANMEN) - 3


def test_an_identifier_does_not_change() -> None:
    identifier = CertificateIdentifier.build(TYPE, ISSUER, SERIAL, 1)
    with pytest.raises(FrozenInstanceError):
        identifier.version = 2  # type: ignore[misc]


@pytest.mark.parametrize("version", [1, 10, 999])
def test_versions_in_range(version: int) -> None:
    text = CertificateIdentifier.build(TYPE, ISSUER, SERIAL, version).text
    assert f".{version:03d}." in text
    assert CertificateIdentifier.parse(text).version == version


@pytest.mark.parametrize("version", [-1, 0, 1000])
def test_versions_out_of_range(version: int) -> None:
    with pytest.raises(InvalidIdentifier, match="expected 3 digits from 001 to 999"):
        CertificateIdentifier.build(TYPE, ISSUER, SERIAL, version)
    with pytest.raises(InvalidIdentifier, match="expected 3 digits from 001 to 999"):
        CertificateIdentifier.build(TYPE, ISSUER, SERIAL, 1).with_version(version)


GOOD = f"{ROOT}.{TIANMEN[0]}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected 1.2.156.3005.2.TYPE.ISSUER.SERIAL.VERSION.CHECK"),
        (TIANMEN[0], "expected 1.2.156.3005.2.TYPE"),
        (f"{GOOD}.E", "expected 1.2.156.3005.2.TYPE"),
        (f" {GOOD}", "expected 1.2.156.3005.2.TYPE"),
        (f"{GOOD}\n", "the check digit is 'E.n', expected one character"),
        (GOOD.replace("001.E", "001."), "the check digit is '', expected one character"),
        (GOOD.replace(".001.", ".1."), "the version is '1', expected 3 digits"),
        (GOOD.replace(".001.", ".000."), "the version is '000', expected 3 digits"),
        (GOOD.replace(".001.", ".00１."), "the version is .*, expected 3 digits"),
        (GOOD.replace("R001", "R0011"), "the type is '11100000MB0143028R0011', expected an 18-character"),
        (GOOD.replace("R001", "R00A"), "the type is '11100000MB0143028R00A'"),
        (GOOD.replace("TM2022A0000000000001", "TM2022A0"), "the serial is 'TM2022A0', expected 9 to 32"),
        (GOOD.replace("TM2022A", "T" * 20), "the serial is .*, expected 9 to 32"),
        (GOOD.replace("TM2022A", "tm2022a"), "the serial is 'tm2022a0000000000001'"),
        (GOOD.replace("11429006012345671T.", "11429006012345671TT."), "the issuer is .*, expected 1 to 18"),
        (GOOD.replace("11429006012345671T.", "."), "the issuer is '', expected 1 to 18"),
        (GOOD + "门", "the check digit is"),
    ],
)
def test_what_is_no_identifier_is_refused_in_any_case(text: str, message: str) -> None:
    for strict in (True, False):
        with pytest.raises(InvalidIdentifier, match=message):
            CertificateIdentifier.parse(text, strict=strict)


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (GOOD[:-1] + "M", "the check digit is M, expected E"),
        (GOOD.replace("A0000000000001", "A_000000000001"), "issuer or serial contains '_'"),
        (GOOD.replace("11429006012345671T", "429006_01"), "issuer or serial contains '_'"),
        (GOOD.replace(ROOT, VENDOR_ROOT), "the root is 1.2.156.3003.2, which belongs to a vendor"),
        (f"{ROOT}.11100000MB0143028Q001.{ISSUER}.{SERIAL}.001.4", "the type does not hold a credit code"),
        (f"{ROOT}.{TYPE}.11429006012345671U.{SERIAL}.001.2", "the issuer does not hold a credit code"),
    ],
)
def test_oddities_of_real_data_are_refused_strictly_and_warned_of_on_import(text: str, warning: str) -> None:
    with pytest.raises(InvalidIdentifier) as caught:
        CertificateIdentifier.parse(text)
    imported = CertificateIdentifier.parse(text, strict=False)
    assert imported.text == text
    assert len(imported.warnings) == 1
    assert warning in imported.warnings[0]
    assert imported.warnings[0] in str(caught.value)


def test_every_oddity_is_named() -> None:
    text = f"{VENDOR_ROOT}.11100000MB0143028Q001.11429006012345671U.{SERIAL}.001.0"
    assert len(CertificateIdentifier.parse(text, strict=False).warnings) == 4


def test_a_wrong_check_digit_is_mended_by_the_next_version_and_other_oddities_are_not() -> None:
    wrong = CertificateIdentifier.parse(GOOD[:-1] + "M", strict=False)
    assert wrong.with_version(2).text == f"{ROOT}.{TIANMEN[1]}"
    for text in (GOOD.replace(ROOT, VENDOR_ROOT), GOOD.replace("A0000", "A_000")):
        imported = CertificateIdentifier.parse(text, strict=False)
        with pytest.raises(InvalidIdentifier):
            imported.with_version(2)


def test_a_vendor_root_is_another_lineage() -> None:
    vendor = CertificateIdentifier.parse(GOOD.replace(ROOT, VENDOR_ROOT), strict=False)
    assert vendor.lineage != CertificateIdentifier.parse(GOOD).lineage


def test_messages_quote_untrusted_text_in_print_and_in_part() -> None:
    with pytest.raises(InvalidIdentifier) as caught:
        CertificateIdentifier.parse("\x1b[31m\ud800" * 10_000)
    assert str(caught.value).isascii()
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("body", ["", "a", "1.2", "１"])
def test_certificate_check_refuses_other_characters(body: str) -> None:
    with pytest.raises(InvalidIdentifier):
        compute_certificate_check(body)


@pytest.mark.parametrize("code", CREDIT_CODES)
def test_credit_codes_in_use(code: str) -> None:
    check_credit_code(code)
    assert compute_credit_check(code[:17]) == code[17]
    assert compute_organisation_check(code[8:16]) == code[16]
    assert get_division(code) == code[2:8]


def test_division_of_tianmen() -> None:
    assert get_division("11429006012345671T") == "429006"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("11429006012345671U", "the check digit is U, expected T"),
        ("11429006012345678H", "the 17th character, .* is 8, expected 1"),
        ("1142900601234567", "expected 18 characters"),
        ("11429006012345671T0", "expected 18 characters"),
        ("11429006O12345671T", "without I, O, S, V, Z"),
        ("1142900A012345671T", "the 3rd to 8th being digits"),
        ("11429006012345671t", "expected 18 characters"),
        ("１1429006012345671T", "expected 18 characters"),
        ("11429006012345671T\n", "expected 18 characters"),
    ],
)
def test_credit_codes_that_are_wrong(code: str, message: str) -> None:
    for _ in range(2):  # the second time from the cache
        with pytest.raises(InvalidIdentifier, match=message):
            check_credit_code(code)


@pytest.mark.parametrize("code", ["", "11429006", "1142900A012345671T", "1142９006012345671T"])
def test_division_asks_for_the_form_only(code: str) -> None:
    assert get_division("11429006012345671U") == "429006"
    with pytest.raises(InvalidIdentifier):
        get_division(code)


@pytest.mark.parametrize("body", ["", "1142900601234567", "1142900601234567I", "114290060123456711"])
def test_credit_code_check_wants_17_characters(body: str) -> None:
    with pytest.raises(InvalidIdentifier):
        compute_credit_check(body)


@pytest.mark.parametrize(
    ("body", "check"), [("D2143569", "X"), ("01234567", "1"), ("M000100Y", "4"), ("00000000", "0")]
)
def test_organisation_codes(body: str, check: str) -> None:
    assert compute_organisation_check(body) == check


@pytest.mark.parametrize("body", ["", "0123456", "012345678", "0123456a"])
def test_organisation_code_check_wants_8_characters(body: str) -> None:
    with pytest.raises(InvalidIdentifier):
        compute_organisation_check(body)


@pytest.mark.parametrize(("body", "check"), [("11010519491231002", "X"), ("44052418800101001", "4")])
def test_resident_numbers_of_the_standard(body: str, check: str) -> None:
    assert compute_resident_check(body) == check
    check_resident_number(body + check)


@pytest.mark.parametrize("number", ["429006199001010012", "429006195603151244"])
def test_synthetic_resident_numbers_of_tianmen(number: str) -> None:
    check_resident_number(number)


@pytest.mark.parametrize(
    ("number", "message"),
    [
        ("429006199001010013", "the check digit is wrong"),
        ("429006199002300018", "the date of birth does not exist"),
        ("429006190002290016", "the date of birth does not exist"),
        ("429006179912310017", "not between 1800 and 2099"),
        ("429006210001010016", "not between 1800 and 2099"),
        ("42900619900101001", "expected 17 digits"),
        ("42900619900101001x", "expected 17 digits"),
        ("029006199001010012", "expected 17 digits"),
        ("4290061990010100１2", "expected 17 digits"),
    ],
)
def test_resident_numbers_that_are_wrong_are_not_repeated(number: str, message: str) -> None:
    with pytest.raises(InvalidIdentifier, match=message) as caught:
        check_resident_number(number)
    assert number not in str(caught.value)


def test_resident_number_check_wants_17_digits() -> None:
    with pytest.raises(InvalidIdentifier):
        compute_resident_check("1101051949123100X")
