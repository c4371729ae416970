"""The error of a node that refuses or does not answer.

It is apart from the client, which loads an HTTP library.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from api.client.answers import RowAnswer


class NodeError(Exception):
    """The node refused or could not be reached; `problem` is the stable name of the problem, empty when out of reach.

    `retry_after` is after how many seconds the node asks for another attempt, if it does. `summary` says what is wrong; the
    text of the error lists the `rows` at fault, too. `is_out_of_reach` where no answer came, whole or at all.
    """

    def __init__(
        self,
        summary: str,
        problem: str = "",
        status: int = 0,
        retry_after: int | None = None,
        rows: Sequence["RowAnswer"] = (),
        *,
        is_out_of_reach: bool = False,
    ) -> None:
        super().__init__("\n".join([summary, *(f"row {row['row']}: {row['message']}" for row in rows)]))
        self.summary = summary
        self.problem = problem
        self.status = status
        self.retry_after = retry_after
        self.rows = tuple(rows)
        self.is_out_of_reach = is_out_of_reach
