"""A whole file checked: rows that come back are written, and the rest is told."""

import time
from collections.abc import Callable

from api.console import note, progress, say, show_json
from api.department.imports.checking import Checker
from api.department.imports.faulty import FaultyRows
from api.department.imports.files.sources import Source
from api.department.imports.journal import Journal
from api.department.imports.options import TableOptions, read_choices
from api.department.imports.profiles import load_profile
from api.department.imports.sorts import Consequence
from api.department.imports.tally import Tally
from ledger.encoding.canonical import Json
from ledger.encoding.times import find_civil_date


class _DryRun(Exception):
    """Ends the transaction of a check without keeping anything of it."""


def check_file(
    options: TableOptions, source: Source, journal: Journal, *, keep: Callable[[Tally], bool]
) -> Tally:
    """Check a file and write the rows that come back; the journal has it where `keep` says so."""
    profile = load_profile(options.profile)
    today = find_civil_date(int(time.time()))
    with FaultyRows(options.file.parent, options.file.name) as faulty_rows:
        checker = Checker(
            source, profile, journal, options.issuer, today, read_choices(options).choose,
            lambda judged_row: faulty_rows.add(checker.headings, judged_row),
        )  # fmt: skip
        try:
            with journal.open_transaction():
                tally = checker.check(lambda rows: progress(rows, "checking 检查", source.row_count))
                if not keep(tally):
                    raise _DryRun
                journal.add_file(source.digest, profile.name, source.name, tally.rejected_count)
        except _DryRun:
            pass
    if faulty_rows.row_count:
        note(
            f"Rows that come back 退回的行: {faulty_rows.workbook_path}, and as CSV beside it. "
            "Mend and import them."
        )
    return checker.tally


def find_obstacle(options: TableOptions, tally: Tally) -> str:
    """Say why nothing can be signed, empty where it can."""
    if question_sorts := tally.list_sorts(Consequence.ASK):
        advice = " Say --changes amend, renew or skip." if "changed" in question_sorts else ""
        return (
            f"questions 待确认 are open: {', '.join(question_sorts)}. Answer them in the profile, once for "
            f"all tables of this source.{advice}"
        )
    if warning_sorts := tally.list_unaccepted_warnings(options.accept):
        accept_options = " ".join(f"--accept {name}" for name in warning_sorts)
        return (
            f"there are warnings 警告: {', '.join(warning_sorts)}. Mend them in the file, or, where it is "
            f"meant so, repeat with {accept_options}"
        )
    return ""


def report(options: TableOptions, source: Source, tally: Tally, **extra_members: Json) -> None:
    """Show what a check came to."""
    if options.json:
        show_json(
            {
                "file": source.name,
                "read_as": source.kind,
                "digest": source.digest,
                **tally.to_json(),
                **extra_members,
            }
        )
        return
    say(f"{source.name}: {source.kind}")
    for line in tally.describe():
        say(line)
