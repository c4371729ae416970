"""Damage of that by which certificates are found and listed."""

from typing import Final

from tests.drill.damages.damage import Row, double, register, swap
from tests.drill.stage import REGISTER

FACET = Row(REGISTER, "facet", "position = 3", "position 3", "position 3")
#: The one term of a licence whose holder is found by no other.
TERM = Row(REGISTER, "term", "position = 3", "position 3", "position 3")

FACETS: Final = {
    "facets deleted": FACET.delete("facet-missing"),
    "all facets deleted": register("facet-missing", "facet", "position 0", "DELETE FROM facet"),
    "facets of no record": register(
        "facet-stray",
        "facet",
        "position 99",
        "INSERT INTO facet SELECT 99, lineage, submission, key, type, action, issued, basis FROM facet WHERE position = 3",
    ),
    "facets swapped": register("facet-altered", "facet", "position 2", *swap("facet", "position", 2, 3)),
    "facets doubled": register(
        "schema-altered", "facet", "table facet", *double("facet", "*", "position = 3")
    ),
    "facets of another key": FACET.set("facet-altered", "key = zeroblob(32)"),
    "facets of another type": FACET.set("facet-altered", "type = 'x'"),
    "facets of another action": FACET.set("facet-altered", "action = 'renew'"),
    "facets of another day": FACET.set("facet-altered", "issued = '2001-01-01'"),
    "facets without a day": FACET.set("facet-altered", "issued = '2001-01-01', basis = NULL"),
    "facets of another basis": FACET.set("facet-altered", "basis = 'x'"),
    "facets in another lineage": FACET.set("facet-altered", "lineage = 1"),
    "facets in another submission": FACET.set("facet-altered", "submission = 6"),
    "facets with text for a key": FACET.set_impossible("key = 'x'"),
    "facets with text for a lineage": FACET.set_impossible("lineage = 'x'"),
}

TERMS: Final = {
    "term deleted": TERM.delete("term-missing"),
    "all terms deleted": register("term-missing", "term", "position 0", "DELETE FROM term"),
    "term of another record": TERM.set("term-missing", "position = 4"),
    "term changed": TERM.set("term-stray", "term = 7"),
    "terms swapped": register("term-stray", "term", "position 2", *swap("term", "position", 2, 3)),
    "term invented": register("term-stray", "term", "position 3", "INSERT INTO term VALUES (7, 3)"),
    "term of no record": register("term-stray", "term", "position 99", "INSERT INTO term VALUES (7, 99)"),
    "term of no position that a log reaches": register(
        "term-stray", "term", f"position {2**63 - 1}", f"INSERT INTO term VALUES (7, {2**63 - 1})"
    ),
}
