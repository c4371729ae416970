"""The table of damage: what is done, and what the audit must say, and where."""

from typing import Final

from tests.drill.damages.access import ACCESS
from tests.drill.damages.batches import BATCHES, LOGS, TRANSACTIONS
from tests.drill.damages.checkpoints import SIGNED
from tests.drill.damages.copies import COPIES
from tests.drill.damages.erasures import ERASURES
from tests.drill.damages.further import FURTHER
from tests.drill.damages.newer import BOOKS, CERTIFICATES, REPLICAS_AND_COPIES, TOKENS_AND_LOOKS, TREES
from tests.drill.damages.newer import SIGNED as NEWER_SIGNED
from tests.drill.damages.records import CHANGES, DISCLOSURES, LINEAGES, LINKS, RECORDS
from tests.drill.damages.replica import REPLICAS
from tests.drill.damages.schema import SCHEMAS
from tests.drill.damages.search import FACETS, TERMS
from tests.drill.damages.submissions import MISSING, RECEIPTS, SUBMISSIONS

_PARTS: Final = {
    "register": (
        LOGS,
        BATCHES,
        SUBMISSIONS,
        RECEIPTS,
        RECORDS,
        LINEAGES,
        CHANGES,
        DISCLOSURES,
        LINKS,
        FACETS,
        TERMS,
        MISSING,
        TRANSACTIONS,
        ACCESS,
        ERASURES,
    ),
    "schema": (SCHEMAS,),
    "replica": (REPLICAS,),
    "copies": (COPIES,),
    "checkpoints": (SIGNED,),
    "further": (FURTHER,),
    "newer": (TREES, BOOKS, CERTIFICATES, TOKENS_AND_LOOKS, REPLICAS_AND_COPIES, NEWER_SIGNED),
}

DAMAGES: Final = {
    f"{part}: {name}": damage
    for part, tables in _PARTS.items()
    for table in tables
    for name, damage in table.items()
}
