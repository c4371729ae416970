"""By which terms certificates are found, and that the rows of older registers are made."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from anchoring.register.search.terms import Sort, does_state, list_terms, make_term
from anchoring.register.tables import FACET, TERM
from ledger.encoding.canonical import Json
from ledger.records.spellings import fold_characters, is_spelled_otherwise
from tests.databases import NewDatabase
from tests.fakes.department import change, licence
from tests.fakes.erasing import erase_content
from tests.fakes.issuing import City
from tests.unit.anchoring.register.test_migrations import copy, old

CLAIMS: dict[str, Json] = {
    "ZZBH": "JY１429006",
    "CZZT": ["张·三", "李四"],
    "CZZTDM": "91429006ma4900000x",
    "KZ_MJ": "88",
    "document/1": {"media_type": "text/plain", "size": 1, "digest": "sm3:" + "ab" * 32},
}


@pytest.mark.parametrize(
    ("sort", "text"),
    [
        (Sort.NUMBER, "jy1429006"),
        (Sort.HOLDER, "张•三"),
        (Sort.HOLDER, " 李 四"),
        (Sort.HOLDER, "91429006MA4900000X"),
        (Sort.DOCUMENT, "sm3:" + "ab" * 32),
    ],
)
def test_another_spelling_finds_it(sort: Sort, text: str) -> None:
    assert make_term(sort, text) in list_terms(CLAIMS)
    assert does_state(CLAIMS, sort, text)


@pytest.mark.parametrize(
    ("sort", "text"), [(Sort.HOLDER, "张"), (Sort.NUMBER, "张·三"), (Sort.HOLDER, "88"), (Sort.NUMBER, "")]
)
def test_nothing_else_does(sort: Sort, text: str) -> None:
    assert make_term(sort, text) not in list_terms(CLAIMS)
    assert not does_state(CLAIMS, sort, text)


@given(st.text(st.sampled_from("aZ9.()-/ 。（）·張三\u3000龥㎡²Ａ"), max_size=12))
def test_texts_that_are_folded_alike_are_spelled_alike(text: str) -> None:
    folded_text = fold_characters(text)
    assert fold_characters(folded_text) == folded_text
    assert is_spelled_otherwise(folded_text, text)


def read_rows(city: City) -> tuple[list[object], list[object]]:
    with city.register.reading() as connection:
        facets = connection.execute(select(FACET).order_by(FACET.c.position)).all()
        terms = connection.execute(select(TERM).order_by(TERM.c.term, TERM.c.position)).all()
    return [tuple(row) for row in facets], [tuple(row) for row in terms]


@pytest.fixture
def city(tmp_path: Path, new_database: NewDatabase) -> City:
    city = City(tmp_path, new_database=new_database)
    city.submit(*(licence(n, issued="2026-01-02") for n in range(3)))
    city.submit(change("revoke", 1), change("renew", 2, 2))
    return city


def test_an_older_register_is_made_searchable(city: City, new_database: NewDatabase) -> None:
    facets, terms = read_rows(city)
    assert len(facets) == 5
    assert len(terms) == 4
    url = old(new_database("old"), "0006")
    copy(city.register, url)
    city.stop()
    city.urls[0] = url
    city.start()
    assert read_rows(city) == (facets, terms)
    city.stop()


def test_what_is_erased_is_found_no_more(city: City) -> None:
    with city.register.writing() as connection:
        leaf = connection.exec_driver_sql("SELECT leaf FROM record ORDER BY position").scalars().first()
        assert leaf is not None
        erase_content(connection, bytes(leaf))
    facets, terms = read_rows(city)
    assert len(facets) == 5
    assert len(terms) == 3
    assert all(row[1] != 0 for row in terms if isinstance(row, tuple))
    city.stop()
