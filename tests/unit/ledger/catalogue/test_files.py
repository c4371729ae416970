"""A city's folder over ours: what it changes, and what is wrong in it."""

import pytest

from ledger.catalogue.catalogue import Catalogue
from ledger.catalogue.checking import find_pattern_fault
from ledger.catalogue.files import MAX_ENTRIES, Part, build_catalogue
from ledger.encoding.canonical import Json
from ledger.errors import LimitExceeded, MalformedInput, NewerFormat

FIELD: dict[str, Json] = {"name": "KZ_RQLB", "label": ["燃气类别", "Kind of gas"], "group": "permit"}
TYPE: dict[str, Json] = {
    "id": "gas",
    "name": ["燃气经营许可证", "Gas trading permit"],
    "code": "Y1429006EXAMPLE03H023",
    "certainty": "local",
    "authority": "住建",
    "holders": ["body"],
    "aliases": ["燃气证"],
    "required": ["KZ_RQLB"],
}
ABOUT: dict[str, Json] = {"version": "1", "title": "ours"}
BASE = Part(
    "ours.json", {"format": "shunzheng-catalogue/1", "about": ABOUT, "fields": [FIELD], "types": [TYPE]}
)


def part(**members: Json) -> Part:
    return Part("tianmen/city.json", {"format": "shunzheng-catalogue/1", **members})


def build(**members: Json) -> Catalogue:
    members.setdefault("about", {"version": "tm-3", "title": "Tianmen"})
    return build_catalogue([[BASE], [part(**members)]])


def test_an_entry_of_the_city_changes_what_it_states_and_no_more() -> None:
    gas = build(types=[{"id": "gas", "aliases": ["瓶装气证"]}]).types["gas"]
    assert (gas.aliases, gas.code, gas.required) == (("瓶装气证",), TYPE["code"], ("KZ_RQLB",))


def test_the_official_code_takes_the_place_of_the_local_one_which_stays_known() -> None:
    catalogue = build(types=[{"id": "gas", "code": "11100000000013338W090", "certainty": "verified"}])
    gas = catalogue.types["gas"]
    assert catalogue.find_type("11100000000013338W090") is catalogue.find_type(str(TYPE["code"])) is gas


def test_a_city_adds_types_and_claims() -> None:
    mine: Json = {
        **TYPE,
        "id": "heat",
        "name": ["供热证", "Heat permit"],
        "aliases": [],
        "code": "Y1429006EXAMPLE03H777",
    }
    catalogue = build(types=[mine], fields=[{**FIELD, "name": "KZ_GRFW", "label": ["供热范围", "Area"]}])
    assert catalogue.search_types("供热证")[0].id == "heat"
    assert catalogue.find_field("KZ_GRFW")


def test_the_version_names_both() -> None:
    assert build().version == "1+tm-3"


