"""A damage and its finding, and rows of tables that are damaged in one way or another."""

from dataclasses import dataclass

from tests.drill.stage import CHECKPOINTS, REGISTER, REPLICA


@dataclass(frozen=True)
class Damage:
    """Statements of SQL on one database, and the finding that they must give: its slug, its table, a part of its place."""

    database: str
    statements: tuple[str, ...]
    slug: str
    table: str
    where: str = ""


@dataclass(frozen=True)
class Row:
    """Rows of a table: how SQL selects them, and how findings and values that are impossible name their place."""

    database: str
    table: str
    condition: str
    place: str
    key: str

    def set(self, slug: str, assignments: str, place: str | None = None) -> Damage:
        return self._damage(slug, f"UPDATE {self.table} SET {assignments}{self._where()}", place)

    def set_impossible(self, assignments: str) -> Damage:
        """Set a value that its column cannot have."""
        return self.set("value-impossible", assignments, self.key)

    def delete(self, slug: str, place: str | None = None) -> Damage:
        return self._damage(slug, f"DELETE FROM {self.table}{self._where()}", place)

    def replace(self, slug: str, column: str, old: str, new: str) -> Damage:
        return self._damage(slug, replace(self.table, column, old, new, self.condition))

    def flip(self, slug: str, column: str) -> Damage:
        return self._damage(slug, flip(self.table, column, self.condition or "1"))

    def _where(self) -> str:
        return f" WHERE {self.condition}" if self.condition else ""

    def _damage(self, slug: str, statement: str, place: str | None = None) -> Damage:
        return Damage(self.database, (statement,), slug, self.table, self.place if place is None else place)


def register(slug: str, table: str, where: str, *statements: str) -> Damage:
    return Damage(REGISTER, statements, slug, table, where)


def replica(slug: str, table: str, where: str, *statements: str) -> Damage:
    return Damage(REPLICA, statements, slug, table, where)


def checkpoints(slug: str, table: str, where: str, *statements: str) -> Damage:
    return Damage(CHECKPOINTS, statements, slug, table, where)


def drop_table(database: str, table: str) -> Damage:
    return Damage(database, (f"DROP TABLE {table}",), "schema-altered", table, f"table {table}")


def replace(table: str, column: str, old: str, new: str, condition: str) -> str:
    return (
        f"UPDATE {table} SET {column} = CAST(replace(CAST({column} AS TEXT), '{old}', '{new}') AS BLOB) "
        f"WHERE {condition} AND instr(CAST({column} AS TEXT), '{old}')"
    )


def flip(table: str, column: str, condition: str) -> str:
    """Change the last byte of a value."""
    return (
        f"UPDATE {table} SET {column} = CAST(substr({column}, 1, length({column}) - 1) || x'7f' AS BLOB) "
        f"WHERE {condition}"
    )


def swap(table: str, key: str, first: int, second: int) -> tuple[str, ...]:
    """Let two rows change places."""
    return tuple(
        f"UPDATE {table} SET {key} = {new} WHERE {key} = {old}"
        for new, old in ((99, first), (first, second), (second, 99))
    )


def double(table: str, columns: str, condition: str = "1") -> tuple[str, ...]:
    """Let rows stand twice, in a table without the keys that forbid it."""
    return (
        f"CREATE TABLE loose AS SELECT * FROM {table}",
        f"DROP TABLE {table}",
        f"ALTER TABLE loose RENAME TO {table}",
        f"INSERT INTO {table} SELECT {columns} FROM {table} WHERE {condition}",
    )
