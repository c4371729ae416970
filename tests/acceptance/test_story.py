"""A licence registered in Tianmen, verified in Wuhan while nobody in Tianmen answers."""

import shutil
from pathlib import Path

import pytest

from api.client.client import NodeClient
from api.files import PROOF_SUFFIX
from ledger.crypto.suites import SM3
from ledger.encoding.canonical import Json
from tests.acceptance.cities import ISSUER, Cities, eventually, write_rows

ROOT = Path(__file__).parents[2]
OFD = ROOT.parent / "shared" / "corpus" / "ofd" / "1.ofd"
ENDED = "2024-12-31"


def test_a_licence_from_one_city_to_the_other(cities: Cities, tmp_path: Path) -> None:
    if not OFD.exists():
        pytest.skip(f"the corpus of real OFD documents is not beside the repository: {OFD} is missing")
    # The department has a licence as OFD, one without a document, and one that has run out.
    document = Path(shutil.copy(OFD, tmp_path / "licence.ofd"))
    with_document = cities.licence(documents=[document.name])
    plain = cities.licence()
    ended = cities.licence(valid_until=ENDED)
    records = write_rows(tmp_path / "records.ndjson", with_document, plain, ended)
    receipt = cities.submit(records, "--wait", "60")
    assert receipt.code == 0, receipt.err
    assert receipt.json["state"] == "final"
    assert receipt.json["count"] == 3

    # Each holder gets a proof.
    proof = tmp_path / (document.name + PROOF_SUFFIX)
    cities.export(with_document["identifier"], proof)
    cities.export(ended["identifier"], tmp_path / "ended.json")
    cities.wait_known()

    # Nobody in Tianmen can be asked any more.
    cities.tianmen.stop()
    with NodeClient(cities.tianmen.url) as gone:
        assert not gone.is_ready()
    shown = cities.shunzheng("verify", document, "--node", cities.wuhan.url)
    assert (shown.code, shown.out.split("｜")[0]) == (0, "真实有效")

    # One byte of the document is another.
    forged = tmp_path / "forged.ofd"
    content = bytearray(document.read_bytes())
    content[len(content) // 2] ^= 1
    forged.write_bytes(content)
    report = cities.shunzheng("verify", forged, "--proof", proof, "--node", cities.wuhan.url, "--json")
    assert (report.code, report.json["verdict"], report.json["reason"]) == (
        11,
        "invalid",
        "document_mismatch",
    )

    # The one that ran out is genuine all the same.
    claims = write_rows(tmp_path / "claims.json", _claims(ended))
    report = cities.shunzheng("verify", "--proof", tmp_path / "ended.json", "--claims", claims,
                              "--node", cities.wuhan.url, "--json")  # fmt: skip
    assert (report.code, report.json["reason"]) == (10, "expired")

    # Tianmen comes back and revokes; Wuhan says so once its replica has seen the anchor.
    cities.tianmen.launch()
    cities.tianmen.wait_ready()
    revocation: dict[str, Json] = {
        "kind": "licence",
        "action": "revoke",
        "identifier": with_document["identifier"],
        "issuer": ISSUER,
        "basis": "行政许可法 第六十九条",
        "previous": SM3.format(_newest(cities, str(with_document["identifier"]))),
    }
    revoked = cities.submit(write_rows(tmp_path / "revocation.ndjson", revocation), "--wait", "60")
    assert revoked.code == 0, revoked.err

    def wuhan_says() -> tuple[int, str]:
        answer = cities.shunzheng("verify", document, "--node", cities.wuhan.url, "--json")
        return answer.code, answer.json["reason"]

    eventually(lambda: wuhan_says() == (10, "revoked"))


def _claims(row: dict[str, Json]) -> dict[str, Json]:
    claims = row["claims"]
    assert isinstance(claims, dict)
    return claims


def _newest(cities: Cities, identifier: str) -> bytes:
    """Look the newest record up with `trace`, as the department's clerk does."""
    token = cities.stage.make_token(cities.tianmen, ["history"])
    traced = cities.shunzheng(
        "trace", identifier, "--node", cities.tianmen.url, "--json", SHUNZHENG_TOKEN=token
    )
    assert traced.code == 0, traced.err
    leaf: str = traced.json["records"][-1]["leaf"]
    return bytes.fromhex(leaf.removeprefix("sm3:"))
