"""A seal used on a description with no document around it, and its members to be altered."""

from typing import Any

import pytest

from ledger.documents.asn1 import structures
from ledger.documents.seals.making import use_seal
from tests.papers import NOW, department, seal

VERSIONS = pytest.mark.parametrize("version", [1, 4, 5])
DESCRIPTION = b"<Signature/>"


def used(version: int = 4, of: bytes | None = None, time: int = NOW) -> bytes:
    return use_seal(of or seal(version), department(), DESCRIPTION, "/Signature.xml", time)


def structure(version: int, data: bytes, *, of_seal: bool = False) -> Any:
    first, later = (
        (structures.Seal1, structures.Seal4) if of_seal else (structures.Signature1, structures.Signature4)
    )
    return (first if version == 1 else later).load(data, strict=True)
