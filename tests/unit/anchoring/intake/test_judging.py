"""Salts that were not drawn, names that no catalogue has, text that nobody sees.

And claims that contradict their record.
"""

from collections.abc import Mapping
from typing import Any

import pytest

from anchoring.errors import SubmissionRefused
from anchoring.intake.intake import accept
from anchoring.register.records import find_newest_leaf
from anchoring.register.store import Register
from ledger.crypto.suites import SM3
from ledger.crypto.trees import hash_leaf
from ledger.encoding.canonical import Json, encode_canonical
from ledger.encoding.unseen import find_unseen_character
from ledger.records.claims import FullDisclosure
from tests.fakes.department import NOW, SETTINGS, World, change, identifier, licence
from tests.unit.anchoring.intake.submitting import decoded, refusal, signed

MASTERS = [
    bytes.fromhex(text) for text in ("8f1c5be29d0347a6b87f21c44ed05a93", "c2e7905d4bb81f6e33a9d07c5518ef42")
]
SALTS = [
    bytes.fromhex(text) for text in ("1d83f6a07cc95e24eb4017b93d62a8f5", "64b9e20f8a5d17c3f02e9b7146cd3ba8")
]
WEAK = [
    bytes(16),
    b"\xff" * 16,
    b"\x13\x37" * 8,
    bytes(range(16)),
    bytes(range(16, 0, -1)),
    (7).to_bytes(16, "big"),
    (2**40).to_bytes(16, "little"),
    b"1234567890123456",
    b"tianmen-salt-001",
    b"0123456789abcdef",
]


def remade(
    world: World, *claims: Mapping[str, Json], masters: list[bytes] = MASTERS, salts: list[bytes] = SALTS
) -> list[bytes]:
    """Return a well-signed submission of a program that drafts without the rules of drafting."""
    rows = decoded(world, *(licence(number) for number in range(1, len(claims) + 1)))
    for row, values, master, salt in zip(rows, claims, masters, salts, strict=False):
        disclosure = FullDisclosure(master, tuple(sorted(values.items())))
        row["disclosure"] = disclosure.to_json()
        row["record"] |= {"claims": SM3.format(disclosure.digest(SM3)), "salt": salt.hex()}
        row["leaf"] = hash_leaf(SM3, encode_canonical(row["record"])).hex()
    return signed(world, sorted(rows, key=lambda row: row["leaf"]))


def drafted(world: World, *rows: dict[str, Any]) -> SubmissionRefused:
    """Return why drafting refuses the same, before anything is signed."""
    with pytest.raises(SubmissionRefused) as caught:
        world.department.lines(rows)
    return caught.value


@pytest.mark.parametrize(
    ("name", "claimed"),
    [
        ("ZZLXDM", "11100000000013338W032"),
        ("ZZBS", identifier(7)),
        ("ZZBFJGDM", "11420106EXAMPLE11A"),
        ("ZZBFRQ", "2099-01-01"),
        ("ZZYXQQSRQ", "2020-01-01"),
        ("ZZYXQJZRQ", "2099-12-31"),
    ],
)
def test_a_claim_that_contradicts_its_record(
    world: World, register: Register, name: str, claimed: str
) -> None:
    values = {"ZZMC": "营业执照", name: claimed}
    refused = refusal(world, register, remade(world, values))
    assert refused.problem == drafted(world, licence(1, claims=values)).problem == "claims-contradict-record"
    assert f"the claim {name} says {claimed!r} and the record" in refused.row_errors[0].message


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("持证主体", "U+6301 (CJK UNIFIED IDEOGRAPH-6301) at place 1"),
        ("证照状态", "at place 1"),
        ("ZZMC\u200b", "U+200B (ZERO WIDTH SPACE) at place 5"),
        ("ZZ\u202eMC", "U+202E (RIGHT-TO-LEFT OVERRIDE) at place 3"),
        ("ZZ\nMC", "U+000A at place 3"),
        ("ZZ MC", "U+0020 (SPACE) at place 3"),
        ("ＺＺＭＣ", "U+FF3A"),
        ("ZZМC", "U+041C (CYRILLIC CAPITAL LETTER EM) at place 3"),
        ("zzmc", "U+007A"),
        ("9ZZ", "U+0039"),
        ("Document/1", "U+006F"),
        ("document/0", "U+0064"),
        ("KZ/X", "U+002F"),
        ("A" * 65, "has 65 characters, at most 64"),
    ],
)
def test_a_name_that_no_catalogue_has(world: World, register: Register, name: str, says: str) -> None:
    refused = refusal(world, register, remade(world, {name: "甲"}))
    assert refused.problem == "unusable-claim"
    assert says in refused.row_errors[0].message
    assert find_unseen_character(refused.row_errors[0].message) is None
    if name.isascii() and not name.startswith("document/"):  # other members of JSON cannot be written at all
        assert drafted(world, licence(1, claims={name: "甲"})).problem == "unusable-claim"


