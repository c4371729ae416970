"""A seal, a document sealed with it, and the licence that links to both.

In a city of `tests.scenes`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ledger.proof.proof import Proof
from ledger.records.records import Link
from ledger.records.seal_identifiers import SealingIdentifier
from ledger.verification.report import Report
from tests.scenes import DOCUMENT, City, Item, Registry

PICTURE = b"an encoded seal"


@dataclass
class Sealed:
    """A city with a seal and a document that was sealed with it."""

    city: City
    seal: Item
    signature: Item
    licence: Item

    def proof(self, **altered: Any) -> Proof:
        return self.city.proof(self.licence, **{"linked_proofs": (self.sealing(),)} | altered)

    def sealing(self, **altered: Any) -> Proof:
        made_with = self.city.proof(self.seal, staple=None)
        return self.city.proof(self.signature, **{"staple": None, "linked_proofs": (made_with,)} | altered)

    def verify(self, **altered: Any) -> Report:
        return self.city.verify(self.proof(**altered), documents=[DOCUMENT])


def make_seal(city: City, **altered: Any) -> Item:
    claims = {"CZZT": "天门市示例局", "CZZTDM": city.issuer, "ZZQZMC": "天门市示例局电子证照专用章"}
    members = {
        "kind": "seal",
        "identifier": SealingIdentifier.build("seal", city.issuer, "42900600000001").text,
        "claims": claims,
        "documents": [PICTURE],
    }
    return city.licence(0, **members | altered)


def make_signature(city: City, seal: Item, **altered: Any) -> Item:
    members = {
        "kind": "signature",
        "identifier": SealingIdentifier.build("signature", city.issuer, "TM000000001").text,
        "claims": {"KZ_QZRDM": city.issuer, "ZZQZSJ": "2026-03-01T08:00:00Z"},
        "valid_until": None,
        "links": (Link("made-with", seal.leaf),),
    }
    return city.licence(0, **members | altered)


def sealed_by(signature: Item) -> dict[str, Any]:
    return {"links": (Link("sealed-by", signature.leaf),)}


def scene(between: Callable[[City, Item], None] | None = None, **altered: Any) -> Sealed:
    """Register seal, signature and licence one after the other; `between` runs before the signature is registered."""
    city = City(Registry())
    seal = make_seal(city, **altered.pop("seal", {}))
    city.register(seal)
    if between:
        between(city, seal)
    signature = make_signature(city, seal, **altered.pop("signature", {}))
    city.register(signature)
    licence = city.licence(**sealed_by(signature), **altered.pop("licence", {}))
    assert not altered
    city.register(licence)
    return Sealed(city, seal, signature, licence)
