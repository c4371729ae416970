"""The stage on a PostgreSQL server: each copy is a database, with three schemas."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

import psycopg
from sqlalchemy import make_url

from tests import databases
from tests.drill.stage import Copy, Stage, build_stage

_numbers = count(1)
#: What SQL of SQLite means on PostgreSQL; what stands for nothing there is refused by the server.
_TRANSLATIONS: Final = (
    (re.compile(r"\bx'([0-9a-f]*)'"), r"'\\x\1'::bytea"),
    (re.compile(r"CAST\('((?:[^']|'')*)' AS BLOB\)"), r"convert_to('\1', 'UTF8')"),
    (re.compile(r"CAST\((.*) AS BLOB\)"), r"to_blob(\1)"),
    (re.compile(r"CAST\((\w+) AS TEXT\)"), r"to_words(\1)"),
    (re.compile(r"^INSERT OR REPLACE "), "INSERT "),
    (re.compile(r"\bchar\("), "chr("),
)
#: Functions of SQLite that the table of damage uses.
_FUNCTIONS: Final = """
    CREATE FUNCTION public.zeroblob(size integer) RETURNS bytea LANGUAGE sql AS
        $$ SELECT decode(repeat('00', size), 'hex') $$;
    CREATE FUNCTION public.randomblob(size integer) RETURNS bytea LANGUAGE sql AS
        $$ SELECT sha256(random()::text::bytea) $$;
    CREATE FUNCTION public.instr(text, text) RETURNS boolean LANGUAGE sql AS $$ SELECT strpos($1, $2) > 0 $$;
    CREATE FUNCTION public.to_words(bytea) RETURNS text LANGUAGE sql AS $$ SELECT convert_from($1, 'UTF8') $$;
    CREATE FUNCTION public.to_words(text) RETURNS text LANGUAGE sql AS $$ SELECT $1 $$;
    CREATE FUNCTION public.to_blob(text) RETURNS bytea LANGUAGE sql AS $$ SELECT convert_to($1, 'UTF8') $$;
    CREATE FUNCTION public.to_blob(bytea) RETURNS bytea LANGUAGE sql AS $$ SELECT $1 $$;
"""


@dataclass
class ServerCopy(Copy):
    """A copy on the server; `url` names its database."""

    url: str = ""

    def execute(self, database: str, *statements: str, **values: object) -> None:
        """Run SQL behind everybody's back, as the server's owner, for whom no foreign key counts.

        Raises: psycopg.Error for what a server does not let anybody do.
        """
        with psycopg.connect(self.url) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute(f"SET search_path = {_name_schema(database)}, public".encode())
            for statement in statements:
                cursor = connection.execute(translate(statement).encode())
                defines = statement.split()[0] in ("CREATE", "DROP", "ALTER", "PRAGMA", "WITH")
                assert defines or cursor.rowcount != 0, f"nothing was damaged: {statement}"

    def make_url(self, database: str) -> str:
        return _make_schema_url(self.url, _name_schema(database))


def translate(statement: str) -> str:
    """Say on PostgreSQL what a statement says on SQLite."""
    for pattern, replacement in _TRANSLATIONS:
        statement = pattern.sub(replacement, statement)
    return statement


@dataclass(frozen=True)
class ServerStage:
    """The stage, and the database of the server that each copy is made of."""

    stage: Stage
    template: str

    @contextmanager
    def copy(self, folder: Path) -> Iterator[ServerCopy]:
        """Give a copy of the stage, and drop it afterwards."""
        with _new_database(self.template) as url:
            stage = self.stage
            yield ServerCopy(folder, stage, stage.expected, stage.chain, url=url)


@contextmanager
def open_server_stage(folder: Path) -> Iterator[ServerStage]:
    """Build the stage in a database of the tests' server."""
    with _new_database() as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(_FUNCTIONS)
            for schema in ("register", "replica", "checkpoints"):
                connection.execute(f"CREATE SCHEMA {schema}".encode())
        stage = build_stage(folder, lambda name: _make_schema_url(url, name))
        yield ServerStage(stage, str(make_url(url).database))


@contextmanager
def _new_database(template: str = "template1") -> Iterator[str]:
    name = f"drill_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(databases.server(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        try:
            yield make_url(databases.server()).set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def _make_schema_url(url: str, schema: str) -> str:
    query = {"options": f"-csearch_path={schema}"}
    return make_url(url).update_query_dict(query).render_as_string(hide_password=False)


def _name_schema(database: str) -> str:
    return database.removesuffix(".db")
