"""Every measurement, one after the other, or one of them.

python -m benchmarks [SECTION…] [--quick]      or make bench
"""

import platform
import sys
from importlib import import_module
from typing import Final

#: In this order. Each is a module of its own; `peers` needs what only `make bench` installs.
SECTIONS: Final = (
    "start",
    "core",
    "peers",
    "documents",
    "status",
    "snapshots",
    "register",
    "proofs",
    "search",
    "imports",
    "audit",
    "chain",
)


def main() -> None:
    """Print the tables that are asked for."""
    section_names = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    if unknown_names := set(section_names) - set(SECTIONS):
        sys.exit(f"no section {', '.join(sorted(unknown_names))}: there are {', '.join(SECTIONS)}")
    print(f"Python {platform.python_version()}, {platform.machine()}, medians of three passes")
    for section_module in [import_module(f"benchmarks.{name}") for name in section_names or SECTIONS]:
        section_module.main()


if __name__ == "__main__":
    main()
