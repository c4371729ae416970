"""Persons and bodies that hold the example licences.

None exists, and their codes are shaped to show it.

- A body has 示例 in its name, and an organisation code that starts with EX, a series not known to be in use.
- A resident number has a sequence from 996 to 999, once set apart for people over a hundred: nobody here is.
- Streets are called 示例, 样例 or 范例. Only the towns are Tianmen's.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from ledger.records.identifiers import (
    compute_credit_check,
    compute_organisation_check,
    compute_resident_check,
)

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余程"
GIVEN = {
    "男": "伟强磊军洋勇杰涛明超刚平文华建国志远宇轩浩然立新海波思雨子涵",
    "女": "芳娜敏静丽艳娟秀霞桂英玉兰春梅嘉欣晓燕萍莉蓉雅琴慧雪思雨子涵",
}
# fmt: off
TOWNS = (
    "竟陵街道", "侨乡街道", "杨林街道", "岳口镇", "皂市镇", "张港镇", "黄潭镇", "渔薪镇", "干驿镇", "小板镇", "彭市镇",
    "麻洋镇", "多宝镇", "拖市镇", "佛子山镇", "九真镇", "胡市镇", "石家河镇", "卢市镇", "马湾镇", "横林镇", "多祥镇",
    "蒋场镇", "汪场镇", "净潭乡",
)
BRANDS = (
    "陆羽", "茶经", "东湖", "竟园", "楚韵", "汉江", "金穗", "同心", "清源", "绿洲", "天福", "鼎盛", "佳和", "安泰", "永信",
    "兴农", "春晖", "万顺",
)
# fmt: on
STREETS = ("示例大道", "示例路", "样例路", "样例街", "范例街", "范例巷")


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    sex: str
    born: date
    number: str
    address: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of business: what ends the names of its bodies, what they do, which permits they need.

    `values` are claims that their certificates state alike; `prefix` begins their credit codes.
    """

    suffix: str
    scope: str
    permits: tuple[str, ...]
    values: dict[str, str] = field(default_factory=dict)
    prefix: str = "91"


@dataclass(frozen=True, slots=True)
class Body:
    name: str
    code: str
    line: Line
    representative: str
    address: str
    established: date


