"""Every measurement, one after the other: `python -m benchmarks [--quick]`, `make bench`."""

import platform

from benchmarks import chain, core


def main() -> None:
    """Print all tables."""
    print(f"Python {platform.python_version()}, {platform.machine()}, medians of three passes")
    core.main()
    chain.main()


if __name__ == "__main__":
    main()
