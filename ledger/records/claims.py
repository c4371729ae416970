"""Claims 证照信息项 of a certificate, committed one by one: any of them can be shown alone.

Format: docs/formats/claims.md.

    salt_i       = H(03 ‖ master ‖ u32 i)[:16]
    commitment_i = H(02 ‖ salt_i ‖ JCS(value_i))
    digest       = H(04 ‖ JCS([[name_i, hex(commitment_i)], …]))      names unique, ascending by code point

The master is drawn at random by the client, once a record; without it nothing can be guessed from the digest.
Documents are claims named `document/1`, `document/2`, … whose value is `{"media_type", "size", "digest"}`.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from ledger.crypto.suites import Suite, parse_digest
from ledger.encoding.canonical import Json, encode_canonical, encode_known
from ledger.encoding.fields import MAX_TEXT_CHARS, Fields, parse_hex
from ledger.errors import LimitExceeded, MalformedInput

MASTER_BYTES = 16

# Claims of one record.
MAX_CLAIMS: Final = 256
SALT_BYTES = 16
_DOCUMENT_NAME = re.compile(r"document/[1-9][0-9]{0,2}")
MAX_DOCUMENT_BYTES = 2**40

Claim = tuple[str, Json]


def commit_claims(suite: Suite, master: bytes, claims: Sequence[Claim]) -> list[bytes]:
    """Return the 32-byte commitment of every claim, in order."""
    compute_hash = suite.hash
    prefix = b"\x03" + master
    return [
        compute_hash(
            b"\x02" + compute_hash(prefix + index.to_bytes(4, "big"))[:SALT_BYTES] + encode_canonical(value)
        )
        for index, (_, value) in enumerate(claims)
    ]


def hash_claims(suite: Suite, names: Iterable[str], commitments: Iterable[bytes]) -> bytes:
    """Return the 32 bytes that a record's `claims` states."""
    names_and_commitments: list[Json] = [
        [name, commitment.hex()] for name, commitment in zip(names, commitments, strict=True)
    ]
    return suite.hash(b"\x04" + encode_known(names_and_commitments))


@dataclass(frozen=True, slots=True)
class FullDisclosure:
    """Every claim, and the master from which all salts follow. Names are unique and ascending."""

    master: bytes
    claims: tuple[Claim, ...]

    def __post_init__(self) -> None:
        if len(self.master) != MASTER_BYTES:
            raise MalformedInput(f"a master has {MASTER_BYTES} bytes")
        _check_names([name for name, _ in self.claims])

    def digest(self, suite: Suite) -> bytes:
        return hash_claims(
            suite, (name for name, _ in self.claims), commit_claims(suite, self.master, self.claims)
        )

    @property
    def values(self) -> dict[str, Json]:
        return dict(self.claims)

    @property
    def withheld_names(self) -> frozenset[str]:
        return frozenset()

    def select(self, suite: Suite, names: Collection[str]) -> "SelectiveDisclosure":
        """Show `names` and withhold the rest. Raises: MalformedInput for a name that is not there."""
        unknown_names = set(names) - {name for name, _ in self.claims}
        if unknown_names:
            raise MalformedInput(f"there is no claim named {sorted(unknown_names)[0][:80]!r}")
        shown_claims, withheld_claims = [], []
        for index, ((name, value), commitment) in enumerate(
            zip(self.claims, commit_claims(suite, self.master, self.claims), strict=True)
        ):
            if name in names:
                salt = suite.hash(b"\x03" + self.master + index.to_bytes(4, "big"))[:SALT_BYTES]
                shown_claims.append((name, salt, value))
            else:
                withheld_claims.append((name, commitment))
        return SelectiveDisclosure(tuple(shown_claims), tuple(withheld_claims))

    def to_json(self) -> dict[str, Json]:
        return {"master": self.master.hex(), "claims": [[name, value] for name, value in self.claims]}


@dataclass(frozen=True, slots=True)
class SelectiveDisclosure:
    """Some claims with salt and value, the others by name and commitment: what is withheld can be seen."""

    shown_claims: tuple[tuple[str, bytes, Json], ...]
    withheld_claims: tuple[tuple[str, bytes], ...]

    def __post_init__(self) -> None:
        _check_names([name for name, _, _ in self.shown_claims])
        _check_names([name for name, _ in self.withheld_claims])
        _check_names([name for name, _ in self._order_names()])

    def _order_names(self) -> list[tuple[str, int]]:
        """Every name with its place among shown (non-negative) or withheld (negative), ascending by name."""
        names_and_places = [(name, place) for place, (name, _, _) in enumerate(self.shown_claims)]
        names_and_places += [(name, ~place) for place, (name, _) in enumerate(self.withheld_claims)]
        return sorted(names_and_places)

    def digest(self, suite: Suite) -> bytes:
        commitments = []
        names_and_places = self._order_names()
        for _, place in names_and_places:
            if place >= 0:
                _, salt, value = self.shown_claims[place]
                commitments.append(suite.hash(b"\x02" + salt + encode_canonical(value)))
            else:
                commitments.append(self.withheld_claims[~place][1])
        return hash_claims(suite, (name for name, _ in names_and_places), commitments)

    @property
    def values(self) -> dict[str, Json]:
        return {name: value for name, _, value in self.shown_claims}

    @property
    def withheld_names(self) -> frozenset[str]:
        return frozenset(name for name, _ in self.withheld_claims)

    def to_json(self) -> dict[str, Json]:
        return {
            "shown": [[name, salt.hex(), value] for name, salt, value in self.shown_claims],
            "withheld": [[name, commitment.hex()] for name, commitment in self.withheld_claims],
        }


