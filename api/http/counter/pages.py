"""The page at `/`: a clerk gives a document and its proof and reads one verdict.

It is plain HTML; the script only adds comfort. What a proof says is shown as text, never as markup, and no page loads
anything from elsewhere.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import jinja2
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from api.documents import Papers
from api.files import PROOF_SUFFIX
from api.http.counter.pairing import ChosenFile, Pair, pair_documents
from api.http.errors import MalformedRequest
from api.http.node import Node
from api.http.presentation import UnopenedPresentation
from api.limits import READY_LAG_SECONDS
from api.node.settings import Settings
from api.problems import PROBLEMS, Problem
from api.rendering.items import list_readable_claims
from api.rendering.slip import Slip, write_slip
from api.rendering.visible import MAX_NAME_CHARS, make_visible
from api.words import choose_words, write_age, write_time
from ledger.encoding.canonical import Json
from ledger.errors import MalformedInput
from ledger.proof.paper import PREFIX, decode_presented, mend_code
from ledger.proof.proof import TYPE as PROOF_TYPE
from ledger.proof.proof import Proof
from ledger.verification.report import Report
from ledger.verification.verify import Policy
from ledger.words import Language

LANGUAGE_COOKIE: Final = "lang"
_HTTP_FOLDER: Final = Path(__file__).parents[1]
STATIC_FOLDER: Final = _HTTP_FOLDER / "static"
_YEAR_SECONDS: Final = 365 * 86_400  # seconds
_PROOF_MARK: Final = PROOF_TYPE.rpartition("/")[0].encode()
_FORM_FIELDS: Final = frozenset({"document", "code", "confirmed", "token"})
_REFUSED_STATUS: Final = 403  # a confirmation that no page of this node with the items has sent

_TEMPLATES: Final = jinja2.Environment(
    loader=jinja2.FileSystemLoader(_HTTP_FOLDER / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
)


def choose_language(request: Request) -> Language:
    """Return the language that the address asks for, or the one chosen before, or Chinese."""
    for language in (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        if language in ("zh", "en"):
            return cast(Language, language)
    return "zh"


def render(
    request: Request, settings: Settings, template_name: str, status_code: int = 200, **context: object
) -> Response:
    """Fill a template in the language of the request; a language that was asked for is remembered."""
    language = choose_language(request)
    html_text = _TEMPLATES.get_template(template_name).render(
        language=language, w=choose_words(language), name=settings.name or settings.log or "", **context
    )
    response = HTMLResponse(html_text, status_code)
    if request.query_params.get("lang") == language:
        response.set_cookie(LANGUAGE_COOKIE, language, max_age=_YEAR_SECONDS, samesite="lax", httponly=True)
    return response


def show_form(request: Request, settings: Settings, known_at: int, now: int) -> Response:
    """Show the form, and above it how old the node's knowledge is where that is more than usual."""
    language, age_notice = choose_language(request), ""
    if now - known_at > READY_LAG_SECONDS:
        known_time_text, age_text = write_time(known_at, language), write_age(now - known_at, language)
        age_notice = choose_words(language)["aged"].format(known_time_text, age_text)
    return render(request, settings, "check.html", aged=age_notice)


@dataclass(frozen=True, slots=True)
class FormInput:
    """What a form gave: for each certificate a proof with its documents, and documents that belong to none.

    `claims` were compared with the paper. `is_refused`: the form says so, and no page that showed the items does.
    """

    pairs: tuple[Pair, ...]
    unchecked_names: tuple[str, ...]
    claims: Mapping[str, Json]
    is_refused: bool

    def make_presentations(self, policy: Policy) -> list[UnopenedPresentation]:
        return [UnopenedPresentation(pair.proof, pair.documents, self.claims, policy) for pair in self.pairs]


@dataclass(frozen=True, slots=True)
class ShownVerdict:
    """One certificate as the page shows it: its documents by name, its slip, and the token of the items shown."""

    names: str
    slip: Slip
    token: str


