"""However many documents of one size a proof states, what is presented is hashed once."""

import pytest

from ledger.crypto.suites import SM3, Suite
from ledger.records.claims import MAX_CLAIMS, DocumentClaim, is_registered
from ledger.records.extensions import find_original_size


@pytest.fixture
def hashed_sizes() -> list[int]:
    return []


@pytest.fixture
def suite(hashed_sizes: list[int]) -> Suite:
    def count_and_hash(content: bytes) -> bytes:
        hashed_sizes.append(len(content))
        return SM3.hash(content)

    return Suite(SM3.name, SM3.number, count_and_hash)


def _make_claims(suite: Suite, size: int) -> list[DocumentClaim]:
    return [
        DocumentClaim("application/pdf", size, suite, number.to_bytes(32, "big"))
        for number in range(MAX_CLAIMS)
    ]


def test_a_document_is_hashed_once_for_all_claims(suite: Suite, hashed_sizes: list[int]) -> None:
    content = b"abc"
    claims = _make_claims(suite, len(content))
    assert not is_registered(content, claims)
    assert hashed_sizes == [3]
    assert is_registered(content, [*claims, DocumentClaim("", len(content), suite, SM3.hash(content))])


def test_signatures_over_the_same_bytes_have_them_hashed_once(suite: Suite, hashed_sizes: list[int]) -> None:
    content = b"%PDF-1.7 <00>" + b"/ByteRange [0 9 13 987]" * 16
    content += b" " * (1_200 - len(content))
    assert find_original_size(content, _make_claims(suite, 1_000)) is None
    assert hashed_sizes == [1_000]