def test_a_name_that_is_empty_is_refused_before_anything_is_signed(world: World, register: Register) -> None:
    refused = drafted(world, licence(1, claims={"": "甲"}))
    assert refused.problem == "unusable-claim"
    assert "'', is empty: a name is capital letters" in refused.row_errors[0].message
    assert refusal(world, register, remade(world, {"": "甲"})).problem == "malformed-row"


@pytest.mark.parametrize(
    "value",
    [
        *(
            "张\u202e三",
            "张\u200b三",
            "张\u2060三",
            "张\x1b[31m三",
            "张\n三",
            "张\x7f",
            "\ufeff张三",
            "张\u3164",
        ),
        *("张\U000e0041", ["甲", "乙\u2066"]),
    ],
)
def test_text_that_nobody_sees(world: World, register: Register, value: Json) -> None:
    refused = refusal(world, register, remade(world, {"CZZT": value}))
    assert refused.problem == drafted(world, licence(1, claims={"CZZT": value})).problem == "unusable-claim"
    assert "the claim CZZT has U+" in refused.row_errors[0].message


def test_the_basis_of_a_change_is_text_that_people_see(world: World, register: Register) -> None:
    rows = decoded(world, change("revoke", 1, previous="sm3:" + "11" * 32))
    rows[0]["record"]["basis"] = "行政许可法\u202e 第七十条"
    rows[0]["leaf"] = hash_leaf(SM3, encode_canonical(rows[0]["record"])).hex()
    refused = refusal(world, register, signed(world, rows))
    assert (refused.problem, "`basis` has U+202E" in refused.row_errors[0].message) == (
        "unusable-claim",
        True,
    )


@pytest.mark.parametrize("weak", WEAK, ids=lambda weak: weak.hex())
def test_a_salt_or_master_that_was_not_drawn(world: World, register: Register, weak: bytes) -> None:
    refused = refusal(world, register, remade(world, {"CZZT": "甲"}, salts=[weak]))
    assert refused.problem == "weak-salt"
    assert "the record's salt" in refused.row_errors[0].message
    refused = refusal(world, register, remade(world, {"CZZT": "甲"}, masters=[weak]))
    assert refused.problem == "weak-salt"
    assert "the master of the claims" in refused.row_errors[0].message


@pytest.mark.parametrize(
    ("masters", "salts"),
    [
        ([MASTERS[0], MASTERS[0]], SALTS),
        (MASTERS, [SALTS[0], SALTS[0]]),
        ([MASTERS[0], SALTS[0]], SALTS),
        ([SALTS[1], MASTERS[0]], SALTS),
        (MASTERS, [MASTERS[0], SALTS[1]]),
    ],
    ids=["master", "salt", "a salt as master", "another's salt as master", "its own master as salt"],
)
def test_a_salt_or_master_that_stands_twice(
    world: World, register: Register, masters: list[bytes], salts: list[bytes]
) -> None:
    refused = refusal(
        world, register, remade(world, {"CZZT": "甲"}, {"CZZT": "乙"}, masters=masters, salts=salts)
    )
    assert refused.problem == "salt-reused"
    assert "has the same salt or master: draw one for each" in refused.row_errors[0].message


def test_shown_claims_have_salts_of_their_own(world: World, register: Register) -> None:
    rows = decoded(world, licence(1))
    disclosure = {
        "shown": [["CZZT", SALTS[0].hex(), "甲"], ["ZZMC", SALTS[0].hex(), "营业执照"]],
        "withheld": [],
    }
    rows[0]["disclosure"] = disclosure
    assert refusal(world, register, signed(world, rows)).problem == "salt-reused"


@pytest.mark.parametrize("reused", ["salt", "master", "salt as master"])
def test_a_salt_or_master_of_the_record_before(world: World, register: Register, reused: str) -> None:
    """Attack: a program that keeps one salt, or one master, for each certificate."""
    accept(register, world.trust, remade(world, {"CZZT": "甲"}), NOW, SETTINGS)
    with register.reading() as connection:
        leaf = find_newest_leaf(connection, identifier(1))
    rows = decoded(world, change("renew", 1, 2, previous=SM3.format(leaf)))
    drawn = {"master": MASTERS[1], "salt": SALTS[1]}
    drawn |= {
        "salt": {"salt": SALTS[0]},
        "master": {"master": MASTERS[0]},
        "salt as master": {"master": SALTS[0]},
    }[reused]
    disclosure = FullDisclosure(drawn["master"], (("CZZT", "甲"),))
    rows[0]["disclosure"] = disclosure.to_json()
    rows[0]["record"] |= {"claims": SM3.format(disclosure.digest(SM3)), "salt": drawn["salt"].hex()}
    rows[0]["leaf"] = hash_leaf(SM3, encode_canonical(rows[0]["record"])).hex()
    refused = refusal(world, register, signed(world, rows))
    assert refused.problem == "salt-reused"
    assert "the record that" in refused.row_errors[0].message
