"""Tables as nodes make them have the shape that an audit expects, on both databases."""

from collections.abc import Iterable

from sqlalchemy import Connection, MetaData, text

from anchoring.audit.shapes import find_differences, list_strange_parts
from anchoring.checkpoints.store import METADATA as CHECKPOINTS_METADATA
from anchoring.checkpoints.store import Checkpoints
from anchoring.database.engine import begin_transaction
from anchoring.follower.follower import Follower
from anchoring.monitor.tables import METADATA as COPIES_METADATA
from anchoring.register.store import Register
from anchoring.register.tables import METADATA as REGISTER_METADATA
from anchoring.replica.store import Replica
from anchoring.replica.tables import METADATA as REPLICA_METADATA
from tests.databases import NewDatabase
from tests.fakes.histories import History


def list_all(connection: Connection, metadata: Iterable[MetaData]) -> list[object]:
    tables = [table for part in metadata for table in part.sorted_tables]
    differences: list[object] = [
        (table.name, difference) for table in tables for difference in find_differences(connection, table)
    ]
    return [*differences, *list_strange_parts(connection, {table.name for table in tables})]


def test_a_register(new_database: NewDatabase) -> None:
    register = Register(new_database("register"))
    with begin_transaction(register.engine) as connection:
        assert list_all(connection, [REGISTER_METADATA]) == []
        connection.execute(text("CREATE VIEW register_view AS SELECT 1 AS one"))
        connection.execute(text("DROP VIEW register_view"))
        connection.execute(text("ALTER TABLE look ADD COLUMN note INTEGER DEFAULT 7"))
        (difference,) = list_all(connection, [REGISTER_METADATA])
        assert "column note" in str(difference)
    register.close()


def test_a_replica_with_copies_of_entries(new_database: NewDatabase) -> None:
    history, replica = History(1), Replica(new_database("replica"))
    Follower(history.chain, replica, history.name).start()
    with begin_transaction(replica.engine) as connection:
        COPIES_METADATA.create_all(connection)
        assert list_all(connection, [REPLICA_METADATA, COPIES_METADATA]) == []
    replica.close()


def test_checkpoints(new_database: NewDatabase) -> None:
    checkpoints = Checkpoints(new_database("checkpoints"))
    with begin_transaction(checkpoints.engine) as connection:
        assert list_all(connection, [CHECKPOINTS_METADATA]) == []
    checkpoints.close()
