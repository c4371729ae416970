"""The types of certificates that the fictional departments issue, and what each states."""

from typing import Final

from anchoring.catalogue.chosen import get_catalogue
from ledger.catalogue.fields import ClaimField
from ledger.catalogue.types import CertificateType

#: Claims beside those of GB/T 36903, in the order in which they are drawn.
_EXTENSIONS: Final = {
    "bdc-title": "KZ_GYQK KZ_ZL KZ_BDCDYH KZ_QLLX KZ_YT KZ_MJ",
    "bdc-proof": "KZ_YWR KZ_ZL KZ_BDCDYH KZ_ZMQLSX",
    "land-use": "KZ_XMMC KZ_JSWZ KZ_YDXZ KZ_MJ",
    "build-plan": "KZ_XMMC KZ_JSWZ KZ_JSGM",
    "constructor2": "KZ_XB KZ_CSRQ KZ_PYDW KZ_ZYZY",
    "safety-officer": "KZ_XB KZ_CSRQ KZ_PYDW KZ_GWLB",
    "special-trade-worker": "KZ_XB KZ_CSRQ KZ_CZLB",
    "work-permit": "KZ_XMMC KZ_JSWZ KZ_JSGM KZ_HTJG KZ_SJDW KZ_SGDW KZ_JLDW",
    "gas": "KZ_FDDBR KZ_DZ KZ_RQLB KZ_JYQY",
    "road-business": "KZ_FDDBR KZ_DZ KZ_JJXZ KZ_JYFW",
    "road-dangerous": "KZ_FDDBR KZ_DZ KZ_JJXZ KZ_JYFW",
    "ride-business": "KZ_FDDBR KZ_DZ KZ_JYQY KZ_JYFW",
    "road-radioactive": "KZ_FDDBR KZ_DZ KZ_JYFW",
    "road-vehicle": "KZ_DZ KZ_CLHP KZ_CLLX KZ_TZW KZ_JYFW",
    "ride-vehicle": "KZ_DZ KZ_CLHP KZ_CLLX KZ_PPXH",
    "road-worker": "KZ_XB KZ_CSRQ KZ_CYLB KZ_ZJCX",
    "taxi-driver": "KZ_XB KZ_CSRQ KZ_FWDW",
    "ride-driver": "KZ_XB KZ_CSRQ KZ_ZJCX",
    "business": "KZ_LX KZ_FDDBR KZ_ZCZB KZ_CLRQ KZ_ZS KZ_JYFW",
    "food-trade": "KZ_FDDBR KZ_JYCS KZ_ZTYT KZ_JYXM",
    "food-make": "KZ_FDDBR KZ_ZS KZ_SCDZ KZ_SPLB",
    "pharmacy": "KZ_FDDBR KZ_ZLFZR KZ_JYCS KZ_JYFS KZ_JYFW",
    "device2": "KZ_FDDBR KZ_JYCS KZ_KFDZ KZ_JYFS KZ_JYFW",
    "equipment": "KZ_SBZL KZ_SBDM KZ_SYDD",
    "birth": "KZ_XSEXB KZ_CSSJ KZ_JCJG KZ_MQXM KZ_MQZJHM KZ_FQXM KZ_FQZJHM",
    "hygiene": "KZ_FDDBR KZ_JYCS KZ_XKXM",
    "clinic": "KZ_FDDBR KZ_ZYFZR KZ_DZ KZ_SYZXS KZ_ZLKM",
    "physician": "KZ_XB KZ_CSRQ KZ_ZYLB KZ_ZYFW KZ_ZYDD",
    "nurse": "KZ_XB KZ_CSRQ KZ_ZYDD",
    "marriage": "KZ_GJ KZ_HYDJY",
    "divorce": "KZ_GJ KZ_HYDJY",
    "association": "KZ_FDDBR KZ_ZS KZ_YWFW KZ_HDDY KZ_ZCZJ KZ_YWZGDW",
    "private-body": "KZ_FDDBR KZ_ZS KZ_YWFW KZ_KBZJ KZ_YWZGDW",
    "residence": "KZ_XB KZ_MZ KZ_CSRQ KZ_HJDZ KZ_JZDZ",
    "driver": "KZ_XB KZ_GJ KZ_CSRQ KZ_ZZ KZ_ZJCX KZ_CCLZRQ",
    "vehicle": "KZ_ZZ KZ_CLHP KZ_CLLX KZ_SYXZ KZ_PPXH KZ_CLSBDH KZ_ZCRQ",
    "special-business": "KZ_FDDBR KZ_JYCS KZ_TZHYLB",
    "social-card": "KZ_XB KZ_MZ KZ_CSRQ KZ_SBYH",
    "employment": "KZ_XB KZ_CSRQ KZ_WHCD KZ_JYZT",
    "hr-service": "KZ_FDDBR KZ_DZ KZ_YWFW",
    "dispatch": "KZ_FDDBR KZ_ZS KZ_ZCZB KZ_XKSX",
    "water": "KZ_FDDBR KZ_QSDD KZ_SYLX KZ_QSYT KZ_QSL",
    "discharge": "KZ_FDDBR KZ_SCDZ KZ_HYLB KZ_GLLB",
    "animal-epidemic": "KZ_FDDBR KZ_DZ KZ_JYFW",
    "seed": "KZ_FDDBR KZ_ZS KZ_ZWZL KZ_SCJYFS",
    "entertainment": "KZ_FDDBR KZ_JYCS KZ_CSLX KZ_HDRS",
    "school": "KZ_FDDBR KZ_DZ KZ_XXLX KZ_BXNR",
    "teacher": "KZ_XB KZ_MZ KZ_CSRQ KZ_ZGZL KZ_RJXK",
    "chemicals": "KZ_FDDBR KZ_ZS KZ_JYFS KZ_XKFW",
    "tobacco": "KZ_FDDBR KZ_JYCS KZ_JJXZ KZ_XKFW",
    "disability": "KZ_XB KZ_MZ KZ_CSRQ KZ_ZZ KZ_CJLB KZ_CJDJ KZ_JHR",
    "veteran": "KZ_XB KZ_CSRQ KZ_YDLB",
    "composite": "KZ_FDDBR KZ_JYCS KZ_HYLX KZ_HGXK KZ_HGXKBS",
}  # fmt: skip

TYPES: Final = tuple(get_catalogue().types[key] for key in _EXTENSIONS)


def list_claims(type_: CertificateType) -> list[ClaimField]:
    """Return the claims that the departments state on certificates of a type."""
    claims = {field.name: field for field in get_catalogue().list_claims(type_)}
    standard_names = [field.name for field in get_catalogue().standard_fields]
    return [claims[name] for name in (*standard_names, *_EXTENSIONS[type_.id].split())]
