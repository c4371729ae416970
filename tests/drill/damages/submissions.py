"""Damage of a register's submissions, of their receipts and of what is missing."""

from typing import Final

from tests.drill.damages.damage import Row, double, register, replace, swap
from tests.drill.stage import REGISTER

SUBMISSION = Row(REGISTER, "submission", "first = 6", "position 6", "first 6")
NEXT_SUBMISSION = Row(REGISTER, "submission", "first = 10", "batch 2", "first 10")
WAITING = Row(REGISTER, "submission", "first = 18", "position 18", "first 18")

SUBMISSIONS: Final = {
    "submission deleted": SUBMISSION.delete("position-gap", place="position 10"),
    "newest submission deleted": register(
        "log-size", "log", "tianmen", "DELETE FROM submission WHERE first = 18"
    ),
    "all submissions deleted": register("log-size", "log", "tianmen", "DELETE FROM submission"),
    "submissions swapped": register(
        "receipt-altered", "submission", "position 6", *swap("submission", "first", 6, 10)
    ),
    "submission doubled": register(
        "root-twice", "submission", "root", *double("submission", "*", "first = 10")
    ),
    "submission in another batch": NEXT_SUBMISSION.set("batch-root", "batch = 3"),
    "submission in no batch": NEXT_SUBMISSION.set("batch-root", "batch = NULL"),
    "submission in an absent batch": register(
        "batch-missing", "batch", "position 10", "UPDATE submission SET batch = 9 WHERE first = 10"
    ),
    "entry unreadable": SUBMISSION.set("entry-altered", "entry = x'7b'"),
    "entry as text": SUBMISSION.set_impossible("entry = 'x'"),
    "entry's signature changed": SUBMISSION.replace(
        "entry-altered", "entry", '"signature":"', '"signature":"A'
    ),
    "entry's acceptance changed": SUBMISSION.replace(
        "receipt-altered", "entry", '"accepted":"2026', '"accepted":"2025'
    ),
    "entry's count changed": SUBMISSION.replace("entry-altered", "entry", '"count":4', '"count":3'),
    "entry's issuer changed": SUBMISSION.replace(
        "entry-altered", "entry", "11429006012345671T", "11429006012345672R"
    ),
    "entry of one that waits changed": WAITING.replace("entry-altered", "entry", '"count":2', '"count":3'),
    "accepted changed in entry and row": register(
        "receipt-altered",
        "submission",
        "position 18",
        "UPDATE submission SET accepted = accepted - 1 WHERE first = 18",
        replace("submission", "entry", '54Z"', '53Z"', "first = 18"),
    ),
    "accepted changed in the row": SUBMISSION.set("entry-altered", "accepted = 1"),
    "root changed": SUBMISSION.set("submission-root", "root = zeroblob(32)"),
    "root cut": SUBMISSION.set("entry-altered", "root = substr(root, 1, 31)"),
    "root as text": SUBMISSION.set_impossible("root = 'root'"),
    "count changed": SUBMISSION.set("entry-altered", "count = 3"),
    "count as text": SUBMISSION.set_impossible("count = 'x'"),
    "count negative": SUBMISSION.set_impossible("count = -4"),
    "count a fraction": SUBMISSION.set_impossible("count = 4.5"),
    "issuer changed": SUBMISSION.set("entry-altered", "issuer = 'x'"),
    "issuer no text": SUBMISSION.set_impossible("issuer = CAST(x'ff' AS TEXT)"),
    "number of changes altered": SUBMISSION.set("changes-altered", "changes = 7"),
    "warnings no JSON": SUBMISSION.set("entry-altered", "warnings = '['"),
    "warnings of another shape": SUBMISSION.set("entry-altered", "warnings = '{}'"),
}

RECEIPTS: Final = {
    "deadline later": WAITING.set("receipt-altered", "deadline = deadline + 9"),
    "deadline deleted": WAITING.set("receipt-altered", "deadline = NULL"),
    "deadline before acceptance": SUBMISSION.set("receipt-altered", "deadline = 1, receipt = NULL"),
    "deadline as text": SUBMISSION.set_impossible("deadline = 'x'"),
    "receipt of another": SUBMISSION.set(
        "receipt-altered", "receipt = (SELECT receipt FROM submission WHERE first = 10)"
    ),
    "receipt unreadable": SUBMISSION.set("receipt-altered", "receipt = x'7b'"),
    "receipt as text": SUBMISSION.set_impossible("receipt = 'x'"),
    "receipt's signature changed": SUBMISSION.replace(
        "receipt-altered", "receipt", '"signature":"', '"signature":"AA'
    ),
    "receipt's deadline changed with the row": register(
        "receipt-altered",
        "submission",
        "position 18",
        "UPDATE submission SET deadline = deadline - 1 WHERE first = 18",
        replace("submission", "receipt", '54Z","', '53Z","', "first = 18"),
    ),
    "receipt's position changed": SUBMISSION.replace("receipt-altered", "receipt", '"first":6', '"first":7'),
}

MISSING: Final = {
    "records deleted and said to be missing": register(
        "missing-contradicted",
        "missing",
        "position 6",
        "INSERT INTO missing SELECT first, count, batch, root, issuer FROM submission WHERE first = 6",
        "DELETE FROM record WHERE position BETWEEN 6 AND 9",
        "DELETE FROM status_change WHERE record BETWEEN 6 AND 9",
    ),
    "records said to be missing that stand there": register(
        "missing-contradicted",
        "missing",
        "position 10",
        "INSERT INTO missing SELECT first, count, batch, root, issuer FROM submission WHERE first = 10",
    ),
    "entries said to be missing": register(
        "missing-contradicted", "missing", "position 6", "INSERT INTO missing VALUES (6, 5, 2, NULL, NULL)"
    ),
    "positions beyond all said to be missing": register(
        "missing-contradicted",
        "missing",
        "position 700",
        "INSERT INTO missing VALUES (700, 5, 2, NULL, NULL)",
    ),
    "another submission said to be missing": register(
        "missing-contradicted",
        "missing",
        "position 10",
        "INSERT INTO missing SELECT first, 1, batch, zeroblob(32), issuer FROM submission WHERE first = 10",
    ),
}
