"""Every measurement, one after the other, or one of them: `python -m benchmarks [SECTION…] [--quick]`, `make bench`."""

import platform
import sys
from typing import Final

from benchmarks import chain, core, documents, register, snapshots, status

SECTIONS: Final = {
    "core": core,
    "documents": documents,
    "status": status,
    "snapshots": snapshots,
    "register": register,
    "chain": chain,
}


def main() -> None:
    """Print the tables that are asked for."""
    asked = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    if unknown := set(asked) - SECTIONS.keys():
        sys.exit(f"no section {', '.join(sorted(unknown))}: there are {', '.join(SECTIONS)}")
    print(f"Python {platform.python_version()}, {platform.machine()}, medians of three passes")
    for name in asked or SECTIONS:
        SECTIONS[name].main()


if __name__ == "__main__":
    main()
