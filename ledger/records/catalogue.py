"""The types of certificates that a node knows, and the claims that each states.

A type code is the credit code of the ministry that defines the type, and three digits. Codes that could be
read in public source code are verified. The other types are real, but their codes are not known here; they
stand under `LOCAL_PREFIX`, which no body holds and which shows that it is made up: authority Y, Tianmen's
division, "EXAMPLE", and check digits that pass. No ministry's code is invented. A city replaces the local
codes by the official ones when it obtains them.
"""

from dataclasses import dataclass
from typing import Final, Literal

from ledger.records.vocabulary import EXTENSIONS, ClaimField, standard_fields
from ledger.words import Words

LOCAL_PREFIX: Final = "Y1429006EXAMPLE03H"

_HOUSING = "11100000000013338W"
_LAND = "11100000MB03271699"
_TRANSPORT = "11100000000019713D"
_MARKET = "11100000MB0143028R"  # inferred, not read anywhere: its type is not marked verified
_VERIFIED_PREFIXES = {_HOUSING, _LAND, _TRANSPORT}


@dataclass(frozen=True, slots=True)
class CertificateType:
    """A type of certificate, or of seal.

    `code` is 21 characters; `authority` the field of administration; `personal`: a natural person holds it.
    """

    code: str
    name: Words
    authority: str
    code_verified: bool
    personal: bool
    claims: tuple[ClaimField, ...]


Holder = Literal["body", "person", "persons"]


def _make_type(
    prefix: str, serial: int, authority: str, zh: str, en: str, holder: Holder, extensions: str
) -> CertificateType:
    personal = holder != "body"
    standard = standard_fields(personal=personal, joint=holder == "persons")
    return CertificateType(
        code=f"{prefix}{serial:03d}",
        name=Words(zh, en),
        authority=authority,
        code_verified=prefix in _VERIFIED_PREFIXES,
        personal=personal,
        claims=standard + tuple(EXTENSIONS[extension] for extension in extensions.split()),
    )


