"""Draw fictional licences from the claims of the catalogue, for `shunzheng submit`."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from anchoring.catalogue.chosen import get_catalogue
from examples.holders import Body, Person, Population, day_between
from examples.types import list_claims
from examples.values import Subject, value
from ledger.catalogue.types import CertificateType
from ledger.encoding.canonical import Json
from ledger.records.identifiers import CertificateIdentifier

FIRST_DAY, LAST_DAY = date(2014, 1, 1), date(2026, 10, 31)
SERIAL_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

Holder = Body | Person

# Years of validity where they are not five; 0 is 长期, without end. Those of UNDATED state no validity at all.
YEARS = {
    "营业执照": 0, "二级建造师注册证书": 3, "建筑施工企业安全生产管理人员考核合格证书": 3, "建筑施工特种作业操作资格证": 2,
    "道路运输经营许可证": 4, "道路危险货物运输许可证": 4, "网络预约出租汽车经营许可证": 4, "危险化学品经营许可证": 3,
    "道路运输从业资格证": 6, "公共场所卫生许可证": 4, "第二类医疗器械经营备案凭证": 0, "特种设备使用登记证": 0,
    "医师执业证书": 0, "居住证": 1, "机动车驾驶证": 10, "特种行业许可证": 0, "社会保障卡": 10, "就业创业证": 0,
    "劳务派遣经营许可证": 3, "燃气经营许可证": 3, "娱乐经营许可证": 2, "残疾人证": 10, "退役军人优待证": 0,
    "动物防疫条件合格证": 0, "教师资格证书": 0,
}  # fmt: skip
UNDATED = {
    "不动产权证书", "不动产登记证明", "出生医学证明", "结婚证", "离婚证", "机动车行驶证", "建设用地规划许可证",
    "建设工程规划许可证", "建筑工程施工许可证",
}  # fmt: skip
# How certificates are numbered: by year and a running number, or by the holder's own code.
NUMBERS = {
    "不动产权证书": "鄂（{year}）天门市不动产权第{n:07d}号",
    "不动产登记证明": "鄂（{year}）天门市不动产证明第{n:07d}号",
    "建设用地规划许可证": "地字第429006{year}{n:05d}号",
    "建设工程规划许可证": "建字第429006{year}{n:05d}号",
    "二级建造师注册证书": "鄂242{year}{n:06d}",
    "建筑施工企业安全生产管理人员考核合格证书": "鄂建安（{year}）{n:07d}",
    "道路运输经营许可证": "鄂交运管许可字429006{n:06d}号",
    "道路运输证": "鄂交运管字429006{n:06d}号",
    "道路运输从业资格证": "{holder}",
    "营业执照": "{holder}",
    "机动车驾驶证": "{holder}",
    "食品经营许可证": "JY429006{n:08d}",
    "食品生产许可证": "SC429006{n:08d}",
    "药品经营许可证": "鄂DA429{n:06d}",
    "第二类医疗器械经营备案凭证": "鄂天食药监械经营备{year}{n:04d}号",
    "出生医学证明": "R42{n:07d}",
    "公共场所卫生许可证": "鄂天卫公证字〔{year}〕第{n:05d}号",
    "结婚证": "J429006-{year}-{n:06d}",
    "离婚证": "L429006-{year}-{n:06d}",
    "劳务派遣经营许可证": "429006{year}{n:04d}",
    "取水许可证": "D429006S{year}-{n:04d}",
    "排污许可证": "{holder}001P",
    "烟草专卖零售许可证": "429006{n:06d}",
}
DEFAULT_NUMBER = "天示〔{year}〕{n:06d}号"


@dataclass(frozen=True, slots=True)
class Department:
    credit_code: str
    name: str
    name_en: str
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Licence:
    """What a department hands in of one licence; the salts are drawn when it is submitted."""

    identifier: str
    issuer: str
    issued: date
    valid_from: date | None
    valid_until: date | None
    claims: dict[str, Json]

    def to_json(self) -> dict[str, Json]:
        record: dict[str, Json] = {
            "kind": "licence",
            "action": "issue",
            "identifier": self.identifier,
            "issuer": self.issuer,
            "issued": self.issued.isoformat(),
        }
        if self.valid_from:
            record["valid_from"] = self.valid_from.isoformat()
        if self.valid_until:
            record["valid_until"] = self.valid_until.isoformat()
        return record | {"claims": self.claims}


class Register:
    """Issues licences to holders, each with an identifier and a number of its own."""

    def __init__(self, random: Random, population: Population, departments: Sequence[Department]) -> None:
        self._random = random
        self._population = population
        self._departments = {code: department for department in departments for code in department.types}
        self._issued: Counter[str] = Counter()

    def issue(self, type_: CertificateType, *holders: Holder, covers: Sequence[Licence] = ()) -> Licence:
        """Draw a licence of this type: joint if it has several holders, comprehensive if it covers others."""
        department = self._departments[type_.code]
        issued, valid_from, valid_until = self._dates(type_, holders[0])
        self._issued[type_.name.zh] += 1
        number = NUMBERS.get(type_.name.zh, DEFAULT_NUMBER).format(
            year=issued.year, n=self._issued[type_.name.zh], holder=_code(holders[0])
        )
        serial = "".join(self._random.choices(SERIAL_ALPHABET, k=20))
        identifier = CertificateIdentifier.build(type_.code, department.credit_code, serial, 1).text
        known: dict[str, list[Json]] = {
            "ZZMC": [type_.name.zh],
            "ZZLXDM": [type_.code],
            "ZZBH": [number],
            "ZZBS": [identifier],
            "ZZBFJG": [department.name],
            "ZZBFJGDM": [department.credit_code],
            "ZZBFRQ": [issued.isoformat()],
            "CZZT": [holder.name for holder in holders],
            "CZZTDM": [_code(holder) or number for holder in holders],
            "CZZTDMLX": [get_catalogue().conventions.holder_codes[_code_type(holder)] for holder in holders],
            "CZZTDMLXDM": [_code_type(holder) for holder in holders],
            "ZZYXQQSRQ": [valid_from.isoformat()] if valid_from else [],
            "ZZYXQJZRQ": [valid_until.isoformat()] if valid_until else [],
            "KZ_GYQK": ["共同共有" if len(holders) > 1 else "单独所有"],
            "KZ_HGXK": [licence.claims["ZZMC"] for licence in covers],
            "KZ_HGXKBS": [licence.identifier for licence in covers],
        }
        subject = Subject(self._random, self._population, holders[0], issued)
        claims: dict[str, Json] = {}
        for field in list_claims(type_):
            if values := known.get(field.name):
                claims[field.name] = values if field.repeatable else values[0]
            elif field.required or field.standard == "extension":
                claims[field.name] = value(field, subject)
        return Licence(identifier, department.credit_code, issued, valid_from, valid_until, claims)

    def _dates(self, type_: CertificateType, holder: Holder) -> tuple[date, date | None, date | None]:
        """Draw the day of issue, the first and the last of validity: most run, some are over, few begin later."""
        random, years = self._random, YEARS.get(type_.name.zh, 5)
        if isinstance(holder, Person) and not holder.number:
            issued = holder.born + timedelta(days=random.randrange(2, 20))
            return issued, None, None
        earliest = max(FIRST_DAY, _of_age(holder))
        if years and random.random() < 0.93:
            earliest = max(earliest, LAST_DAY - timedelta(days=365 * years - 30))
        issued = valid_from = day_between(random, earliest, LAST_DAY)
        if type_.name.zh in UNDATED:
            return issued, None, None
        if random.random() < 0.004:
            issued = LAST_DAY - timedelta(days=random.randrange(30))
            valid_from = day_between(random, date(2027, 1, 1), date(2027, 3, 31))
        return issued, valid_from, _years_after(valid_from, years) - timedelta(days=1) if years else None


def _of_age(holder: Holder) -> date:
    return holder.established if isinstance(holder, Body) else _years_after(holder.born, 18)


def _years_after(day: date, years: int) -> date:
    leap_day = (day.month, day.day) == (2, 29)
    return date(day.year + years, 3, 1) if leap_day else day.replace(year=day.year + years)


def _code(holder: Holder) -> str:
    return holder.code if isinstance(holder, Body) else holder.number


def _code_type(holder: Holder) -> str:
    if isinstance(holder, Body):
        return "001"
    return "111" if holder.number else "999"
