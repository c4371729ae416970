"""What a form of the counter presents: proofs, documents, and codes in pictures.

A picture in which a printed code was read is no document of its own: the code is the proof that was presented. What is no
code of ours is recognised where it can be (`foreign_codes`), so that a clerk is told what was scanned.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from api.files import PROOF_SUFFIX
from api.http.counter.foreign_codes import ForeignCode, recognise
from api.http.counter.pairing import ChosenFile, Pair, decode_or_none, pair_documents
from api.http.errors import MalformedRequest
from api.http.node import Node
from api.http.presentation import UnopenedPresentation
from api.opening.pictures import PictureReading, is_picture
from api.rendering.items import list_readable_claims
from ledger.encoding.canonical import Json
from ledger.proof.paper import PREFIX, mend_code
from ledger.proof.proof import TYPE as PROOF_TYPE
from ledger.verification.verify import Policy

_PROOF_MARK: Final = PROOF_TYPE.rpartition("/")[0].encode()
_FORM_FIELDS: Final = frozenset({"document", "code", "confirmed", "token"})


@dataclass(slots=True)
class ChosenFiles:
    """The files of a form by what they are, and the text of its field, put straight."""

    proofs: list[ChosenFile] = field(default_factory=list)
    documents: list[ChosenFile] = field(default_factory=list)
    pictures: list[ChosenFile] = field(default_factory=list)
    code: str = ""


@dataclass(frozen=True, slots=True)
class FormInput:
    """What a form gave: for each certificate a proof with its documents, and documents that belong to none.

    `foreign_codes` are codes of other systems. `claims` were compared with the paper. `is_refused`: the form says so, and no
    page that showed the items does. `unread_pictures`: those without a code that can be read, and why, by their names.
    """

    pairs: tuple[Pair, ...]
    unchecked_names: tuple[str, ...]
    foreign_codes: tuple[ForeignCode, ...]
    unread_pictures: Mapping[str, str]
    claims: Mapping[str, Json]
    is_refused: bool

    def make_presentations(self, policy: Policy) -> list[UnopenedPresentation]:
        return [UnopenedPresentation(pair.proof, pair.documents, self.claims, policy) for pair in self.pairs]


def sort_files(form: FormData) -> ChosenFiles:
    """Read the files of a form and sort them by what they are. Raises: MalformedRequest."""
    if set(form) - _FORM_FIELDS:
        raise MalformedRequest("the form has unknown fields")
    code = form.get("code")
    chosen_files = ChosenFiles(code=mend_code(code).strip() if isinstance(code, str) else "")
    for upload in form.getlist("document"):
        if isinstance(upload, UploadFile) and (upload.filename or upload.size):
            chosen_file = ChosenFile(upload.filename or "", upload.file.read())
            _choose_pile(chosen_files, chosen_file).append(chosen_file)
    return chosen_files


def _choose_pile(chosen_files: ChosenFiles, chosen_file: ChosenFile) -> list[ChosenFile]:
    if _looks_like_proof(chosen_file):
        return chosen_files.proofs
    return chosen_files.pictures if is_picture(chosen_file.content) else chosen_files.documents


def _looks_like_proof(chosen_file: ChosenFile) -> bool:
    """Tell a proof, also a spoilt one, from a document: by what it says of itself, or by its name."""
    if chosen_file.name.lower().endswith(PROOF_SUFFIX):
        return True
    content = chosen_file.content.lstrip()
    return content.startswith(PREFIX.encode()) or (content[:1] == b"{" and _PROOF_MARK in content)


def read_input(
    request: Request,
    form: FormData,
    chosen_files: ChosenFiles,
    readings: Sequence[PictureReading],
    node: Node,
) -> FormInput:
    """Bring together what the form gives; `readings` are the codes of its pictures, in their order."""
    proofs, documents = list(chosen_files.proofs), list(chosen_files.documents)
    foreign_codes, unread_pictures = [], {}
    if foreign_code := recognise(chosen_files.code):
        foreign_codes.append(foreign_code)
    elif chosen_files.code:
        proofs.append(ChosenFile("", chosen_files.code.encode("utf-8", "surrogatepass")))
    for picture, reading in zip(chosen_files.pictures, readings, strict=True):
        codes = [text for text in reading.codes if text.startswith(PREFIX)]
        proofs += (ChosenFile(picture.name, text.encode()) for text in codes)
        documents.append(ChosenFile(picture.name, picture.content, shows_code=bool(codes)))
        if not codes:
            foreign_codes += filter(None, map(recognise, reading.codes))
        if not reading.codes:
            unread_pictures[picture.name] = reading.problem or "no_code"
    pairing = pair_documents(proofs, documents)
    claims = _read_confirmed_claims(request, form, pairing.pairs, node)
    return FormInput(
        pairing.pairs, pairing.unchecked, tuple(foreign_codes), unread_pictures, claims or {}, claims is None
    )


def _read_confirmed_claims(
    request: Request, form: FormData, pairs: Sequence[Pair], node: Node
) -> Mapping[str, Json] | None:
    """Return the items that were compared with the paper, none where nothing says so; None where that does not count."""
    if form.get("confirmed") is None:
        return {}
    proof = decode_or_none(pairs[0].proof) if len(pairs) == 1 else None
    if proof is None or form.get("confirmed") != "all":
        return None
    if not node.confirmations.accepts(request, form.get("token"), proof, node.clock()):
        return None
    return list_readable_claims(proof)
