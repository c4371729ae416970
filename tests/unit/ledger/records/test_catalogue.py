"""The catalogue of certificate types.

Complete, well-formed, and honest about what is not known.
"""

import pytest

from ledger.records.catalogue import LOCAL_PREFIX, SEALING, SEALS, TYPES, CertificateType, by_code
from ledger.records.identifiers import CertificateIdentifier, check_credit_code, division_of
from ledger.records.vocabulary import EXTENSIONS, HOLDER_CODE_TYPES, LEVELS, Form, Sensitivity

# Codes that public source code confirms.
VERIFIED = {
    "11100000MB03271699001": "不动产权证",
    "11100000MB03271699022": "不动产登记证明",
    "11100000000013338W001": "二级建造师注册证书",
    "11100000000013338W011": "安管人员考核合格证书",
    "11100000000013338W032": "建筑施工特种作业操作资格证",
    "11100000000019713D008": "道路运输经营许可证",
    "11100000000019713D016": "道路危险货物运输许可证",
    "11100000000019713D074": "网约车经营许可证",
    "11100000000019713D079": "放射性物品道路运输许可证",
    "11100000000019713D013": "道路运输证",
    "11100000000019713D073": "网约车运输证",
    "11100000000019713D071": "道路运输从业资格证",
    "11100000000019713D075": "巡游出租驾驶员证",
    "11100000000019713D072": "网约车驾驶员证",
}
INFERRED = {"11100000MB0143028R001": "营业执照"}
UNKNOWN = (
    "食品经营许可证", "食品生产许可证", "药品经营许可证", "第二类医疗器械经营备案凭证", "特种设备使用登记证",
    "出生医学证明", "公共场所卫生许可证", "医疗机构执业许可证", "医师执业证书", "护士执业证书", "结婚证",
    "离婚证", "社会团体法人登记证书", "民办非企业单位登记证书", "居住证", "驾驶证", "行驶证",
    "特种行业许可证", "社会保障卡", "就业创业证", "人力资源服务许可证", "劳务派遣经营许可证", "取水许可证",
    "排污许可证", "建筑工程施工许可证", "燃气经营许可证", "建设用地规划许可证", "建设工程规划许可证",
    "动物防疫条件合格证", "种子生产经营许可证", "娱乐经营许可证", "办学许可证", "教师资格证",
    "危险化学品经营许可证", "烟草专卖零售许可证", "残疾人证", "优待证", "行业综合许可证",
)  # fmt: skip
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

each_type = pytest.mark.parametrize("type_", TYPES + SEALS, ids=lambda type_: type_.name.zh)


def named(name: str) -> CertificateType:
    return next(type_ for type_ in TYPES + SEALS if type_.name.zh == name)


def test_the_types_of_the_field_are_there() -> None:
    assert {type_.name.zh for type_ in TYPES} == {*VERIFIED.values(), *INFERRED.values(), *UNKNOWN}
    assert [seal.name.zh for seal in SEALS] == [
        "公章",
        "财务专用章",
        "发票专用章",
        "合同专用章",
        "法定代表人名章",
    ]


def test_only_confirmed_codes_are_called_verified() -> None:
    assert {type_.code: type_.name.zh for type_ in TYPES + SEALS if type_.code_verified} == VERIFIED


def test_no_ministry_code_is_invented() -> None:
    unverified = {type_.code: type_.name.zh for type_ in TYPES + SEALS if not type_.code_verified}
    local = {code for code in unverified if code.startswith(LOCAL_PREFIX)}
    assert {code: unverified[code] for code in unverified.keys() - local} == INFERRED


def test_the_local_prefix_is_evidently_made_up() -> None:
    check_credit_code(LOCAL_PREFIX)
    assert division_of(LOCAL_PREFIX) == "429006"
    assert "EXAMPLE" in LOCAL_PREFIX


def test_codes_and_names_are_unique() -> None:
    assert (
        len({type_.code for type_ in TYPES + SEALS}) == len({type_.name.zh for type_ in TYPES + SEALS}) == 58
    )


@each_type
def test_a_code_finds_its_type_and_makes_identifiers(type_: CertificateType) -> None:
    assert by_code(type_.code) is type_
    identifier = CertificateIdentifier.build(type_.code, "11429006012345671T", "0" * 20, 1)
    assert by_code(CertificateIdentifier.parse(identifier.text).type) is type_


@pytest.mark.parametrize("code", ["", "11100000000013338W087", "11100000MB0143028R", "11100000mb0143028r001"])
def test_other_codes_find_nothing(code: str) -> None:
    assert by_code(code) is None


@each_type
def test_a_form_can_be_drawn(type_: CertificateType) -> None:
    names = [field.name for field in type_.claims]
    assert len(set(names)) == len(names)
    assert [field.name for field in type_.claims if field.required][:11] == MANDATORY
    assert [field.name for field in type_.claims if not field.required] == OPTIONAL
    assert 2 <= sum(name.startswith("KZ_") for name in names) == len(names) - len(MANDATORY + OPTIONAL)
    assert type_.name.en
    for field in type_.claims:
        assert field.label.zh
        assert field.label.en.isascii()
        assert (field.form is Form.CHOICE) == bool(field.choices)
        assert len(set(field.choices)) == len(field.choices)


@each_type
def test_claims_are_graded(type_: CertificateType) -> None:
    for field in type_.claims:
        assert field.level in LEVELS
        if field.sensitivity is Sensitivity.SENSITIVE:
            assert field.level == 4
        if field.sensitivity is Sensitivity.NONE:
            assert field.level < 3
    holder = [field.sensitivity for field in type_.claims if field.name in {"CZZT", "CZZTDM", "ZZBH", "ZZBS"}]
    assert all((sensitivity is not Sensitivity.NONE) == type_.personal for sensitivity in holder)


def test_children_and_disability_are_sensitive() -> None:
    for name in ("出生医学证明", "残疾人证"):
        extensions = [field for field in named(name).claims if field.name.startswith("KZ_")]
        assert any(field.sensitivity is Sensitivity.SENSITIVE for field in extensions)
        assert all(field.sensitivity is not Sensitivity.NONE for field in extensions)


def test_joint_certificates_have_several_holders_and_others_one() -> None:
    joint = {type_.name.zh for type_ in TYPES if any(f.repeatable for f in type_.claims if f.name == "CZZT")}
    assert joint == {"不动产权证", "不动产登记证明", "结婚证", "离婚证"}
    repeatable = [field.name for field in named("结婚证").claims if field.repeatable]
    assert repeatable == ["CZZT", "CZZTDM", "CZZTDMLX", "CZZTDMLXDM"]


def test_a_comprehensive_permit_lists_those_it_covers() -> None:
    assert [f.name for f in named("行业综合许可证").claims if f.repeatable] == ["KZ_HGXK", "KZ_HGXKBS"]


def test_no_extension_is_idle() -> None:
    assert {field.name for type_ in (*TYPES, *SEALS, SEALING) for field in type_.claims} - {
        *MANDATORY,
        *OPTIONAL,
    } == {*EXTENSIONS}


def test_holder_codes_are_those_of_the_standard() -> None:
    codes = "001 099 111 114 115 118 119 120 122 411 412 413 414 511 516 999"
    assert " ".join(HOLDER_CODE_TYPES) == codes
