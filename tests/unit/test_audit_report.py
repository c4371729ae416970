"""A report of an audit is signed and read back; the second verifier checks its claims."""

import importlib
import importlib.util
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest

from ledger.crypto.keys import generate_key
from ledger.encoding.canonical import Json, encode_canonical
from ledger.errors import LimitExceeded, MalformedInput
from ledger.verification.audits import (
    MAX_BYTES,
    AuditStatement,
    Head,
    SignedAudit,
    decode_signed_audit,
    sign_audit,
)

ROOT: Final = Path(__file__).parents[2]
KEY: Final = generate_key("p256", lambda count: b"\x07" * count)


@pytest.fixture(scope="module")
def worked() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "docs" / "formats")
        yield importlib.import_module("worked_example").build_example()


@pytest.fixture(scope="module")
def verifier() -> ModuleType:
    specification = importlib.util.spec_from_file_location("second", ROOT / "verifier" / "verify.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def signed(worked: Any) -> SignedAudit:
    return decode_signed_audit(encode_canonical(worked.blocks["audit"]))


def judge(verifier: ModuleType, worked: Any, value: Json) -> tuple[str, str]:
    trust = verifier.take_snapshot(worked.snapshot, encode_canonical(worked.trust.to_json()))
    judgement: tuple[str, str] = verifier.judge_audit(encode_canonical(value), trust)
    return judgement


def sign(statement: AuditStatement) -> Json:
    return sign_audit(KEY, replace(statement, spki=KEY.public.spki)).to_json()


def test_a_report_is_read_as_it_was_written(signed: SignedAudit) -> None:
    assert signed.is_genuine
    assert decode_signed_audit(encode_canonical(signed.to_json())) == signed
    assert not replace(signed, statement=replace(signed.statement, unlisted_count=1)).is_genuine


def test_a_report_without_state_and_log_is_read_too(signed: SignedAudit) -> None:
    statement = replace(signed.statement, standing=None, log="", spki=KEY.public.spki)
    assert decode_signed_audit(encode_canonical(sign_audit(KEY, statement).to_json())).statement == statement


def test_what_is_no_report_is_refused(signed: SignedAudit) -> None:
    with pytest.raises(MalformedInput, match="another key"):
        sign_audit(KEY, signed.statement)
    with pytest.raises(LimitExceeded):
        decode_signed_audit(b" " * (MAX_BYTES + 1))
    value = json.loads(encode_canonical(signed.to_json()))
    value["report"]["checked"] = ["events"]
    with pytest.raises(MalformedInput):
        decode_signed_audit(encode_canonical(value))


def test_the_second_verifier_compares_its_claims_with_a_snapshot(
    verifier: ModuleType, worked: Any, signed: SignedAudit
) -> None:
    statement, standing = signed.statement, signed.statement.standing
    assert standing
    assert judge(verifier, worked, signed.to_json()) == ("agrees", "")
    for changed, outcome in (
        (replace(standing, replica_head=Head(3, bytes(32))), ("contradicted", "head_differs")),
        (replace(standing, chain_head=Head(3, bytes(32))), ("contradicted", "head_differs")),
        (replace(standing, checkpoint_heads=(Head(3, bytes(32)),)), ("contradicted", "head_differs")),
        (replace(standing, replica_head=Head(9_999, bytes(32))), ("unverifiable", "head_unknown")),
        (replace(standing, size=standing.size + 1), ("contradicted", "log_differs")),
        (replace(standing, sequence=standing.sequence + 1), ("contradicted", "log_differs")),
        (replace(standing, block_number=standing.block_number + 1), ("contradicted", "event_differs")),
        (replace(standing, time=standing.time + 1), ("contradicted", "event_differs")),
        (replace(standing, chain_head=Head(9_999, bytes(32))), ("unverifiable", "head_unknown")),
        (replace(standing, checkpoint_heads=(Head(9_999, bytes(32)),)), ("unverifiable", "head_unknown")),
        (None, ("unverifiable", "no_state")),
    ):
        assert judge(verifier, worked, sign(replace(statement, standing=changed))) == outcome
    for log in ("", "nowhere"):
        assert judge(verifier, worked, sign(replace(statement, log=log))) == ("contradicted", "log_differs")
        nothing = replace(standing, sequence=0, size=0)
        assert judge(verifier, worked, sign(replace(statement, log=log, standing=nothing))) == ("agrees", "")
    for event_number, extent in (
        (4, (0, 0)),
        (5, (0, 42)),
    ):  # admitted by event 5, after a predecessor of 42 positions
        assert verifier.find_extent(verifier.Log("sm3", 42, 5), event_number) == extent
    forged = replace(signed, statement=replace(statement, unlisted_count=1))
    assert judge(verifier, worked, forged.to_json()) == ("contradicted", "signature_bad")
    assert judge(verifier, worked, {"report": {}, "signature": ""}) == ("unverifiable", "malformed")
    elsewhere = sign(replace(statement, registry=statement.registry.replace("31337", "31338")))
    assert judge(verifier, worked, elsewhere) == ("unverifiable", "other_registry")
