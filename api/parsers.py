"""Types of the parsers of the command line."""

import argparse
from typing import TypeAlias

#: The commands of the program, or the actions of one topic such as `shunzheng keys`: each module adds its own to them.
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
