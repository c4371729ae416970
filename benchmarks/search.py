"""How fast a register finds a certificate among many, lists records and counts them.

    python -m benchmarks search [--quick]

By a number, by a holder's code and by a holder's name; a page of a search that reads the register through; figures over all
of it. Milliseconds of the clock, medians of many; SQLite, read from the file as a node reads it. `--quick`: a tenth of the
records.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final

from anchoring.intake.intake import accept
from anchoring.register.search.finding import find_certificates
from anchoring.register.search.listing import Criteria, count_records, list_records
from anchoring.register.search.terms import Sort
from anchoring.register.store import Register
from ledger.registry.status import Status
from tests.fakes.department import NOW, SETTINGS, World, licence

RECORDS: Final = 1_000_000
SUBMISSION: Final = 10_000
LOOKS: Final = 200
PASSES: Final = 3


def main() -> None:
    """Print the table."""
    record_count = RECORDS // 10 if "--quick" in sys.argv else RECORDS
    print(f"\nSearches among {record_count:,} records, milliseconds")
    with tempfile.TemporaryDirectory(prefix="shunzheng-") as folder_name:
        register = Register(f"sqlite:///{Path(folder_name) / 'register.db'}")
        _fill(register, record_count)
        numbers = [record_count * place // LOOKS for place in range(LOOKS)]
        for description, sort, name in (
            ("by number", Sort.NUMBER, _name_number),
            ("by a holder's code", Sort.HOLDER, _name_code),
            ("by a holder's name", Sort.HOLDER, _name_holder),
        ):
            _print(description, [_measure_finding(register, sort, name(number)) for number in numbers])
        _print("a page of what nothing states", [_measure_page(register) for _ in range(PASSES)])
        _print("figures over all", [_measure_figures(register) for _ in range(PASSES)])
        register.close()


def _name_number(number: int) -> str:
    return f"JY{number:012d}"


def _name_code(number: int) -> str:
    return f"91429006MA{number:08d}"


def _name_holder(number: int) -> str:
    return f"天门市第{number}商行"


def _fill(register: Register, record_count: int) -> None:
    world = World()
    for first in range(0, record_count, SUBMISSION):
        rows = [
            licence(
                number,
                issued="2022-03-28",
                claims={
                    "ZZMC": "营业执照",
                    "ZZBH": _name_number(number),
                    "CZZT": _name_holder(number),
                    "CZZTDM": _name_code(number),
                },
            )
            for number in range(first, first + SUBMISSION)
        ]
        accept(register, world.trust, world.department.lines(rows), NOW, SETTINGS)


def _measure_finding(register: Register, sort: Sort, text: str) -> float:
    def find() -> None:
        with register.reading() as connection:
            assert len(find_certificates(connection, sort, text)) == 1

    return _measure(find)


def _measure_page(register: Register) -> float:
    def list_page() -> None:
        with register.reading() as connection:
            assert not list(list_records(connection, Criteria(state=Status.REVOKED, within_day=True)))

    return _measure(list_page)


def _measure_figures(register: Register) -> float:
    def count() -> None:
        with register.reading() as connection:
            assert count_records(connection, Criteria())

    return _measure(count)


def _measure(run: Callable[[], None]) -> float:
    start = perf_counter()
    run()
    return (perf_counter() - start) * 1_000


def _print(description: str, milliseconds: list[float]) -> None:
    print(f"    {description:<48}{median(milliseconds):>12,.1f}  (at most {max(milliseconds):,.1f})")


if __name__ == "__main__":
    main()
