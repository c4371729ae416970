"""Check the bearer token of a request, and log what its holder is shown.

    Viewing = Annotated[Viewer, Security(viewer_of(Purpose.HISTORY), scopes=["history"])]

The scopes of a route are FastAPI's security scopes, so the interface description names them. Tokens are stored as hashes in
the register; a node without a register has none and hands out nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes

from anchoring.errors import AnchoringError
from anchoring.register.access.looks import SHOWN_OUTCOME, Purpose, log_looks
from anchoring.register.access.tokens import Token, check_token
from api.http.errors import ApiError, ScopeMissing, TokenRefused, find_problem
from api.http.node import Node, NodeNeeded
from ledger.errors import LedgerError

_SUBJECT_PARAMETERS: Final = (
    "identifier",
    "leaf",
)  # parameters of a path that say which certificate is asked for
_bearer_scheme = HTTPBearer(
    auto_error=False, description="A token of this node, `sz_…`, with the scope that the route names."
)


@dataclass(frozen=True, slots=True)
class Viewer:
    """The holder of a token, who asks for one thing."""

    node: Node
    token: Token
    purpose: Purpose

    @contextmanager
    def looking(self, identifier: str, purpose: Purpose | None = None) -> Iterator[dict[str, str]]:
        """Log the look that the block makes when it ends, also where it is refused: so nothing leaves unlogged.

        What is given is the outcome by identifier, for the block to amend. Raises: TooManyLooks, DatabaseUnavailable.
        """
        outcomes = {identifier: SHOWN_OUTCOME}
        try:
            yield outcomes
        except (ApiError, AnchoringError, LedgerError) as error:
            problem = find_problem(error)
            if problem.status < 500:  # beyond, the node is at fault, and its log may be as well
                self.log({identifier: problem.slug}, purpose)
            raise
        self.log(outcomes, purpose)

    def log(
        self, outcomes: Mapping[str, str], purpose: Purpose | None = None, *, reason: str | None = None
    ) -> None:
        """Log looks now, with the reason where one was asked for. Raises: TooManyLooks, DatabaseUnavailable."""
        look_rules = self.node.look_rules
        with self.node.register.writing() as connection:
            log_looks(
                connection,
                self.token.id,
                purpose or self.purpose,
                outcomes,
                self.node.clock(),
                look_rules,
                reason,
                key=self.node.node_key,
            )


def make_viewer_dependency(purpose: Purpose) -> Callable[..., Viewer]:
    """Return the dependency that checks the token of a request; what the token may not ask for is logged too."""

    def require_token(
        request: Request,
        needed_scopes: SecurityScopes,
        node: NodeNeeded,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer_scheme)],
    ) -> Viewer:
        """Return who asks. Raises: IssuesNothing, TokenRefused, ScopeMissing, TooManyLooks."""
        register = node.register
        if credentials is None:
            raise TokenRefused("send `Authorization: Bearer <token>`")
        with register.reading() as connection:
            token = check_token(connection, credentials.credentials, node.clock())
        if token is None:
            raise TokenRefused("the token is not known here, has expired, or was withdrawn")
        viewer, missing_scopes = Viewer(node, token, purpose), set(needed_scopes.scopes) - token.scopes
        if missing_scopes:
            refusal = ScopeMissing(f"the token lacks the scope {', '.join(sorted(missing_scopes))}")
            viewer.log({_find_subject(request): find_problem(refusal).slug})
            raise refusal
        return viewer

    return require_token


def _find_subject(request: Request) -> str:
    """Return what the path names; a body is not read for it."""
    return next(
        (request.path_params[name] for name in _SUBJECT_PARAMETERS if name in request.path_params), ""
    )