Disclosure = FullDisclosure | SelectiveDisclosure


def decode_disclosure(value: Json) -> Disclosure:
    """Read a disclosure, full (`master`, `claims`) or selective (`shown`, `withheld`).

    Raises: MalformedInput.
    """
    fields = Fields(value, "disclosure")
    if fields.has("master"):
        master = fields.take_hex("master", MASTER_BYTES)
        claims = [_read_claim(item) for item in fields.take_array("claims", MAX_CLAIMS)]
        fields.close()
        return FullDisclosure(master, tuple(claims))
    shown_rows = [_require_row(item, 3) for item in fields.take_array("shown", MAX_CLAIMS)]
    withheld_rows = [_require_row(item, 2) for item in fields.take_array("withheld", MAX_CLAIMS)]
    fields.close()
    return SelectiveDisclosure(
        tuple((_read_name(row[0]), _read_hex(row[1], SALT_BYTES), row[2]) for row in shown_rows),
        tuple((_read_name(row[0]), _read_hex(row[1], 32)) for row in withheld_rows),
    )


@dataclass(frozen=True, slots=True)
class DocumentClaim:
    """The fingerprint of one registered document: media type, size in bytes, digest under the log's suite."""

    media_type: str
    size: int
    suite: Suite
    digest: bytes

    def to_json(self) -> Json:
        return {"media_type": self.media_type, "size": self.size, "digest": self.suite.format(self.digest)}


def is_registered(content: bytes, document_claims: Iterable[DocumentClaim]) -> bool:
    """Tell whether `content` is one of the documents, byte for byte.

    It is hashed once a suite, however many claims there are: a stranger's proof may state 256 documents of one size.
    """
    claims_of_size = [claim for claim in document_claims if claim.size == len(content)]
    digest_by_suite = {suite.name: suite.hash(content) for suite in {claim.suite for claim in claims_of_size}}
    return any(claim.digest == digest_by_suite[claim.suite.name] for claim in claims_of_size)


def is_document(name: str) -> bool:
    """Tell whether a claim of this name states a document."""
    return name.startswith("document/") and _DOCUMENT_NAME.fullmatch(name) is not None


def make_document_claim(suite: Suite, content: bytes, media_type: str) -> DocumentClaim:
    """State the document whose bytes are `content`."""
    return DocumentClaim(media_type, len(content), suite, suite.hash(content))


def decode_document(value: Json) -> DocumentClaim:
    """Read the value of a document claim. Raises: MalformedInput."""
    fields = Fields(value, "document claim")
    media_type = fields.take_text("media_type")
    size = fields.take_integer("size", 0, MAX_DOCUMENT_BYTES)
    suite, digest = fields.take_parsed("digest", parse_digest)
    fields.close()
    return DocumentClaim(media_type, size, suite, digest)


def _check_names(names: list[str]) -> None:
    if len(names) > MAX_CLAIMS:
        raise LimitExceeded(f"a record states at most {MAX_CLAIMS} claims, not {len(names)}")
    for name, next_name in pairwise(names):
        if name >= next_name:
            fault = "twice" if name == next_name else "out of ascending order"
            raise MalformedInput(f"the claim {next_name[:80]!r} stands {fault}")


def _read_claim(claim_row: Json) -> Claim:
    name, value = _require_row(claim_row, 2)
    return _read_name(name), value


def _require_row(claim_row: Json, length: int) -> list[Json]:
    if not isinstance(claim_row, list) or len(claim_row) != length:
        raise MalformedInput(f"each claim of a disclosure is an array of {length}")
    return claim_row


def _read_name(value: Json) -> str:
    if not isinstance(value, str) or not value or len(value) > MAX_TEXT_CHARS:
        raise MalformedInput("the name of a claim must be text")
    return value


def _read_hex(value: Json, length: int) -> bytes:
    if not isinstance(value, str):
        raise MalformedInput("expected hexadecimal text in a disclosure")
    return parse_hex(value, length)
