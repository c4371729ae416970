"""Terms: by which number, holder or document a certificate is found.

A term is the beginning of a hash over the folded spelling of a value. It narrows a search down to some records; whether they
state the value is then looked up in what they disclose. It is no secret: whoever has the table can try every number there
is, so a term lives and ends with the disclosure beside which it stands.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Final

from ledger.encoding.canonical import Json
from ledger.records.claims import is_document
from ledger.records.spellings import fold_characters

# Bits of a hash: as many as a column holds that counts from 0. Two values of one term cost a look at one disclosure more.
_TERM_BITS: Final = 63
# Of a claim that lists several holders or numbers: more are found by their first ones.
_MAX_ITEMS: Final = 64


class Sort(StrEnum):
    """What a certificate is looked for by."""

    NUMBER = "number"
    HOLDER = "holder"
    DOCUMENT = "document"


#: Claims of GB/T 36903, and of seals, that hold a number 编号, or a holder's name or code 持证主体.
CLAIMS: Final[Mapping[str, Sort]] = {
    "ZZBH": Sort.NUMBER,
    "KZ_YZBM": Sort.NUMBER,
    "CZZT": Sort.HOLDER,
    "CZZTDM": Sort.HOLDER,
}


def make_term(sort: Sort, text: str) -> int:
    """Return the term of a value, as however it is spelled; `text` of a document is its digest `suite:hex`."""
    content = f"{sort}\0{fold_characters(text)}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(content).digest()[:8], "big") >> (64 - _TERM_BITS)


def list_terms(values: Mapping[str, Json]) -> Sequence[int]:
    """Return the terms of what a record discloses, name to value; each once, ascending."""
    return sorted({make_term(sort, text) for sort, text in list_texts(values)})


def list_texts(values: Mapping[str, Json]) -> Iterator[tuple[Sort, str]]:
    """Yield what a record is found by: each number, holder and document that its claims `values` state."""
    for name, sort in CLAIMS.items():
        if name in values:
            for text in _list_items(values[name]):
                yield sort, text
    for name, value in values.items():
        if is_document(name) and isinstance(value, dict):
            yield Sort.DOCUMENT, str(value.get("digest"))


def does_state(values: Mapping[str, Json], sort: Sort, text: str) -> bool:
    """Tell whether claims state a value, however it is spelled."""
    folded_text = fold_characters(text)
    return any(
        stated_sort is sort and fold_characters(stated_text) == folded_text
        for stated_sort, stated_text in list_texts(values)
    )


def _list_items(value: Json) -> Iterator[str]:
    items = value[:_MAX_ITEMS] if isinstance(value, list) else [value]
    for item in items:
        if isinstance(item, str | int) and str(item).strip():
            yield str(item)