def test_tables_are_merged_by_their_keys() -> None:
    catalogue = build(fields=[{"name": "KZ_RQLB", "aliases": {"tm": ["rqlb"]}}])
    more = part(
        about={"version": "2", "title": "more"}, fields=[{"name": "KZ_RQLB", "aliases": {"x": ["y"]}}]
    )
    assert dict(catalogue.fields["KZ_RQLB"].aliases) == {"tm": ("rqlb",)}
    both = build_catalogue(
        [[BASE], [part(about=ABOUT, fields=[{"name": "KZ_RQLB", "aliases": {"tm": ["z"]}}])], [more]]
    )
    assert dict(both.fields["KZ_RQLB"].aliases) == {"tm": ("z",), "x": ("y",)}


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"types": [{"id": "gas", "code": "1110"}]}, r"tianmen/city.json: \$.types\[0\].code: Expected `str`"),
        ({"types": [{"id": "gas", "code": "11100000000013332W059"}]}, "credit code"),
        ({"types": [{"id": "gass", "aliases": ["x"]}]}, r"\$.types\[0\]: Object missing required field `name`"),
        ({"types": [{"id": "gas", "nmae": ["x", "y"]}]}, "unknown field `nmae`"),
        ({"types": [{"id": "gas", "required": ["KZ_RQL"]}]}, "no `fields` entry describes the claim KZ_RQL"),
        ({"types": [{"id": "gas", "required": ["KZ_RQLB"], "optional": ["KZ_RQLB"]}]}, "stands twice"),
        ({"types": [{"id": "gas", "number": {"pattern": "(a+)+$"}}]}, "for ever"),
        ({"types": [{"id": "gas", "number": {"pattern": "[a"}}]}, "no regular expression"),
        ({"types": [{"id": "gas", "validity": {"term": "years"}}]}, "needs them"),
        ({"types": [{"id": "gas", "kind": "seal"}]}, "has a `seal`"),
        ({"types": [{"id": "gas"}, {"id": "gas"}]}, "stands at tianmen/city.json"),
        ({"types": [{**TYPE, "id": "gas2"}]}, "is that of gas, gas2"),
        ({"types": [{**TYPE, "id": "gas2", "code": "Y1429006EXAMPLE03H777", "former_codes": ["Y1429006EXAMPLE03H023"]}]},
         "is that of gas, gas2"),
        ({"types": [{"id": "gas", "required": ["KZ_RQLB"] * 100_000}]}, "length <= 200"),
        ({"types": [{"id": "gas", "aliases": ["x" * 100_000]}]}, "length <= 120"),
        ({"types": ["gas"]}, "must be an object"),
        ({"types": {"gas": {}}}, "must be an array"),
        ({"types": [{"code": "x"}]}, "needs `id`"),
        ({"fields": [{"name": "KZ_RQLB", "form": "choice"}]}, "needs its `values`"),
        ({"fields": [{"name": "KZ_RQLB", "level": 9}]}, r"\$.fields\[0\].level"),
        ({"fields": [{"name": "KZ_RQLB", "level": 3}]}, "state `sensitivity`"),
        ({"fields": [{"name": "KZ_RQLB", "sensitivity": "sensitive"}]}, "has `level` 4"),
        ({"fields": [{**FIELD, "name": "KZ_X", "former": ["KZ_RQLB"]}]}, "name of another claim"),
        ({"errands": [{"id": "e", "title": ["办", "do"], "audience": "person", "needs": [{}]}]}, "either a `type`"),
        ({"errands": [{"id": "e", "title": ["办", "do"], "audience": "person", "seals": ["gas"]}]}, "is no seal"),
        ({"errands": [{"id": "e", "title": ["办", "do"], "audience": "person", "produces": ["x"]}]}, "no type or seal"),
        ({"conventions": {"null_word": ["-"]}}, "unknown field"),
        ({"conventions": []}, "must be an object"),
        ({"types": [{**TYPE, "id": "gas2", "code": "Y1429006EXAMPLE03H777", "name": ["另", "x"]}]}, "燃气证 is that of gas"),
        ({"types": [{"id": "gas", "note": "气\u202e证"}]}, "U\\+202E"),
        ({"typs": []}, "nobody knows the member 'typs'"),
        ({"about": {"version": "a b", "title": "x"}}, r"\$.about.version"),
        ({"about": 3}, "one file of a catalogue states `about`"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_file_and_place(members: dict[str, Json], message: str) -> None:
    with pytest.raises(MalformedInput, match=message) as caught:
        build(**members)
    assert "tianmen" in str(caught.value)


@pytest.mark.parametrize("content", [[], "x", {}, {"format": "other/1"}, {"format": 1}])
def test_other_files_are_no_catalogue(content: Json) -> None:
    with pytest.raises(MalformedInput, match=r"city\.json"):
        build_catalogue([[BASE], [Part("city.json", content)]])


def test_a_later_format_asks_for_a_newer_program() -> None:
    with pytest.raises(NewerFormat):
        build_catalogue([[BASE], [Part("city.json", {"format": "shunzheng-catalogue/2"})]])


def test_a_folder_without_files_is_no_catalogue() -> None:
    with pytest.raises(MalformedInput, match="states `about`"):
        build_catalogue([[BASE], []])


def test_the_number_of_entries_is_bounded() -> None:
    many: list[Json] = [{**FIELD, "name": f"KZ_N{number}"} for number in range(MAX_ENTRIES)]
    with pytest.raises(LimitExceeded, match="fields"):
        build(fields=many)


@pytest.mark.parametrize(
    "pattern", ["(a+)+", "(a|a)*", "(?=a)b", r"(a)\1", "a*b*c*d*e*", "(a){2,}", "a{1,2}b{1,2}c{1,2}d{1,2}e{1,2}", "(", "a**"]
)  # fmt: skip
def test_patterns_that_may_take_for_ever_are_refused(pattern: str) -> None:
    assert find_pattern_fault(pattern)


@pytest.mark.parametrize(
    "pattern", [r"^JY[123]\d{13}$", r"^\d{17}[\dX]$|^\d{19}$", r"^[（(]\d{4}[）)]第\d{4,6}号?$"]
)
def test_patterns_of_numbers_are_taken(pattern: str) -> None:
    assert find_pattern_fault(pattern) is None
