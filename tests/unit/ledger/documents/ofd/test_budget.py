"""Small OFD documents that would keep a reader busy are refused in no time.

What is honest and large is read.
"""

import time
from collections.abc import Callable

import pytest

from ledger.documents.ofd import budget
from ledger.documents.ofd.archive import open_archive, write_archive
from ledger.documents.ofd.budget import Budget
from ledger.documents.openers import inspect
from ledger.encoding import der
from ledger.errors import LimitExceeded
from ledger.verification.reasons import Verdict
from tests.papers import parts, sealed

SIGNATURE = b"<Signature><SignedInfo>%s</SignedInfo><SignedValue>/v.dat</SignedValue></Signature>"
ROOT = b"<OFD><DocBody><Signatures>/list.xml</Signatures></DocBody></OFD>"


def document(count: int, description: bytes, value: bytes = b"") -> bytes:
    """Return a document of so many signatures, each with a description and a value of its own."""
    listed = b"".join(b'<Signature ID="%d" BaseLoc="/s%d.xml"/>' % (n, n) for n in range(count))
    described = {f"s{n}.xml": description.replace(b"/v.dat", b"/v%d.dat" % n) for n in range(count)}
    values = {f"v{n}.dat": value for n in range(count)}
    return write_archive(
        {"OFD.xml": ROOT, "list.xml": b"<Signatures>" + listed + b"</Signatures>", **described, **values}
    )


ELEMENTS = SIGNATURE % (b"<A/>" * 24_000)
DER = der.encode(der.SEQUENCE, *[der.encode(der.SEQUENCE, der.encode_integer(1))] * 9_000)


@pytest.mark.parametrize(
    ("hostile", "limit"),
    [(document(64, ELEMENTS), "XML"), (document(64, SIGNATURE % b"", DER), "DER elements")],
    ids=["XML", "DER"],
)
def test_all_signatures_together_have_one_limit(hostile: bytes, limit: str) -> None:
    begun = time.process_time()
    inspection = inspect(hostile)
    assert time.process_time() - begun < 5
    assert limit in (inspection.problem or "")
    assert inspection.verdict is Verdict.UNVERIFIABLE


def test_what_was_not_read_for_its_size_is_not_called_altered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "MAX_READ_BYTES", sum(map(len, parts(sealed()).values())) // 2)
    inspection = inspect(sealed())
    assert "bytes at most in all" in (inspection.problem or "")
    assert inspection.verdict is Verdict.UNVERIFIABLE


@pytest.mark.parametrize("take", [Budget.take_bytes, Budget.take_xml, Budget.take_der])
def test_a_budget_remembers_that_it_was_passed(take: Callable[[Budget, int], None]) -> None:
    spent = Budget()
    take(spent, 1)
    assert spent.fault is None
    with pytest.raises(LimitExceeded):
        take(spent, 2**40)
    assert spent.fault


@pytest.mark.parametrize("name", ["a" * 1_025, "/".join("a" * 33)])
def test_names_are_bounded_in_length_and_depth(name: str) -> None:
    with pytest.raises(LimitExceeded):
        open_archive(write_archive({name: b""}))


@pytest.mark.parametrize("name", ["a" * 1_024, "/".join("a" * 32)])
def test_names_within_the_bounds_are_read(name: str) -> None:
    assert open_archive(write_archive({name: b""})).names == [name]


def test_a_report_names_some_parts_and_counts_the_others() -> None:
    many = write_archive({**parts(sealed()), **{f"Doc_0/{'x' * 300}{n}.xml": b"" for n in range(5_000)}})
    (report,) = inspect(many).signatures
    assert report.verdict is not Verdict.VALID
    assert len(report.uncovered_parts) == 201
    assert report.uncovered_parts[-1] == "…另有 4800 项 (and 4800 more)"
    assert max(map(len, report.uncovered_parts)) <= 201
