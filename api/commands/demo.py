"""`shunzheng demo`: the whole story, and then two nodes to play with."""

import threading
from pathlib import Path
from typing import Final, Protocol

from api.console import note, say, show_json
from api.demo.stage import open_stage
from api.demo.story import Story
from api.parsers import Commands, add_json

_DIRECTORY: Final = Path("demo-data")
_BLOCK_SECONDS: Final = 1.0


class _DemoOptions(Protocol):
    once: bool
    json: bool
    directory: Path


def add(commands: Commands) -> None:
    command = commands.add_parser("demo")
    command.add_argument(
        "--once", action="store_true", help="end when the story is told, instead of leaving the nodes up"
    )
    add_json(command, "print a summary for programs; the story goes to standard error")
    command.add_argument(
        "--directory", type=Path, default=_DIRECTORY, help=f"default: {_DIRECTORY}; emptied at the start"
    )
    command.set_defaults(run=_demo)


def _demo(options: _DemoOptions) -> int:
    story = Story(
        open_stage(options.directory.absolute(), _BLOCK_SECONDS), tell=note if options.json else say
    )
    try:
        summary = story.play()
        if options.json:
            show_json(summary)
        if not options.once:
            story.tell(story.write_epilogue())
            _stay(story)
    finally:
        story.close()
    return 0


def _stay(story: Story) -> None:
    """Leave the chain and the nodes up, which the story's watch looks after, until the person has seen enough."""
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        story.tell("\nStopping.")
