"""Check the bearer token of a request, and the scope that its route needs.

    def history(token: Annotated[Token, Security(require_token, scopes=["history"])]): ...

The scopes of a route are FastAPI's security scopes, so the interface description names them. Tokens are stored as hashes in
the register; a node without a register has none and hands out nothing.
"""

from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes

from anchoring.register.tokens import Token, check_token
from api.http.errors import ScopeMissing, TokenRefused
from api.http.node import NodeNeeded

_bearer = HTTPBearer(
    auto_error=False, description="A token of this node, `sz_…`, with the scope that the route names."
)


def require_token(
    needed: SecurityScopes,
    node: NodeNeeded,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Token:
    """Return the token of the request. Raises: IssuesNothing, TokenRefused, ScopeMissing."""
    register = node.register
    if credentials is None:
        raise TokenRefused("send `Authorization: Bearer <token>`")
    with register.reading() as connection:
        token = check_token(connection, credentials.credentials, node.clock())
    if token is None:
        raise TokenRefused("the token is not known here, has expired, or was withdrawn")
    missing = set(needed.scopes) - token.scopes
    if missing:
        raise ScopeMissing(f"the token lacks the scope {', '.join(sorted(missing))}")
    return token
