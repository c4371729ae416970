"""A city whose checkpoints two others cosign; an inspector with document and trust file."""

from collections.abc import Callable
from pathlib import Path
from random import Random

from fastapi.testclient import TestClient

from anchoring.checkpoints.cosigning import Cosigner
from examples.renderings import render_pdf
from ledger.crypto.keys import generate_key
from ledger.encoding.canonical import encode_canonical
from ledger.registry import acts
from ledger.registry.checkpoints import Cosignature, CosignedCheckpoint
from ledger.registry.trust import NODE
from ledger.registry.trust_files import TrustedCosigner, TrustFile
from tests.unit.api.city import City, identifier

SERIAL = "TM2022A0000000000001"


LICENCE = identifier(SERIAL)


DOCUMENT = render_pdf("营业执照", [])


OTHERS = {name: generate_key("p256", Random(name).randbytes) for name in ("wuhan", "xiantao")}


Run = Callable[..., tuple[int, str, str]]


class Cosigned3:
    """A city whose checkpoints two others cosign, a document with its proof, and the trust file of an inspector."""

    def __init__(self, city: City, node: TestClient, folder: Path) -> None:
        self.city, self.node, self.folder = city, node, folder
        for name, key in OTHERS.items():
            division = {"wuhan": "420100", "xiantao": "429004"}[name]
            admitted = acts.LogAdmitted(name, 1, "0x" + "11" * 20, (division,), acts.Predecessor())
            city.act(admitted)
            city.act(acts.KeyRegistered(name, NODE, key.public.spki))
        city.submit(city.licence(SERIAL, {"ZZMC": "营业执照"}, DOCUMENT))
        city.anchor()
        self.document = folder / "licence.pdf"
        self.document.write_bytes(DOCUMENT)
        self.document.with_name("licence.pdf.proof.json").write_bytes(city.proof(LICENCE).encode())
        cosigners = (
            TrustedCosigner("天门", city.node_key.public),
            *(TrustedCosigner(name, key.public) for name, key in OTHERS.items()),
        )
        self.trust = folder / "trust.json"
        self.trust.write_bytes(encode_canonical(TrustFile(city.registry, cosigners, 2).to_json()))

    def cosign(self, *names: str) -> CosignedCheckpoint:
        node = self.node.app.state.node  # type: ignore[attr-defined]
        cosigner = Cosigner(node.replica, node.checkpoints, node.node_key, [])
        signed = cosigner.sign()
        cosigner.take(
            CosignedCheckpoint.of(
                signed.checkpoint, [Cosignature.make(OTHERS[name], signed.checkpoint) for name in names]
            )
        )
        found = node.checkpoints.find_newest()
        assert isinstance(found, CosignedCheckpoint)
        return found

    def snapshot(self, name: str = "a.snapshot", after: int = 0) -> Path:
        self.cosign(*OTHERS)
        path = self.folder / name
        path.write_bytes(self.node.get("/v1/snapshot", params={"after": after}).content)
        return path