def show_verdicts(
    request: Request, node: Node, form_input: FormInput, verifications: Sequence[tuple[Report, Papers]]
) -> Response:
    """Show a verdict for each certificate, and which documents belong to none."""
    language = choose_language(request)
    verdicts = []
    for pair, (report, papers) in zip(form_input.pairs, verifications, strict=True):
        slip = write_slip(report, language, papers.inspections, node.issuer_names)
        token = ""
        if report.proof and slip.confirm:
            token = node.confirmations.make_token(report.proof, report.checked_at)
        verdicts.append(ShownVerdict(_list_names(pair.names, language), slip, token))
    unchecked_names = [_show_name(name, language) for name in form_input.unchecked_names]
    status_code = _REFUSED_STATUS if form_input.is_refused else 200
    context = {"verdicts": verdicts, "unchecked": unchecked_names, "refused": form_input.is_refused}
    return render(request, node.settings, "verdict.html", status_code, **context)


def _list_names(document_names: Sequence[str], language: Language) -> str:
    return choose_words(language)["comma"].join(_show_name(name, language) for name in document_names)


def _show_name(name: str, language: Language) -> str:
    return make_visible(name, MAX_NAME_CHARS) or choose_words(language)["unnamed"]


def show_missing(request: Request, settings: Settings) -> Response:
    """Say where a proof is found. Nothing was checked, so this is no verdict."""
    return render(request, settings, "missing.html", PROBLEMS["proof-missing"].status)


def show_problems(request: Request, settings: Settings) -> Response:
    return render(request, settings, "problems.html", problems=PROBLEMS.values())


def show_problem(
    request: Request, settings: Settings, problem: Problem, status_code: int = 200, detail: str = ""
) -> Response:
    """Show a problem to a person: as documentation, or as the answer with its own status code."""
    language = choose_language(request)
    title, advice = problem.title.in_(language), problem.advice.in_(language)
    context = {"problem": problem, "title": title, "advice": advice, "detail": detail}
    return render(request, settings, "problem.html", status_code, **context)


def read_input(request: Request, form: FormData, node: Node) -> FormInput | None:
    """Read what the form gives; a proof dropped among the documents is found. None without a proof."""
    if set(form) - _FORM_FIELDS:
        raise MalformedRequest("the form has unknown fields")
    proofs: list[ChosenFile] = []
    documents: list[ChosenFile] = []
    for chosen_file in list_files(form):
        (proofs if _looks_like_proof(chosen_file) else documents).append(chosen_file)
    code_text = form.get("code")
    if isinstance(code_text, str) and code_text.strip():
        proofs.append(ChosenFile("", mend_code(code_text).encode("utf-8", "surrogatepass")))
    pairing = pair_documents(proofs, documents)
    if not pairing.pairs:
        return None
    claims = _read_confirmed_claims(request, form, pairing.pairs, node)
    return FormInput(pairing.pairs, pairing.unchecked, claims or {}, claims is None)


def list_files(form: FormData) -> Iterator[ChosenFile]:
    """Yield every file that was really chosen."""
    for value in form.getlist("document"):
        if isinstance(value, UploadFile) and (value.filename or value.size):
            yield ChosenFile(value.filename or "", value.file.read())


def _read_confirmed_claims(
    request: Request, form: FormData, pairs: Sequence[Pair], node: Node
) -> Mapping[str, Json] | None:
    """Return the items that were compared with the paper, none where nothing says so; None where that does not count."""
    if form.get("confirmed") is None:
        return {}
    proof = _decode_or_none(pairs[0].proof)
    if proof is None or len(pairs) != 1 or form.get("confirmed") != "all":
        return None
    if not node.confirmations.accepts(request, form.get("token"), proof, node.clock()):
        return None
    return list_readable_claims(proof)


def _looks_like_proof(chosen_file: ChosenFile) -> bool:
    """Tell a proof, also a spoilt one, from a document: by what it says of itself, or by its name."""
    if chosen_file.name.lower().endswith(PROOF_SUFFIX):
        return True
    content = chosen_file.content.lstrip()
    return content.startswith(PREFIX.encode()) or (content[:1] == b"{" and _PROOF_MARK in content)


def _decode_or_none(proof: bytes) -> Proof | None:
    try:
        return decode_presented(proof)
    except MalformedInput:
        return None
