"""The shape of a node's state.

Ages and times left are seconds by this machine's clock; what does not apply is left out.
"""

from pydantic import Field

from api.http.schemas.base import Shape


class ProcessShape(Shape):
    """What a process of the node said of itself last."""

    name: str
    seen: int = Field(description="How long ago it was heard of; it speaks at least every few seconds.")
    doing: str | None = Field(
        default=None, description="`following` or `refolding`, `done` of `total` events."
    )
    done: int | None = None
    total: int | None = None
    error: str | None = Field(default=None, description="What it fails at now.")
    kind: str | None = Field(default=None, description="The class of the error.")
    failing: int | None = Field(default=None, description="For how long it has failed so.")


class LogStateShape(Shape):
    """A log as the replica knows it."""

    log: str
    sequence: int
    size: int
    anchor_age: int | None = Field(
        default=None, description="Of the newest final anchor; absent before the first."
    )
    void_anchors: int = Field(description="Anchors that count for nothing but their size.")
    entries: dict[str, int] | None = Field(
        default=None, description="For another city's log: anchors by what became of their public entries."
    )


class IssuingShape(Shape):
    """What waits in this node's own register."""

    log: str
    waiting_submissions: int = Field(description="Accepted, and not seen on the chain.")
    waiting_records: int
    waiting_bytes: int = Field(description="Of their entries.")
    oldest_waiting: int | None = Field(default=None, description="How long the oldest has waited.")
    promise_left: int | None = Field(
        default=None,
        description="Until the first deadline promised to one of them; negative once it is broken.",
    )
    open_batch: int | None = Field(default=None, description="The sequence on its way to the chain.")
    open_batch_state: str | None = None
    open_batch_age: int | None = None
    lease_holder: str | None = Field(default=None, description="The process that anchors.")
    missing_batches: tuple[int, int] | None = Field(
        default=None, description="First and last sequence that the chain holds and this register does not."
    )
    missing_records: int = Field(
        default=0, description="Anchored, and not back since this register was restored."
    )
    balance_gwei: int | None = Field(
        default=None, description="What the account that anchors holds; absent where the chain takes no fees."
    )
    anchors_left: int | None = Field(
        default=None, description="Anchors that this pays for at the price of now."
    )
    tokens_ending: int = Field(
        default=0, description="Access tokens that end within a week: make the next ones."
    )
    token_left: int | None = Field(default=None, description="Until the first of them ends.")
    tokens_without_end: int = Field(default=0, description="Access tokens that last until they are revoked.")


class ReadyShape(Shape):
    """Whether the node can answer, how far behind the clock its replica is, and what its processes say."""

    ready: bool
    registry: str | None = None
    n: int | None = Field(default=None, description="Events of the registry that the replica holds.")
    block: int | None = Field(default=None, description="The newest final block that it has seen.")
    lag_seconds: int | None = Field(
        default=None,
        description="From the time of that block to this machine's clock; negative where that block is of the future.",
    )
    chain_clock_lead: int | None = Field(
        default=None, description="The clock of the chain minus that of this machine, in seconds."
    )
    lagging: bool = Field(default=False, description="The lag is more than a heartbeat explains.")
    quarantine: str = ""
    forks: int = Field(
        default=0, description="Times that a city signed another history than this node holds."
    )
    disagreement: str | None = Field(
        default=None, description="Endpoints of the chain contradict each other: at which height, and who."
    )
    detail: str = ""
    processes: list[ProcessShape] = Field(default_factory=list)
    logs: list[LogStateShape] = Field(default_factory=list)
    issuing: IssuingShape | None = None