# fmt: off
TYPES: Final = (
    _make_type(_LAND, 1, "自然资源", "不动产权证", "Certificate of real property", "persons",
          "KZ_GYQK KZ_ZL KZ_BDCDYH KZ_QLLX KZ_YT KZ_MJ"),
    _make_type(_LAND, 22, "自然资源", "不动产登记证明", "Proof of real property registration", "persons",
          "KZ_YWR KZ_ZL KZ_BDCDYH KZ_ZMQL"),
    _make_type(LOCAL_PREFIX, 24, "自然资源", "建设用地规划许可证", "Planning permit for land use", "body",
          "KZ_XMMC KZ_JSWZ KZ_YDXZ KZ_MJ"),
    _make_type(LOCAL_PREFIX, 25, "自然资源", "建设工程规划许可证", "Planning permit for construction", "body",
          "KZ_XMMC KZ_JSWZ KZ_JSGM"),
    _make_type(_HOUSING, 1, "住建", "二级建造师注册证书", "Registration of an associate constructor", "person",
          "KZ_XB KZ_CSRQ KZ_PYDW KZ_ZYZY"),
    _make_type(_HOUSING, 11, "住建", "安管人员考核合格证书", "Construction safety officer's certificate",
          "person", "KZ_XB KZ_CSRQ KZ_PYDW KZ_GWLB"),
    _make_type(_HOUSING, 32, "住建", "建筑施工特种作业操作资格证", "Licence for special construction trades",
          "person", "KZ_XB KZ_CSRQ KZ_CZLB"),
    _make_type(LOCAL_PREFIX, 22, "住建", "建筑工程施工许可证", "Construction permit", "body",
          "KZ_XMMC KZ_JSWZ KZ_JSGM KZ_HTJG KZ_SJDW KZ_SGDW KZ_JLDW"),
    _make_type(LOCAL_PREFIX, 23, "住建", "燃气经营许可证", "Gas trading permit", "body",
          "KZ_FDDBR KZ_DZ KZ_RQLB KZ_JYQY"),
    _make_type(_TRANSPORT, 8, "交通", "道路运输经营许可证", "Road transport operating permit", "body",
          "KZ_FDDBR KZ_DZ KZ_JJXZ KZ_JYFW"),
    _make_type(_TRANSPORT, 16, "交通", "道路危险货物运输许可证", "Permit to transport dangerous goods by road",
          "body", "KZ_FDDBR KZ_DZ KZ_JJXZ KZ_JYFW"),
    _make_type(_TRANSPORT, 74, "交通", "网约车经营许可证", "Ride-hailing operating permit", "body",
          "KZ_FDDBR KZ_DZ KZ_JYQY KZ_JYFW"),
    _make_type(_TRANSPORT, 79, "交通", "放射性物品道路运输许可证", "Permit to transport radioactive goods by road",
          "body", "KZ_FDDBR KZ_DZ KZ_JYFW"),
    _make_type(_TRANSPORT, 13, "交通", "道路运输证", "Road transport vehicle certificate", "body",
          "KZ_DZ KZ_CLHP KZ_CLLX KZ_HDZZL KZ_JYFW"),
    _make_type(_TRANSPORT, 73, "交通", "网约车运输证", "Ride-hailing vehicle certificate", "body",
          "KZ_DZ KZ_CLHP KZ_CLLX KZ_PPXH"),
    _make_type(_TRANSPORT, 71, "交通", "道路运输从业资格证", "Road transport worker's qualification", "person",
          "KZ_XB KZ_CSRQ KZ_CYLB KZ_ZJCX"),
    _make_type(_TRANSPORT, 75, "交通", "巡游出租驾驶员证", "Taxi driver's certificate", "person",
          "KZ_XB KZ_CSRQ KZ_FWDW"),
    _make_type(_TRANSPORT, 72, "交通", "网约车驾驶员证", "Ride-hailing driver's certificate", "person",
          "KZ_XB KZ_CSRQ KZ_ZJCX"),
    _make_type(_MARKET, 1, "市场监管", "营业执照", "Business licence", "body",
          "KZ_LX KZ_FDDBR KZ_ZCZB KZ_CLRQ KZ_ZS KZ_JYFW"),
    _make_type(LOCAL_PREFIX, 1, "市场监管", "食品经营许可证", "Food trading permit", "body",
          "KZ_FDDBR KZ_JYCS KZ_ZTYT KZ_JYXM"),
    _make_type(LOCAL_PREFIX, 2, "市场监管", "食品生产许可证", "Food production permit", "body",
          "KZ_FDDBR KZ_ZS KZ_SCDZ KZ_SPLB"),
    _make_type(LOCAL_PREFIX, 3, "市场监管", "药品经营许可证", "Pharmacy permit", "body",
          "KZ_FDDBR KZ_ZLFZR KZ_JYCS KZ_JYFS KZ_JYFW"),
    _make_type(LOCAL_PREFIX, 4, "市场监管", "第二类医疗器械经营备案凭证", "Class II medical device trade filing",
          "body", "KZ_FDDBR KZ_JYCS KZ_KFDZ KZ_JYFS KZ_JYFW"),
    _make_type(LOCAL_PREFIX, 5, "市场监管", "特种设备使用登记证", "Registration of special equipment", "body",
          "KZ_SBZL KZ_SBDM KZ_SYDD"),
    _make_type(LOCAL_PREFIX, 6, "卫健", "出生医学证明", "Medical certificate of birth", "person",
          "KZ_XSEXB KZ_CSSJ KZ_JCJG KZ_MQXM KZ_MQZJHM KZ_FQXM KZ_FQZJHM"),
    _make_type(LOCAL_PREFIX, 7, "卫健", "公共场所卫生许可证", "Hygiene permit for public places", "body",
          "KZ_FDDBR KZ_JYCS KZ_XKXM"),
    _make_type(LOCAL_PREFIX, 8, "卫健", "医疗机构执业许可证", "Permit of a medical institution", "body",
          "KZ_FDDBR KZ_ZYFZR KZ_DZ KZ_SYZXS KZ_ZLKM"),
    _make_type(LOCAL_PREFIX, 9, "卫健", "医师执业证书", "Physician's licence", "person",
          "KZ_XB KZ_CSRQ KZ_ZYLB KZ_ZYFW KZ_ZYDD"),
    _make_type(LOCAL_PREFIX, 10, "卫健", "护士执业证书", "Nurse's licence", "person", "KZ_XB KZ_CSRQ KZ_ZYDD"),
    _make_type(LOCAL_PREFIX, 11, "民政", "结婚证", "Marriage certificate", "persons", "KZ_GJ KZ_HYDJY"),
    _make_type(LOCAL_PREFIX, 12, "民政", "离婚证", "Divorce certificate", "persons", "KZ_GJ KZ_HYDJY"),
    _make_type(LOCAL_PREFIX, 13, "民政", "社会团体法人登记证书", "Registration of a social association", "body",
          "KZ_FDDBR KZ_ZS KZ_YWFW KZ_HDDY KZ_ZCZJ KZ_YWZGDW"),
    _make_type(LOCAL_PREFIX, 14, "民政", "民办非企业单位登记证书", "Registration of a private non-enterprise body",
          "body", "KZ_FDDBR KZ_ZS KZ_YWFW KZ_KBZJ KZ_YWZGDW"),
    _make_type(LOCAL_PREFIX, 15, "公安", "居住证", "Residence permit", "person",
          "KZ_XB KZ_MZ KZ_CSRQ KZ_HJDZ KZ_JZDZ"),
    _make_type(LOCAL_PREFIX, 16, "公安", "驾驶证", "Driving licence", "person",
          "KZ_XB KZ_GJ KZ_CSRQ KZ_ZZ KZ_ZJCX KZ_CCLZRQ"),
    _make_type(LOCAL_PREFIX, 17, "公安", "行驶证", "Vehicle licence", "person",
          "KZ_ZZ KZ_CLHP KZ_CLLX KZ_SYXZ KZ_PPXH KZ_CLSBDH KZ_ZCRQ"),
    _make_type(LOCAL_PREFIX, 18, "公安", "特种行业许可证", "Special trade permit", "body",
          "KZ_FDDBR KZ_JYCS KZ_TZHYLB"),
    _make_type(LOCAL_PREFIX, 19, "人社", "社会保障卡", "Social security card", "person",
          "KZ_XB KZ_MZ KZ_CSRQ KZ_SBYH"),
    _make_type(LOCAL_PREFIX, 20, "人社", "就业创业证", "Employment and enterprise card", "person",
          "KZ_XB KZ_CSRQ KZ_WHCD KZ_JYZT"),
    _make_type(LOCAL_PREFIX, 21, "人社", "人力资源服务许可证", "Employment agency permit", "body",
          "KZ_FDDBR KZ_DZ KZ_YWFW"),
    _make_type(LOCAL_PREFIX, 26, "人社", "劳务派遣经营许可证", "Labour dispatch permit", "body",
          "KZ_FDDBR KZ_ZS KZ_ZCZB KZ_XKSX"),
    _make_type(LOCAL_PREFIX, 27, "水利", "取水许可证", "Water abstraction permit", "body",
          "KZ_FDDBR KZ_QSDD KZ_SYLX KZ_QSYT KZ_QSL"),
    _make_type(LOCAL_PREFIX, 28, "生态环境", "排污许可证", "Pollutant discharge permit", "body",
          "KZ_FDDBR KZ_SCDZ KZ_HYLB KZ_GLLB"),
    _make_type(LOCAL_PREFIX, 29, "农业农村", "动物防疫条件合格证", "Certificate of animal epidemic prevention",
          "body", "KZ_FDDBR KZ_DZ KZ_JYFW"),
    _make_type(LOCAL_PREFIX, 30, "农业农村", "种子生产经营许可证", "Seed production and trading permit", "body",
          "KZ_FDDBR KZ_ZS KZ_ZWZL KZ_SCJYFS"),
    _make_type(LOCAL_PREFIX, 31, "文旅", "娱乐经营许可证", "Entertainment venue permit", "body",
          "KZ_FDDBR KZ_JYCS KZ_CSLX KZ_HDRS"),
    _make_type(LOCAL_PREFIX, 32, "教育", "办学许可证", "School permit", "body", "KZ_FDDBR KZ_DZ KZ_XXLX KZ_BXNR"),
    _make_type(LOCAL_PREFIX, 33, "教育", "教师资格证", "Teacher's qualification", "person",
          "KZ_XB KZ_MZ KZ_CSRQ KZ_ZGZL KZ_RJXK"),
    _make_type(LOCAL_PREFIX, 34, "应急", "危险化学品经营许可证", "Permit to trade in dangerous chemicals",
          "body", "KZ_FDDBR KZ_ZS KZ_JYFS KZ_XKFW"),
    _make_type(LOCAL_PREFIX, 35, "烟草", "烟草专卖零售许可证", "Tobacco retail permit", "body",
          "KZ_FDDBR KZ_JYCS KZ_JJXZ KZ_XKFW"),
    _make_type(LOCAL_PREFIX, 36, "残联", "残疾人证", "Disability card", "person",
          "KZ_XB KZ_MZ KZ_CSRQ KZ_ZZ KZ_CJLB KZ_CJDJ KZ_JHR"),
    _make_type(LOCAL_PREFIX, 37, "退役军人", "优待证", "Veterans' entitlement card", "person",
          "KZ_XB KZ_CSRQ KZ_YDLB"),
    _make_type(LOCAL_PREFIX, 38, "政务", "行业综合许可证", "Comprehensive permit of a trade", "body",
          "KZ_FDDBR KZ_JYCS KZ_HYLX KZ_HGXK KZ_HGXKBS"),
)

