"""Write the examples of the interface description anew.

    python -m tests.unit.api.make_examples

They come from real requests to a small scene. Keys, salts and times are the same each time; SM2 signatures never are, and
what hashes them neither.
"""

import base64
import json
import tempfile
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from anchoring.processes.condition import Reporter
from api.http.app import create_app
from api.http.openapi import EXAMPLES
from api.node.parts import list_reporting_parts
from ledger.encoding import times
from tests.unit.api.city import LOG, City, identifier

SERIAL = "TM2022A0000000000001"
DOCUMENT = "天门市示例餐饮店 营业执照\n".encode()
CLAIMS = {"ZZMC": "营业执照", "CZZT": "天门市示例餐饮店"}


def examples(city: City) -> dict[str, dict[str, Any]]:
    """Return request and answer of every operation, by its method and path."""
    licence = identifier(SERIAL)
    with TestClient(create_app(city.settings, city.clock)) as node:
        sent = city.draft(city.licence(SERIAL, CLAIMS, DOCUMENT))
        receipt = node.post(
            "/v1/submissions", content=sent, headers={"Content-Type": "application/x-ndjson"}
        ).json()
        city.anchor()
        bearer = {"Authorization": f"Bearer {city.token('proofs', 'claims', 'history', 'search')}"}
        proof = node.get(f"/v1/certificates/{licence}/proof", headers=bearer).json()
        request = {"proof": proof, "documents": [base64.b64encode(DOCUMENT).decode()]}
        batch = {"items": [{"proof": proof, "claims": CLAIMS}], "max_age": 3600}
        shown: dict[str, dict[str, Any]] = {}
        shown["POST /v1/submissions"] = {"request": sent.decode(), "201": receipt, "200": receipt}
        shown["POST /v1/receipts/check"] = {
            "request": receipt["signed"],
            "200": node.post("/v1/receipts/check", json=receipt["signed"]).json(),
        }
        shown["GET /v1/submissions/{id}"] = {"200": node.get(f"/v1/submissions/{receipt['id']}").json()}
        shown["POST /v1/verify"] = {"request": request, "200": node.post("/v1/verify", json=request).json()}
        shown["POST /v1/verify/batch"] = {
            "request": batch,
            "200": node.post("/v1/verify/batch", json=batch).json(),
        }
        asked = {"identifiers": [licence]}
        shown["POST /v1/certificates/lineages"] = {
            "request": asked,
            "200": node.post("/v1/certificates/lineages", json=asked, headers=bearer).json(),
        }
        reasoned = {"reason": "信访 2026-17"}
        for path, question in (
            ("/v1/certificates/find", reasoned | {"holder": CLAIMS["CZZT"]}),
            ("/v1/search", reasoned | {"state": "valid"}),
            ("/v1/figures", reasoned),
        ):
            answer = node.post(path, json=question, headers=bearer).json()
            shown[f"POST {path}"] = {"request": question, "200": answer}
        past = {"proof": proof, "at": times.format_time(city.now)}
        shown["POST /v1/status"] = {"request": past, "200": node.post("/v1/status", json=past).json()}
        history = node.get(f"/v1/certificates/{licence}/history", headers=bearer).json()
        shown["POST /v1/histories/check"] = {
            "request": history["signed"],
            "200": node.post("/v1/histories/check", json=history["signed"]).json(),
        }
        alone = {"proof": proof}
        shown["POST /v1/histories/outline"] = {
            "request": alone,
            "200": node.post("/v1/histories/outline", json=alone).json(),
        }
        leaf = history["records"][0]["leaf"]
        for part in list_reporting_parts(city.settings):
            Reporter(city.replica.engine, part, city.clock).tell()
        for operation, path in {
            "GET /v1/records/{leaf}/proof": f"/v1/records/{leaf}/proof",
            "GET /v1/certificates/{identifier}/proof": f"/v1/certificates/{licence}/proof",
            "GET /v1/certificates/{identifier}/history": f"/v1/certificates/{licence}/history",
            "GET /v1/logs": "/v1/logs",
            "GET /v1/logs/{log}/entries": f"/v1/logs/{LOG}/entries",
            "GET /v1/anchors": f"/v1/anchors?log={LOG}",
            "GET /v1/keys/{key}": f"/v1/keys/{receipt['signed']['receipt']['key']}",
            "GET /v1/logs/{log}/status": f"/v1/logs/{LOG}/status",
            "GET /healthz": "/healthz",
            "GET /readyz": "/readyz",
        }.items():
            shown[operation] = {"200": node.get(path, headers=bearer).json()}
    return shown


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        city = City(Path(directory))
        text = json.dumps(examples(city), ensure_ascii=False, indent=1)
        city.close()
    EXAMPLES.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
