"""The page at `/`: a clerk gives a document and its proof and reads one verdict.

It is plain HTML; the script only adds comfort. What a proof says is shown as text, never as markup, and no page loads
anything from elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import jinja2
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from api.documents import Papers
from api.http.counter.foreign_codes import ForeignCode
from api.http.counter.reading import FormInput
from api.http.node import Node
from api.limits import READY_LAG_SECONDS
from api.node.settings import Settings
from api.paper.pages import MEDIA_TYPES, write_paper
from api.problems import PROBLEMS, Problem
from api.rendering.banner import is_proven
from api.rendering.slip import Slip, write_slip
from api.rendering.visible import MAX_NAME_CHARS, make_visible
from api.words import choose_words, write_age, write_time
from ledger.errors import MalformedInput
from ledger.proof.paper import decode_presented
from ledger.verification.report import Report
from ledger.verification.verify import PresentedContent, verify
from ledger.words import Language

LANGUAGE_COOKIE: Final = "lang"
_HTTP_FOLDER: Final = Path(__file__).parents[1]
STATIC_FOLDER: Final = _HTTP_FOLDER / "static"
_YEAR_SECONDS: Final = 365 * 86_400  # seconds
_PAPER_NAME: Final = "certificate-code.pdf"
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
class ShownVerdict:
    """One certificate as the page shows it: its documents by name, its slip, and the token of the items shown.

    `paper` is the proof of which a printed code can be had.
    """

    names: str
    slip: Slip
    token: str
    paper: str


@dataclass(frozen=True, slots=True)
class ShownCode:
    """A code of another system: what it is, what to do, and where a link leads."""

    title: str
    advice: str
    host: str


@dataclass(frozen=True, slots=True)
class UnreadPicture:
    """A picture without a code that can be read, and what to do about it."""

    name: str
    advice: str


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
        paper = report.proof.encode().decode() if report.proof and slip.proven else ""
        verdicts.append(ShownVerdict(_list_names(pair.names, language), slip, token, paper))
    status_code = _REFUSED_STATUS if form_input.is_refused else 200
    context = {
        "verdicts": verdicts,
        "refused": form_input.is_refused,
        **_describe_others(form_input, language),
    }
    return render(request, node.settings, "verdict.html", status_code, **context)


def _describe_others(form_input: FormInput, language: Language) -> dict[str, object]:
    """Return what the templates say of all that is no certificate: attachments, pictures, codes of other systems."""
    words = choose_words(language)
    return {
        "unchecked": [_show_name(name, language) for name in form_input.unchecked_names],
        "foreign": [_describe_code(foreign_code, language) for foreign_code in form_input.foreign_codes],
        "unread": [
            UnreadPicture(
                _show_name(name, language), words.get(f"picture_{problem}", words["picture_unreadable"])
            )
            for name, problem in form_input.unread_pictures.items()
        ],
    }


def _describe_code(foreign_code: ForeignCode, language: Language) -> ShownCode:
    return ShownCode(foreign_code.title.in_(language), foreign_code.advice.in_(language), foreign_code.host)


def _list_names(document_names: Sequence[str], language: Language) -> str:
    return choose_words(language)["comma"].join(_show_name(name, language) for name in document_names)


def _show_name(name: str, language: Language) -> str:
    return make_visible(name, MAX_NAME_CHARS) or choose_words(language)["unnamed"]


def show_no_proof(request: Request, settings: Settings, form_input: FormInput) -> Response:
    """Say what was presented, and where a proof is found. Nothing was checked, so this is no verdict."""
    status_code = 200 if form_input.foreign_codes else PROBLEMS["proof-missing"].status
    context = _describe_others(form_input, choose_language(request))
    return render(request, settings, "missing.html", status_code, **context)


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


def give_paper(form: FormData, node: Node) -> Response:
    """Give the printed page of a proof, which a department must have stated. Raises: MalformedInput, LimitExceeded."""
    proof = decode_presented(str(form.get("code") or "").encode("utf-8", "surrogatepass"))
    with node.reading() as trust:
        report = verify(PresentedContent(), proof, trust, node.clock())
    if not is_proven(report):
        raise MalformedInput("this node cannot confirm the proof, so it prints no code of it")
    headers = {"Content-Disposition": f'attachment; filename="{_PAPER_NAME}"'}
    return Response(write_paper(proof, "pdf"), media_type=MEDIA_TYPES["pdf"], headers=headers)