#: A sealing, whatever it seals.
SEALING: Final = _make_type(LOCAL_PREFIX, 900, "印章", "电子签章", "Sealing of a document", "body", "KZ_QZRDM")
#: The five seals that a new company gets for free.
SEALS: Final = (
    _make_type(LOCAL_PREFIX, 901, "印章", "公章", "Official seal", "body", "KZ_YZBM KZ_YZXS KZ_YZZZDW KZ_ZSZW"),
    _make_type(LOCAL_PREFIX, 902, "印章", "财务专用章", "Seal for finance", "body", "KZ_YZBM KZ_YZXS KZ_YZZZDW KZ_ZSZW"),
    _make_type(LOCAL_PREFIX, 903, "印章", "发票专用章", "Seal for invoices", "body", "KZ_YZBM KZ_YZXS KZ_YZZZDW KZ_ZSZW"),
    _make_type(LOCAL_PREFIX, 904, "印章", "合同专用章", "Seal for contracts", "body", "KZ_YZBM KZ_YZXS KZ_YZZZDW KZ_ZSZW"),
    _make_type(LOCAL_PREFIX, 905, "印章", "法定代表人名章", "Legal representative's name seal", "body",
          "KZ_FDDBR KZ_YZBM KZ_YZXS KZ_YZZZDW KZ_ZSZW"),
)
# fmt: on

_BY_CODE = {type_.code: type_ for type_ in (*TYPES, *SEALS, SEALING)}


def by_code(code: str) -> CertificateType | None:
    """Return the type of certificate or seal with this code of 21 characters, or None."""
    return _BY_CODE.get(code)
