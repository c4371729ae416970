"""The catalogue that comes with the program: complete, and honest about what is not known."""

import re

import pytest

from anchoring.catalogue.chosen import get_catalogue
from ledger.catalogue.catalogue import Catalogue
from ledger.catalogue.fields import (
    LEVELS,
    SOURCE_ROW_CLAIM,
    UNKNOWN_TERM,
    UNKNOWN_TERM_CLAIM,
    VERSION_CLAIM,
    Form,
    Sensitivity,
)
from ledger.catalogue.types import LOCAL_PREFIX, Certainty, CertificateType, Use
from ledger.records.identifiers import CertificateIdentifier, check_credit_code, get_division

CATALOGUE: Catalogue = get_catalogue()
#: Codes that public source code confirms.
VERIFIED = {
    "11100000MB03271699001": "不动产权证",
    "11100000MB03271699022": "不动产登记证明",
    "11100000MB03271699035": "自然资源部证照 035（名称未知）",
    "11100000000013338W001": "二级建造师注册证书",
    "11100000000013338W011": "安管人员考核合格证书",
    "11100000000013338W032": "建筑施工特种作业操作资格证",
    "11100000000013338W050": "建筑施工企业安全生产许可证",
    "11100000000013338W059": "二级造价工程师注册证书（土建）",
    "11100000000013338W082": "二级造价工程师注册证书（安装）",
    "11100000000013338W087": "房屋建筑工程竣工验收备案表",
    "11100000000019713D008": "道路运输经营许可证",
    "11100000000019713D016": "道路危险货物运输许可证",
    "11100000000019713D074": "网约车经营许可证",
    "11100000000019713D079": "放射性物品道路运输许可证",
    "11100000000019713D013": "道路运输证",
    "11100000000019713D073": "网约车运输证",
    "11100000000019713D071": "道路运输从业资格证",
    "11100000000019713D075": "巡游出租驾驶员证",
    "11100000000019713D072": "网约车驾驶员证",
    "11100000MB0143028R001": "营业执照",
    "11100000000013127D001": "居民身份证",
}
PRESUMED = {"11100000000013338W009": "建筑工程施工许可证"}
#: Names under which the types of the first catalogue were known.
BEFORE = (
    "食品经营许可证", "食品生产许可证", "药品经营许可证", "第二类医疗器械经营备案凭证",
    "特种设备使用登记证", "出生医学证明", "公共场所卫生许可证", "医疗机构执业许可证", "医师执业证书",
    "护士执业证书", "结婚证", "离婚证", "社会团体法人登记证书", "民办非企业单位登记证书", "居住证",
    "驾驶证", "行驶证", "特种行业许可证", "社会保障卡", "就业创业证", "人力资源服务许可证",
    "劳务派遣经营许可证", "取水许可证", "排污许可证", "燃气经营许可证", "建设用地规划许可证",
    "建设工程规划许可证", "动物防疫条件合格证", "种子生产经营许可证", "娱乐经营许可证", "办学许可证",
    "教师资格证", "危险化学品经营许可证", "烟草专卖零售许可证", "残疾人证", "优待证", "行业综合许可证",
)  # fmt: skip
#: Claims that an import states, whatever the type.
IMPORTED = (VERSION_CLAIM, SOURCE_ROW_CLAIM, UNKNOWN_TERM_CLAIM)
MANDATORY = [
    "ZZMC",
    "ZZLXDM",
    "ZZBH",
    "ZZBS",
    "ZZBFJG",
    "ZZBFJGDM",
    "ZZBFRQ",
    "CZZT",
    "CZZTDM",
    "CZZTDMLX",
    "CZZTDMLXDM",
]
OPTIONAL = ["ZZYXQQSRQ", "ZZYXQJZRQ", "ZZQZR", "ZZQZSJ", "ZZQZMC"]

each_type = pytest.mark.parametrize("type_", CATALOGUE.types.values(), ids=lambda type_: type_.id)


def only(name: str) -> CertificateType:
    (type_,) = CATALOGUE.search_types(name)
    return type_


def test_everything_that_is_known_is_there() -> None:
    assert len(CATALOGUE.certificates) == 89
    assert len(CATALOGUE.fields) >= 194
    assert len(CATALOGUE.errands) >= 35
    assert {seal.seal.group for seal in CATALOGUE.seals if seal.seal} == {
        "法定名称章", "内设机构章", "分支机构章", "业务专用章", "单位事务个人名章"
    }  # fmt: skip
    assert [seal.id for seal in CATALOGUE.seals if seal.seal and seal.seal.free] == [
        "seal-legal", "seal-finance", "seal-invoice", "seal-contract", "seal-person"
    ]  # fmt: skip


