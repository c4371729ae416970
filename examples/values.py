"""Draws the values of the claims that single types of certificates add, fitting the holder."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from examples.holders import Body, Person, Population, address, day_between, name
from ledger.catalogue.fields import ClaimField
from ledger.encoding.canonical import Json


@dataclass(frozen=True, slots=True)
class Subject:
    """Who a certificate is about and when it was issued: what its claims depend on."""

    random: Random
    population: Population
    holder: Body | Person
    issued: date

    @property
    def person(self) -> Person:
        if isinstance(self.holder, Body):
            raise TypeError("a body holds a certificate for persons")
        return self.holder

    @property
    def body(self) -> Body:
        if isinstance(self.holder, Person):
            raise TypeError("a person holds a certificate for bodies")
        return self.holder

    def number(self, digits: int) -> str:
        return "".join(self.random.choices("0123456789", k=digits))


def value(field: ClaimField, subject: Subject) -> Json:
    """Draw the value of an extension: as the line of business has it, by its rule, or any of its choices."""
    if isinstance(subject.holder, Body) and field.name in subject.holder.line.values:
        return subject.holder.line.values[field.name]
    if field.name in _RULES:
        return _RULES[field.name](subject)
    return subject.random.choice(field.values)


def _own_address(subject: Subject) -> str:
    return subject.holder.address


def _other_address(subject: Subject) -> str:
    return address(subject.random)


def _somebody(subject: Subject) -> str:
    return name(subject.random)


def _mother_number(subject: Subject) -> str:
    return subject.population.person("女", first_year=1986, last_year=1994).number


def _father_number(subject: Subject) -> str:
    return subject.population.person("男", first_year=1984, last_year=1994).number


def _recently(subject: Subject) -> str:
    """Some day in the two years before the issue."""
    return day_between(subject.random, subject.issued - timedelta(days=730), subject.issued).isoformat()


def _birth(subject: Subject) -> str:
    """A time in UTC that falls on the day of birth in Tianmen too."""
    random = subject.random
    return f"{subject.person.born}T{random.randrange(16):02d}:{random.randrange(60):02d}:00Z"


def _money(subject: Subject) -> str:
    return f"{subject.random.choice((3, 10, 50, 100, 200, 500, 1000))}万元"


def _area(subject: Subject) -> str:
    return f"{subject.random.randrange(60, 3000)}.{subject.random.randrange(100):02d}平方米"


_RULES: dict[str, Callable[[Subject], Json]] = {
    # people
    "KZ_FDDBR": lambda subject: subject.body.representative,
    "KZ_ZLFZR": _somebody,
    "KZ_ZYFZR": _somebody,
    "KZ_XB": lambda subject: subject.person.sex,
    "KZ_XSEXB": lambda subject: subject.person.sex,
    "KZ_MZ": lambda subject: subject.random.choice(("汉族",) * 9 + ("土家族",)),
    "KZ_GJ": lambda subject: "中国",
    "KZ_CSRQ": lambda subject: subject.person.born.isoformat(),
    "KZ_ZZ": _own_address,
    "KZ_JZDZ": _own_address,
    "KZ_HJDZ": _other_address,
    "KZ_HYDJY": _somebody,
    "KZ_JHR": _somebody,
    "KZ_SBYH": lambda subject: "天门示例农村商业银行",
    "KZ_CSSJ": _birth,
    "KZ_JCJG": lambda subject: "天门示例妇幼保健院",
    "KZ_MQXM": lambda subject: name(subject.random, "女"),
    "KZ_MQZJHM": _mother_number,
    "KZ_FQXM": lambda subject: name(subject.random, "男"),
    "KZ_FQZJHM": _father_number,
    # places
    "KZ_DZ": _own_address,
    "KZ_ZS": _own_address,
    "KZ_JYCS": _own_address,
    "KZ_SCDZ": _own_address,
    "KZ_SYDD": _own_address,
    "KZ_KFDZ": _other_address,
    "KZ_JSWZ": _other_address,
    "KZ_QSDD": _other_address,
    "KZ_ZL": lambda subject: (
        f"{address(subject.random)}{subject.random.randrange(1, 30)}幢{subject.number(3)}室"
    ),
    "KZ_ZYDD": lambda subject: subject.random.choice(
        ("天门示例人民医院", "天门示例中医院", "天门示例社区卫生服务中心")
    ),
    "KZ_JYQY": lambda subject: "天门市行政区域内",
    "KZ_HDDY": lambda subject: "天门市",
    # what is permitted
    "KZ_JYFW": lambda subject: subject.body.line.scope,
    # the body
    "KZ_ZCZB": _money,
    "KZ_ZCZJ": _money,
    "KZ_KBZJ": _money,
    "KZ_CLRQ": lambda subject: subject.body.established.isoformat(),
    "KZ_YWZGDW": lambda subject: "天门市示例业务主管局",
    # persons at work
    "KZ_PYDW": lambda subject: "天门示例建设工程有限公司",
    "KZ_FWDW": lambda subject: "天门示例出租汽车有限公司",
    "KZ_CCLZRQ": _recently,
    "KZ_GWLB": lambda subject: subject.random.choice(
        ("A（企业主要负责人）", "B（项目负责人）", "C3（综合类专职安全生产管理人员）")
    ),
    # things: no plate contains I, no vehicle number is assigned to EXAMPLE
    "KZ_CLHP": lambda subject: f"鄂R·I{subject.number(4)}",
    "KZ_PPXH": lambda subject: f"示例牌SL{subject.number(4)}",
    "KZ_CLSBDH": lambda subject: f"EXAMPLE{subject.number(10)}",
    "KZ_ZCRQ": _recently,
    "KZ_TZW": lambda subject: f"{subject.random.randrange(1495, 32000, 5) / 1000:.3f}吨",
    "KZ_HDRS": lambda subject: subject.random.randrange(40, 400),
    "KZ_SBDM": lambda subject: f"EX{subject.number(15)}",
    # land, building, water
    "KZ_BDCDYH": lambda subject: f"429006999999GB{subject.number(5)}F{subject.number(8)}",
    "KZ_YWR": _somebody,
    "KZ_MJ": _area,
    "KZ_XMMC": lambda subject: (
        f"示例家园{subject.random.randrange(1, 9)}期{subject.random.randrange(1, 40)}号楼"
    ),
    "KZ_JSGM": lambda subject: f"建筑面积{_area(subject)}",
    "KZ_HTJG": _money,
    "KZ_SJDW": lambda subject: "天门示例建筑设计院有限公司",
    "KZ_SGDW": lambda subject: "天门示例建设工程有限公司",
    "KZ_JLDW": lambda subject: "天门示例工程监理有限公司",
    "KZ_QSL": lambda subject: subject.random.randrange(1_000, 500_000, 100),
}