LINES = (
    Line(
        "餐饮服务有限公司",
        "餐饮服务；食品销售（仅销售预包装食品）；外卖递送服务",
        ("食品经营许可证", "公共场所卫生许可证"),
        {"KZ_ZTYT": "餐饮服务经营者", "KZ_JYXM": "热食类食品制售；冷食类食品制售", "KZ_HYLX": "餐饮店"},
    ),
    Line(
        "便利店",
        "食品销售；日用百货销售；烟草制品零售",
        ("食品经营许可证", "烟草专卖零售许可证"),
        {
            "KZ_LX": "个体工商户",
            "KZ_ZTYT": "食品销售经营者",
            "KZ_JYXM": "预包装食品销售；散装食品销售",
            "KZ_XKFW": "卷烟零售；雪茄烟零售",
            "KZ_JJXZ": "个体",
            "KZ_HYLX": "便利店",
        },
        prefix="92",
    ),
    Line(
        "大药房有限公司",
        "药品零售；第二类医疗器械销售；保健食品销售",
        ("药品经营许可证", "第二类医疗器械经营备案凭证", "食品经营许可证"),
        {"KZ_JYFS": "零售", "KZ_ZTYT": "食品销售经营者", "KZ_JYXM": "保健食品销售", "KZ_HYLX": "药店"},
    ),
    Line(
        "宾馆",
        "住宿服务；餐饮服务；停车场服务",
        ("特种行业许可证", "公共场所卫生许可证", "特种设备使用登记证"),
        {"KZ_TZHYLB": "旅馆业", "KZ_XKXM": "住宿场所", "KZ_SBZL": "电梯", "KZ_HYLX": "宾馆"},
    ),
    Line(
        "娱乐有限公司",
        "歌舞娱乐活动；游艺娱乐活动",
        ("娱乐经营许可证", "公共场所卫生许可证"),
        {"KZ_XKXM": "文化娱乐场所"},
    ),
    Line(
        "运输有限公司",
        "道路普通货物运输；货物专用运输（冷藏保鲜）",
        ("道路运输经营许可证", "道路运输证"),
        {"KZ_JJXZ": "有限责任公司", "KZ_CLLX": "重型仓栅式货车"},
    ),
    Line(
        "危险品物流有限公司",
        "危险货物运输（3类，剧毒化学品除外）",
        ("道路危险货物运输许可证", "危险化学品经营许可证"),
        {"KZ_JJXZ": "有限责任公司", "KZ_JYFS": "批发", "KZ_XKFW": "汽油、柴油、乙醇（无储存设施经营）"},
    ),
    Line(
        "出行科技有限公司",
        "网络预约出租汽车客运",
        ("网络预约出租汽车经营许可证", "网络预约出租汽车运输证"),
        {"KZ_CLLX": "小型轿车"},
    ),
    Line(
        "食品有限公司",
        "粮食加工品、糕点、豆制品生产；食用农产品初加工",
        ("食品生产许可证", "排污许可证", "特种设备使用登记证"),
        {"KZ_SPLB": "粮食加工品；糕点；豆制品", "KZ_HYLB": "农副食品加工业", "KZ_SBZL": "锅炉"},
    ),
    Line(
        "纺织有限公司",
        "面料纺织加工；针纺织品销售；服装制造",
        ("排污许可证", "取水许可证"),
        {"KZ_HYLB": "纺织业", "KZ_QSYT": "工业用水"},
    ),
    Line(
        "生态养殖有限公司",
        "牲畜饲养；家禽饲养；水产养殖",
        ("动物防疫条件合格证", "取水许可证"),
        {"KZ_QSYT": "水产养殖"},
    ),
    Line(
        "种业有限公司",
        "农作物种子经营；非主要农作物种子生产",
        ("农作物种子生产经营许可证",),
        {"KZ_ZWZL": "水稻；棉花；油菜；大豆"},
    ),
    Line(
        "置业有限公司",
        "房地产开发经营；住房租赁",
        ("建设用地规划许可证", "建设工程规划许可证", "建筑工程施工许可证"),
    ),
    Line("燃气有限公司", "燃气经营；燃气燃烧器具安装、维修", ("燃气经营许可证", "特种设备使用登记证")),
    Line(
        "人力资源有限公司",
        "人力资源服务；劳务派遣服务",
        ("人力资源服务许可证", "劳务派遣经营许可证"),
        {"KZ_YWFW": "职业中介；人力资源培训；人力资源管理咨询"},
    ),
    Line(
        "口腔门诊部有限公司",
        "医疗服务；口腔护理用品零售",
        ("医疗机构执业许可证", "第二类医疗器械经营备案凭证"),
        {"KZ_SYZXS": "私人", "KZ_ZLKM": "口腔科；医学影像科", "KZ_JYFS": "零售"},
    ),
    Line(
        "职业培训学校",
        "职业技能培训",
        ("民办学校办学许可证", "民办非企业单位登记证书"),
        {
            "KZ_XXLX": "职业培训学校",
            "KZ_BXNR": "缝纫工、电工、养老护理员（初级、中级）",
            "KZ_YWFW": "职业技能培训",
        },
        prefix="52",
    ),
    Line(
        "蒸菜文化协会",
        "行业交流；技艺传承；业务培训",
        ("社会团体法人登记证书",),
        {"KZ_YWFW": "天门蒸菜技艺的传承、交流和推广"},
        prefix="51",
    ),
)


def day_between(random: Random, first: date, last: date) -> date:
    return first + timedelta(days=random.randrange((last - first).days + 1))


def name(random: Random, sex: str | None = None) -> str:
    names = GIVEN[sex or random.choice("男女")]
    return random.choice(SURNAMES) + "".join(random.sample(names, random.choice((1, 2, 2))))


def address(random: Random) -> str:
    return f"湖北省天门市{random.choice(TOWNS)}{random.choice(STREETS)}{random.randrange(1, 300)}号"


class Population:
    """Draws persons and bodies, none twice."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._taken: set[str] = set()

    def person(self, sex: str | None = None, first_year: int = 1965, last_year: int = 1998) -> Person:
        random = self._random
        sex = sex or random.choice("男女")
        while True:
            born = day_between(random, date(first_year, 1, 1), date(last_year, 12, 31))
            body = f"429006{born:%Y%m%d}{random.choice((997, 999) if sex == '男' else (996, 998))}"
            if self._take(body):
                return Person(
                    name(random, sex), sex, born, body + compute_resident_check(body), address(random)
                )

    def newborn(self) -> Person:
        """A child of 2014 to 2025, not yet numbered."""
        random = self._random
        born = day_between(random, date(2014, 1, 1), date(2025, 12, 31))
        sex = random.choice("男女")
        return Person(name(random, sex), sex, born, "", address(random))

    def body(self, line: Line) -> Body:
        random = self._random
        while True:
            organisation = "EX" + "".join(random.choices("0123456789", k=6))
            title = (
                f"天门示例{random.choice(BRANDS)}{random.choice(('', '一', '二', '三', '新'))}{line.suffix}"
            )
            if self._take(title) and self._take(organisation):
                break
        code = f"{line.prefix}429006{organisation}{compute_organisation_check(organisation)}"
        established = day_between(random, date(2006, 1, 1), date(2024, 12, 31))
        return Body(
            title, code + compute_credit_check(code), line, name(random), address(random), established
        )

    def _take(self, text: str) -> bool:
        """Claim a name or number; False if somebody has it."""
        taken = text in self._taken
        self._taken.add(text)
        return not taken
