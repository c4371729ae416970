"""How a node is."""

from pydantic import Field

from api.schemas.base import Shape


class ReadyShape(Shape):
    """Whether the node can answer, and how far behind the clock its replica is."""

    ready: bool
    registry: str | None = None
    n: int | None = Field(default=None, description="Events of the registry that the replica holds.")
    block: int | None = Field(default=None, description="The newest final block that it has seen.")
    lag_seconds: int | None = Field(
        default=None, description="From the time of that block to this machine's clock."
    )
    lagging: bool = Field(default=False, description="The lag is more than a heartbeat explains.")
    quarantine: str = ""
    detail: str = ""
