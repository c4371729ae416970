"""The register: its log, submissions, lineages and tokens, and what it keeps secret."""

import os
import stat
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from anchoring.errors import AnchoringError, NotFound, RegisterBehind
from anchoring.register.access.tokens import PREFIX, check_token, create_token, list_tokens, revoke_token
from anchoring.register.batches import find_own_log, hold_log
from anchoring.register.records import find_current_leaf, find_newest_leaf, find_record, find_records
from anchoring.register.store import Register
from anchoring.register.submissions import find_submission, list_submissions
from anchoring.register.tables import DISCLOSURE
from ledger.records.seal_identifiers import SealingIdentifier
from ledger.registry.knowledge import Knowledge
from tests.fakes.department import ISSUER, LOG, NOW, World, change, identifier, licence

random = Random(1).randbytes


def test_a_register_opens_again(register: Register, world: World) -> None:
    acceptance = world.department.submit(register, world.trust, licence(1))
    again = Register(str(register.engine.url))
    with again.reading() as connection:
        assert find_submission(connection, acceptance.id).acceptance == acceptance
    again.close()


def test_a_register_belongs_to_one_log(register: Register, world: World) -> None:
    state = world.trust.find_log(LOG)
    assert state
    with register.writing() as connection:
        assert find_own_log(connection) is None
        own = hold_log(connection, state, world.trust, NOW)
        assert find_own_log(connection) == own
    with register.writing() as connection:
        assert hold_log(connection, state, world.trust, NOW + 1) == own
        with pytest.raises(RegisterBehind, match="belongs to tianmen"):
            hold_log(connection, state, Knowledge("eip155:1:0x" + "00" * 20 + ":" + "00" * 8, bytes(32)), NOW)


def test_submissions_are_listed_in_pages(register: Register, world: World) -> None:
    acceptances = [
        world.department.submit(register, world.trust, licence(n), licence(100 + n)) for n in range(5)
    ]
    listed, after = [], -1
    with register.reading() as connection:
        while page := list_submissions(connection, after=after, limit=2):
            listed += page
            after = page[-1].acceptance.first_position
    assert [item.acceptance for item in listed] == acceptances


@pytest.mark.parametrize("id", ["", "zz", "00" * 32, "x" * 1000])
def test_a_submission_that_is_not_here_is_not_found(register: Register, id: str) -> None:
    with register.reading() as connection, pytest.raises(NotFound):
        find_submission(connection, id)


@pytest.mark.parametrize("sought", [identifier(1), "", "天门", "a\0b", "\ud800"], ids=ascii)
def test_what_is_not_registered_is_not_found(register: Register, sought: str) -> None:
    with register.reading() as connection:
        for look in (find_records, find_current_leaf, find_newest_leaf):
            with pytest.raises(NotFound, match="is not registered here"):
                look(connection, sought)
        with pytest.raises(NotFound):
            find_record(connection, bytes(32))


def test_any_version_leads_to_its_lineage(register: Register, world: World) -> None:
    world.department.submit(register, world.trust, licence(1), change("amend", 1, 2))
    with register.reading() as connection:
        for version in (1, 2, 9):
            held = find_records(connection, identifier(1, version))
            assert {item.record.action for item in held} == {"issue", "amend"}


def test_an_identifier_of_another_kind_is_its_own_lineage(register: Register, world: World) -> None:
    seal = SealingIdentifier.build("seal", ISSUER, "429006000001").text
    world.department.submit(register, world.trust, licence(1), licence(kind="seal", identifier=seal))
    with register.reading() as connection:
        assert [held.record.kind for held in find_records(connection, seal)] == ["seal"]


def test_errors_of_the_database_show_no_values(register: Register) -> None:
    row = {"position": 1, "content": "公民身份号码 429006199001010012".encode()}
    with pytest.raises(IntegrityError) as caught, register.writing() as connection:
        connection.execute(insert(DISCLOSURE), [row, row])
    assert "429006199001010012" not in str(caught.value)
    assert "hidden" in str(caught.value)


def test_the_file_of_a_register_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    Register(f"sqlite:///{tmp_path / 'register.db'}").close()
    mode = stat.S_IMODE((tmp_path / "register.db").stat().st_mode)
    assert mode & 0o077 == 0


# -- Tokens --


def test_a_token_opens_what_its_scopes_say(register: Register) -> None:
    with register.writing() as connection:
        made, text = create_token(
            connection, random, label="audit office", scopes=["history", "proofs"], now=NOW, ends_at=None
        )
    with register.reading() as connection:
        assert check_token(connection, text, NOW) == made
        assert made.scopes == {"history", "proofs"}
        assert check_token(connection, text + "0", NOW) is None
        assert check_token(connection, "", NOW) is None
        assert check_token(connection, "\ud800", NOW) is None
    assert text.startswith(PREFIX)


def test_the_register_knows_no_token_text(tmp_path: Path) -> None:
    register = Register(f"sqlite:///{tmp_path / 'register.db'}")
    with register.writing() as connection:
        _, text = create_token(connection, random, label="x", scopes=["history"], now=NOW, ends_at=None)
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"audit" not in held
    assert text.encode() not in held
    assert text.removeprefix(PREFIX).encode() not in held


def test_a_token_ends(register: Register) -> None:
    with register.writing() as connection:
        made, text = create_token(connection, random, label="a", scopes=["claims"], now=NOW, ends_at=NOW + 10)
        _, other = create_token(connection, random, label="b", scopes=["claims"], now=NOW, ends_at=None)
        assert check_token(connection, text, NOW + 9)
        assert check_token(connection, text, NOW + 10) is None
        revoke_token(connection, made.id, NOW + 1)
        revoke_token(connection, made.id, NOW + 2)
        assert check_token(connection, text, NOW) is None
        assert check_token(connection, other, NOW)
        assert [(token.label, token.revoked_at) for token in list_tokens(connection)] == [
            ("a", NOW + 1),
            ("b", None),
        ] or [(token.label, token.revoked_at) for token in list_tokens(connection)] == [
            ("b", None),
            ("a", NOW + 1),
        ]
        with pytest.raises(NotFound):
            revoke_token(connection, "unknown", NOW)


@pytest.mark.parametrize("scopes", [[], ["everything"], ["history", "root"]])
def test_a_token_without_a_known_scope_is_not_made(register: Register, scopes: list[str]) -> None:
    with register.writing() as connection, pytest.raises(AnchoringError):
        create_token(connection, random, label="x", scopes=scopes, now=NOW, ends_at=None)


def test_a_second_register_in_the_process_does_not_drop_the_locks_of_the_first(tmp_path: Path) -> None:
    """Another process that believes to be alone takes the write-ahead log away, and with it what is written next."""
    url = f"sqlite:///{tmp_path / 'register.db'}"
    register = Register(url)
    count = (
        "from anchoring.register.store import Register; from anchoring.register.access.tokens import list_tokens\n"
        f"register = Register({url!r})\n"
        "with register.reading() as connection: print(len(list_tokens(connection)))\n"
        "register.close()"
    )

    def elsewhere() -> int:
        return int(subprocess.run([sys.executable, "-c", count], check=True, capture_output=True).stdout)

    for label in ("one", "two"):
        Register(url).close()
        with register.writing() as connection:
            create_token(connection, os.urandom, label=label, scopes=["proofs"], now=1, ends_at=None)
        assert elsewhere() == (1 if label == "one" else 2)
    register.close()
