"""Figures are kept by their names, the newest of each, and forgotten when they are old."""

from anchoring.database.engine import open_snapshot
from anchoring.processes.measures import read_measures, write_measures
from anchoring.replica.store import Replica
from tests.databases import NewDatabase

NOW = 1_790_000_000


def test_the_newest_of_each_name_is_read(new_database: NewDatabase) -> None:
    replica = Replica(new_database("replica"))
    with open_snapshot(replica.engine) as connection:
        assert read_measures(connection, NOW) == {}
    write_measures(replica.engine, {"a": -7, "b": 2**80}, NOW)
    write_measures(replica.engine, {"a": 5}, NOW + 1)
    with open_snapshot(replica.engine) as connection:
        assert read_measures(connection, NOW + 1) == {"a": 5, "b": 2**62}
        assert read_measures(connection, NOW + 86_400) == {"a": 5}
        assert read_measures(connection, NOW + 10**6) == {}
    replica.close()