@pytest.mark.parametrize("name", [*VERIFIED.values(), *PRESUMED.values(), *BEFORE])
def test_a_type_is_known_by_the_names_that_people_use(name: str) -> None:
    assert only(name).kind == "certificate"


def test_only_confirmed_codes_are_called_verified() -> None:
    codes = {certainty: set[str]() for certainty in Certainty}
    for type_ in CATALOGUE.types.values():
        codes[type_.certainty].add(type_.code)
    assert codes[Certainty.VERIFIED] == VERIFIED.keys()
    assert codes[Certainty.PRESUMED] == PRESUMED.keys()
    assert all(code.startswith(LOCAL_PREFIX) for code in codes[Certainty.LOCAL])
    for code, name in (VERIFIED | PRESUMED).items():
        assert CATALOGUE.find_type(code) is only(name)


def test_the_local_prefix_is_evidently_made_up() -> None:
    check_credit_code(LOCAL_PREFIX)
    assert get_division(LOCAL_PREFIX) == "429006"
    assert "EXAMPLE" in LOCAL_PREFIX


def test_what_was_corrected() -> None:
    assert only("居民身份证").use is Use.RELY
    assert CATALOGUE.types["land-035"].use is Use.UNNAMED
    assert CATALOGUE.fields["KZ_TZW"].form is Form.TEXT
    assert "KZ_TZW" in only("道路运输证").required
    assert "KZ_ZMQLSX" in only("不动产登记证明").required
    levels = CATALOGUE.fields["KZ_GWLB"].values
    assert [value[:2] for value in levels] == ["A（", "B（", "C1", "C2", "C3"]


def test_what_records_of_the_past_state_stays_known() -> None:
    renamed = CATALOGUE.find_field("KZ_ZMQL")
    assert renamed is CATALOGUE.fields["KZ_ZMQLSX"]
    assert CATALOGUE.claim_labels["KZ_ZMQL"] == "证明权利或事项"
    assert CATALOGUE.find_type(LOCAL_PREFIX + "022") is only("施工许可证")
    assert CATALOGUE.find_field("KZ_HDZZL")


def test_what_an_import_states_by_itself_has_a_label() -> None:
    labels = {name: CATALOGUE.fields[name].label.zh for name in IMPORTED}
    assert labels == {
        VERSION_CLAIM: "证照目录版本",
        SOURCE_ROW_CLAIM: "原始行摘要",
        UNKNOWN_TERM_CLAIM: "期限说明",
    }
    assert CATALOGUE.fields[UNKNOWN_TERM_CLAIM].values == (UNKNOWN_TERM,)
    assert CATALOGUE.fields[SOURCE_ROW_CLAIM].form is Form.DIGEST
    assert re.fullmatch(r"20\d\d\.\d\d", CATALOGUE.version)


def test_codes_and_names_are_unique() -> None:
    types = CATALOGUE.types.values()
    assert len({type_.code for type_ in types}) == len({type_.name.zh for type_ in types}) == len(types)
    for type_ in types:
        for name in (type_.id, type_.code, *type_.name, *type_.aliases):
            assert CATALOGUE.search_types(name) == (type_,), name


@each_type
def test_a_code_finds_its_type_and_makes_identifiers(type_: CertificateType) -> None:
    identifier = CertificateIdentifier.build(type_.code, "11429006012345671T", "0" * 20, 1)
    assert CATALOGUE.find_type(CertificateIdentifier.parse(identifier.text).type) is type_


@pytest.mark.parametrize("code", ["", "11100000000013338W088", "11100000MB0143028R", "11100000mb0143028r001"])
def test_other_codes_find_nothing(code: str) -> None:
    assert CATALOGUE.find_type(code) is None
    assert CATALOGUE.map_claims(code) == {}


@each_type
def test_a_form_can_be_drawn(type_: CertificateType) -> None:
    fields = CATALOGUE.list_claims(type_)
    names = [field.name for field in fields]
    assert len(set(names)) == len(names)
    assert [field.name for field in fields if field.required][: len(MANDATORY)] == MANDATORY
    assert [field.name for field in fields if not field.required][: len(OPTIONAL)] == OPTIONAL
    assert type_.use is Use.UNNAMED or type_.required
    for field in fields:
        assert field.label.zh
        assert field.label.en.isascii()
        assert len(set(field.values)) == len(field.values)


