"""Bodies of answers over HTTP: taken as they are sent, never inflated, within a limit.

Whoever answers may not be a node, or not an honest one: a kilobyte may stand for a gigabyte, and a length may be a lie.
"""

from collections.abc import Iterator

import httpx

from api.client.node_error import NodeError


def check_head(answer: httpx.Response, max_bytes: int) -> None:
    """Refuse what leads elsewhere, is compressed, a web page, or announced as longer than `max_bytes`. Raises: NodeError."""
    url = answer.request.url
    if answer.is_redirect:
        raise NodeError(
            f"{url} sends whoever asks to another address 重定向, which is not followed: what is said to a node is for that "
            "node. Give the address of the node itself",
            status=answer.status_code,
        )
    if answer.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise NodeError(
            f"{url} compresses its answer, which was not asked for: check the address, and its proxy"
        )
    if answer.is_success and answer.headers.get("Content-Type", "").lower().startswith("text/html"):
        raise NodeError(
            f"{url} is answered with a web page 网页, as no node answers: check the address, and whether this network asks "
            "for a login"
        )
    announced_length = answer.headers.get("Content-Length", "")
    if announced_length.isdecimal() and int(announced_length) > max_bytes:
        raise _describe_too_long(answer, max_bytes)


def read_pieces(answer: httpx.Response, max_bytes: int) -> Iterator[bytes]:
    """Yield the body of an answer piece by piece. Raises: NodeError where it is longer than `max_bytes`."""
    byte_count = 0
    for piece in answer.iter_bytes():  # nothing is inflated: what is compressed was refused
        byte_count += len(piece)
        if byte_count > max_bytes:
            raise _describe_too_long(answer, max_bytes)
        yield piece


def take_whole(answer: httpx.Response, max_bytes: int) -> httpx.Response:
    """Return an answer with its body. Raises: NodeError where it is longer than `max_bytes`."""
    body_bytes = b"".join(read_pieces(answer, max_bytes))
    headers = {name: answer.headers[name] for name in ("Retry-After",) if name in answer.headers}
    return httpx.Response(answer.status_code, headers=headers, content=body_bytes, request=answer.request)


def _describe_too_long(answer: httpx.Response, max_bytes: int) -> NodeError:
    return NodeError(
        f"{answer.request.url} answers with more than {max_bytes:,} bytes, which no node does: check the address"
    )
