"""The error of a node that refuses or does not answer.

It is apart from the client, which loads an HTTP library.
"""


class NodeError(Exception):
    """The node refused or could not be reached; `problem` is the stable name of the problem, empty when out of reach.

    `retry_after` is after how many seconds the node asks for another attempt, if it does.
    """

    def __init__(
        self, message: str, problem: str = "", status: int = 0, retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.problem = problem
        self.status = status
        self.retry_after = retry_after