@each_type
def test_claims_are_graded(type_: CertificateType) -> None:
    for field in CATALOGUE.list_claims(type_):
        assert field.level in LEVELS
        if field.sensitivity is Sensitivity.SENSITIVE:
            assert field.level == 4
            assert field.mask != "none"
        if field.sensitivity is Sensitivity.NONE:
            assert field.level < 3
    holder_claims = [CATALOGUE.map_claims(type_.code)[name] for name in ("CZZT", "CZZTDM", "ZZBH", "ZZBS")]
    assert all((claim.sensitivity is not Sensitivity.NONE) == type_.is_personal for claim in holder_claims)


def test_children_and_disability_are_sensitive() -> None:
    for name in ("出生医学证明", "残疾人证"):
        fields = [field for field in CATALOGUE.list_claims(only(name)) if field.name.startswith("KZ_")]
        assert any(field.sensitivity is Sensitivity.SENSITIVE for field in fields)
        assert all(field.sensitivity is not Sensitivity.NONE for field in fields)


def test_joint_certificates_have_several_holders_and_others_one() -> None:
    joint = {type_.id for type_ in CATALOGUE.certificates if type_.joint}
    assert joint == {"bdc-title", "bdc-proof", "marriage", "divorce", "household"}
    repeatable = [field.name for field in CATALOGUE.list_claims(only("结婚证")) if field.repeatable]
    assert repeatable == ["CZZT", "CZZTDM", "CZZTDMLX", "CZZTDMLXDM"]


def test_a_comprehensive_permit_lists_those_it_covers() -> None:
    fields = CATALOGUE.list_claims(only("行业综合许可证"))
    assert [field.name for field in fields if field.repeatable] == ["KZ_HGXK", "KZ_HGXKBS"]


def test_no_extension_is_idle() -> None:
    listed = {name for type_ in CATALOGUE.types.values() for name in (*type_.required, *type_.optional)}
    assert CATALOGUE.fields.keys() - listed == {*MANDATORY, *OPTIONAL, *IMPORTED}


def test_a_heading_of_a_table_means_one_claim() -> None:
    for type_ in CATALOGUE.certificates:
        headings = [
            heading for field in CATALOGUE.list_claims(type_) for heading in {field.label.zh, *field.headings}
        ]
        twice = {heading for heading in headings if headings.count(heading) > 1}
        assert twice == set(), f"{type_.id}: {twice}"


def test_every_source_of_an_alias_is_described() -> None:
    sources = {source for field in CATALOGUE.fields.values() for source in field.aliases}
    assert sources <= CATALOGUE.conventions.sources.keys()
    maps = CATALOGUE.conventions.statuses.keys() | CATALOGUE.conventions.operations.keys()
    assert maps <= CATALOGUE.conventions.sources.keys()


def test_each_licence_of_an_errand_replaces_a_paper() -> None:
    for errand in CATALOGUE.errands.values():
        assert all(need.replaces for need in errand.needs if need.type), errand.id
        assert errand.title.en


def test_holder_codes_are_those_of_the_standard() -> None:
    codes = "001 099 111 114 115 118 119 120 122 411 412 413 414 511 516 999"
    assert " ".join(CATALOGUE.conventions.holder_codes) == codes
    for code_map in CATALOGUE.conventions.holder_code_maps.values():
        assert code_map.keys() <= CATALOGUE.conventions.holder_codes.keys()


def test_a_false_end_is_no_end() -> None:
    conventions = CATALOGUE.conventions
    assert "9999-12-30" in conventions.doubtful_ends
    assert not set(conventions.doubtful_ends) & {*conventions.endless_dates, *conventions.endless_words}


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("不动产权证", "鄂（2024）天门市不动产权第0000001号"),
        ("食品经营许可证", "JY14290060000001"),
        ("取水许可证", "D429006S2022-0001"),
        ("排污许可证", "91130200699229617X001P"),
        ("危险化学品经营许可证", "鲁枣危化经〔2018〕000012号"),
        ("结婚证", "J429006-2022-000001"),
    ],
)
def test_numbers_that_were_seen_have_the_pattern(name: str, number: str) -> None:
    rule = only(name).number
    assert rule
    assert rule.fits(number)
    assert not rule.fits(number + "？")
