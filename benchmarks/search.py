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

RECORD_COUNT: Final = 1_000_000
RECORDS_PER_SUBMISSION: Final = 10_000
LOOK_COUNT: Final = 200
PASS_COUNT: Final = 3


def main() -> None:
    """Print the table."""
    record_count = RECORD_COUNT // 10 if "--quick" in sys.argv else RECORD_COUNT
    print(f"\nSearches among {record_count:,} records, milliseconds")
    with tempfile.TemporaryDirectory(prefix="shunzheng-") as folder_name:
        register = Register(f"sqlite:///{Path(folder_name) / 'register.db'}")
        _fill(register, record_count)
        serials = [record_count * look_index // LOOK_COUNT for look_index in range(LOOK_COUNT)]
        for description, term_sort, name_term in (
            ("by number", Sort.NUMBER, _name_number),
            ("by a holder's code", Sort.HOLDER, _name_code),
            ("by a holder's name", Sort.HOLDER, _name_holder),
        ):
            _print(
                description, [_measure_finding(register, term_sort, name_term(serial)) for serial in serials]
            )
        _print("a page of what nothing states", [_measure_page(register) for _ in range(PASS_COUNT)])
        _print("figures over all", [_measure_figures(register) for _ in range(PASS_COUNT)])
        register.close()


def _name_number(serial: int) -> str:
    return f"JY{serial:012d}"


def _name_code(serial: int) -> str:
    return f"91429006MA{serial:08d}"


def _name_holder(serial: int) -> str:
    return f"天门市第{serial}商行"


def _fill(register: Register, record_count: int) -> None:
    world = World()
    for first_serial in range(0, record_count, RECORDS_PER_SUBMISSION):
        rows = [
            licence(
                serial,
                issued="2022-03-28",
                claims={
                    "ZZMC": "营业执照",
                    "ZZBH": _name_number(serial),
                    "CZZT": _name_holder(serial),
                    "CZZTDM": _name_code(serial),
                },
            )
            for serial in range(first_serial, first_serial + RECORDS_PER_SUBMISSION)
        ]
        accept(register, world.trust, world.department.lines(rows), NOW, SETTINGS)


def _measure_finding(register: Register, term_sort: Sort, term_text: str) -> float:
    def find() -> None:
        with register.reading() as connection:
            assert len(find_certificates(connection, term_sort, term_text)) == 1

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


def _measure(search_register: Callable[[], None]) -> float:
    start_seconds = perf_counter()
    search_register()
    return (perf_counter() - start_seconds) * 1_000


def _print(description: str, millisecond_counts: list[float]) -> None:
    print(
        f"    {description:<48}{median(millisecond_counts):>12,.1f}  (at most {max(millisecond_counts):,.1f})"
    )


if __name__ == "__main__":
    main()
