"""Names and forms of claims: those of GB/T 36903, and extensions `KZ_…`.

Each has its data-grading level (数据分级) and says whether it is personal. Both are this project's defaults,
in the manner of GB/T 43697 and of articles 4 and 28 of the personal information protection law: whoever runs
a node grades by the rules of the place. The names of extensions are this project's too, initials of the
Chinese label; no standard assigns them.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from ledger.words import Words

#: Data-grading levels, from what is published anyway to what harms a person when it leaks.
LEVELS: Final = {1: "公开", 2: "内部", 3: "敏感", 4: "高敏感"}

#: Code, meaning of the types of holder codes (CZZTDMLXDM).
HOLDER_CODE_TYPES: Final = {
    "001": "统一社会信用代码",
    "099": "其他法人或其他组织代码",
    "111": "居民身份证",
    **dict.fromkeys(("114", "115", "118", "119", "120", "122"), "军人或武警证件"),
    **dict.fromkeys(("411", "412", "413", "414"), "护照"),
    "511": "台湾居民来往大陆通行证",
    "516": "港澳居民来往内地通行证",
    "999": "其他证件",
}


class Form(StrEnum):
    """What the value of a claim looks like: all but an integer are text."""

    TEXT = "text"
    DATE = "date"  # YYYY-MM-DD, a civil date in Asia/Shanghai
    TIME = "time"  # YYYY-MM-DDTHH:MM:SSZ
    INTEGER = "integer"
    CHOICE = "choice"


class Sensitivity(StrEnum):
    """Whether a claim is personal information, and of the sensitive sort (PIPL article 28)."""

    NONE = "none"
    PERSONAL = "personal"
    SENSITIVE = "sensitive"


@dataclass(frozen=True, slots=True)
class ClaimField:
    """One claim that certificates of a type state, with all that a form needs to ask for it.

    A `repeatable` claim has an array as its value, even of one. `choices` are the values of Form.CHOICE.
    """

    name: str
    label: Words
    form: Form = Form.TEXT
    level: int = 1
    sensitivity: Sensitivity = Sensitivity.NONE
    required: bool = True
    repeatable: bool = False
    choices: tuple[str, ...] = ()


def _field(
    name: str,
    zh: str,
    en: str,
    form: Form = Form.TEXT,
    *choices: str,
    level: int = 1,
    sensitivity: Sensitivity = Sensitivity.NONE,
    required: bool = True,
    repeatable: bool = False,
) -> ClaimField:
    return ClaimField(name, Words(zh, en), form, level, sensitivity, required, repeatable, choices)


def _choice(name: str, zh: str, en: str, *choices: str) -> ClaimField:
    return _field(name, zh, en, Form.CHOICE, *choices)


def _named(name: str, zh: str, en: str) -> ClaimField:
    """A claim that names or describes a person in the way of their trade."""
    return _field(name, zh, en, level=2, sensitivity=Sensitivity.PERSONAL)


def _private(name: str, zh: str, en: str, *choices: str, form: Form = Form.TEXT) -> ClaimField:
    form = Form.CHOICE if choices else form
    return _field(name, zh, en, form, *choices, level=3, sensitivity=Sensitivity.PERSONAL)


def _sensitive(name: str, zh: str, en: str, *choices: str, form: Form = Form.TEXT) -> ClaimField:
    private = _private(name, zh, en, *choices, form=form)
    return replace(private, level=4, sensitivity=Sensitivity.SENSITIVE)


_ORGANISATION_HOLDER: Final[tuple[ClaimField, ...]] = (
    _field("CZZT", "持证主体", "Holder"),
    _field("CZZTDM", "持证主体代码", "Holder's code"),
)
_PERSON_HOLDER: Final[tuple[ClaimField, ...]] = (
    _private("CZZT", "持证主体", "Holder"),
    _sensitive("CZZTDM", "持证主体代码", "Holder's code"),
)
_BEFORE_HOLDER: Final[tuple[ClaimField, ...]] = (
    _field("ZZMC", "证照名称", "Certificate name"),
    _field("ZZLXDM", "证照类型代码", "Certificate type code"),
    _field("ZZBH", "证照编号", "Certificate number"),
    _field("ZZBS", "证照标识", "Certificate identifier"),
    _field("ZZBFJG", "证照颁发机构", "Issuer"),
    _field("ZZBFJGDM", "证照颁发机构代码", "Issuer's code"),
    _field("ZZBFRQ", "证照颁发日期", "Date of issue", Form.DATE),
)
_AFTER_HOLDER: Final[tuple[ClaimField, ...]] = (
    _field("CZZTDMLX", "持证主体代码类型", "Type of the holder's code"),
    _choice("CZZTDMLXDM", "持证主体代码类型代码", "Code of that type", *HOLDER_CODE_TYPES),
    _field("ZZYXQQSRQ", "证照有效期起始日期", "Valid from", Form.DATE, required=False),
    # Absent: 长期, without end.
    _field("ZZYXQJZRQ", "证照有效期截止日期", "Valid until", Form.DATE, required=False),
    _field("ZZQZR", "证照签章人", "Sealed by", required=False),
    _field("ZZQZSJ", "证照签章时间", "Sealed at", Form.TIME, required=False),
    _field("ZZQZMC", "证照签章名称", "Name of the seal", required=False),
)


def _grade_as_personal(field: ClaimField) -> ClaimField:
    """Grade the numbers of a person's certificate: they lead back to the person as surely as the name."""
    if field.name not in {"ZZBH", "ZZBS"}:
        return field
    return replace(field, level=3, sensitivity=Sensitivity.PERSONAL)


def standard_fields(*, personal: bool, joint: bool) -> tuple[ClaimField, ...]:
    """Return the claims of GB/T 36903.

    `personal`: the holder is a natural person; `joint`: there may be several holders.
    """
    fields_before, holder_fields, fields_after = _BEFORE_HOLDER, _ORGANISATION_HOLDER, _AFTER_HOLDER
    if personal:
        holder_fields = _PERSON_HOLDER
        fields_before = tuple(_grade_as_personal(field) for field in fields_before)
    if joint:
        holder_fields = tuple(replace(field, repeatable=True) for field in holder_fields)
        fields_after = tuple(
            replace(field, repeatable=field.name.startswith("CZZT")) for field in fields_after
        )
    return fields_before + holder_fields + fields_after


# fmt: off
_EXTENSIONS: Final = (
    # people
    _named("KZ_FDDBR", "法定代表人（负责人）", "Legal representative or person in charge"),
    _named("KZ_ZLFZR", "质量负责人", "Quality officer"),
    _named("KZ_ZYFZR", "主要负责人", "Person in charge of practice"),
    _private("KZ_XB", "性别", "Sex", "男", "女"),
    _private("KZ_MZ", "民族", "Ethnic group"),
    _private("KZ_GJ", "国籍", "Nationality"),
    _private("KZ_CSRQ", "出生日期", "Date of birth", form=Form.DATE),
    _private("KZ_ZZ", "住址", "Home address"),
    _private("KZ_HJDZ", "户籍地址", "Registered address"),
    _private("KZ_JZDZ", "居住地址", "Residential address"),
    _private("KZ_WHCD", "文化程度", "Education", "初中", "高中", "中专", "大专", "本科", "研究生"),
    _private("KZ_JYZT", "就业状态", "Employment", "已就业", "失业", "灵活就业"),
    _private("KZ_YDLB", "优待对象类别", "Category of entitlement", "退役军人", "现役军人家属", "烈士遗属"),
    _private("KZ_HYDJY", "婚姻登记员", "Marriage registrar"),
    _sensitive("KZ_CJLB", "残疾类别", "Kind of disability", "视力", "听力", "言语", "肢体", "智力", "精神",
            "多重"),
    _sensitive("KZ_CJDJ", "残疾等级", "Degree of disability", "一级", "二级", "三级", "四级"),
    _sensitive("KZ_JHR", "监护人", "Guardian"),
    _sensitive("KZ_SBYH", "社保卡合作银行", "Bank of the social security card"),
    _sensitive("KZ_XSEXB", "新生儿性别", "Sex of the newborn", "男", "女"),
    _sensitive("KZ_CSSJ", "出生时间", "Time of birth", form=Form.TIME),
    _sensitive("KZ_JCJG", "接生机构", "Place of birth"),
    _sensitive("KZ_MQXM", "母亲姓名", "Mother's name"),
    _sensitive("KZ_MQZJHM", "母亲证件号码", "Mother's document number"),
    _sensitive("KZ_FQXM", "父亲姓名", "Father's name"),
    _sensitive("KZ_FQZJHM", "父亲证件号码", "Father's document number"),
    # places
    _field("KZ_DZ", "地址", "Address"),
    _field("KZ_ZS", "住所", "Registered office"),
    _field("KZ_JYCS", "经营场所", "Place of business"),
    _field("KZ_SCDZ", "生产地址", "Place of production"),
    _field("KZ_KFDZ", "库房地址", "Warehouse"),
    _field("KZ_SYDD", "使用地点", "Place of use"),
    _field("KZ_JSWZ", "建设位置", "Site"),
    _field("KZ_QSDD", "取水地点", "Place of abstraction"),
    _field("KZ_ZYDD", "执业地点", "Place of practice"),
    _field("KZ_ZL", "坐落", "Location of the property", level=2),
    _field("KZ_JYQY", "经营区域", "Area of operation"),
    _field("KZ_HDDY", "活动地域", "Area of activity"),
    # what is permitted
    _field("KZ_JYFW", "经营范围", "Scope of business"),
    _field("KZ_YWFW", "业务范围", "Scope of activity"),
    _field("KZ_XKFW", "许可范围", "Scope of the permit"),
    _field("KZ_JYXM", "经营项目", "Items of business"),
    _field("KZ_ZLKM", "诊疗科目", "Medical departments"),
    _field("KZ_SPLB", "食品类别", "Categories of food"),
    _field("KZ_BXNR", "办学内容", "Subjects taught"),
    _field("KZ_ZWZL", "作物种类", "Crops"),
    _field("KZ_HGXK", "涵盖许可", "Permits covered", repeatable=True),
    _field("KZ_HGXKBS", "涵盖许可标识", "Identifiers of the permits covered", repeatable=True),
    _choice("KZ_ZTYT", "主体业态", "Kind of food business", "食品销售经营者", "餐饮服务经营者", "单位食堂"),
    _choice("KZ_XKXM", "许可项目", "Kind of public place", "住宿场所", "理发美容场所", "沐浴场所", "游泳场所",
            "文化娱乐场所"),
    _choice("KZ_JYFS", "经营方式", "Way of trading", "批发", "零售", "零售（连锁）", "批零兼营"),
    _choice("KZ_SCJYFS", "生产经营方式", "Way of producing and trading", "生产、加工、包装、批发、零售",
            "加工、包装、批发、零售"),
    _choice("KZ_RQLB", "燃气类别", "Kind of gas", "管道燃气", "瓶装液化石油气", "车用压缩天然气"),
    _choice("KZ_TZHYLB", "特种行业类别", "Kind of special trade", "旅馆业", "公章刻制业", "典当业"),
    _choice("KZ_CSLX", "场所类型", "Kind of venue", "歌舞娱乐场所", "游艺娱乐场所"),
    _choice("KZ_XXLX", "学校类型", "Kind of school", "幼儿园", "学科类培训机构", "职业培训学校"),
    _choice("KZ_GLLB", "管理类别", "Level of control", "重点管理", "简化管理"),
    _choice("KZ_XKSX", "许可经营事项", "Permitted service", "劳务派遣"),
    _choice("KZ_HYLX", "行业类型", "Line of business", "餐饮店", "便利店", "药店", "宾馆", "健身房"),
    # the body
    _choice("KZ_LX", "类型", "Legal form", "有限责任公司", "有限责任公司（自然人独资）", "个人独资企业",
            "个体工商户"),
    _choice("KZ_JJXZ", "经济性质", "Ownership", "有限责任公司", "股份有限公司", "个体"),
    _choice("KZ_SYZXS", "所有制形式", "Ownership of the institution", "私人", "集体", "全民"),
    _field("KZ_ZCZB", "注册资本", "Registered capital"),
    _field("KZ_ZCZJ", "注册资金", "Registered funds"),
    _field("KZ_KBZJ", "开办资金", "Founding funds"),
    _field("KZ_CLRQ", "成立日期", "Date of establishment", Form.DATE),
    _field("KZ_YWZGDW", "业务主管单位", "Supervising body"),
    _field("KZ_HYLB", "行业类别", "Industry"),
    # persons at work
    _field("KZ_PYDW", "聘用企业", "Employer", level=2),
    _field("KZ_FWDW", "服务单位", "Company of service", level=2),
    _choice("KZ_ZYZY", "注册专业", "Registered specialty", "建筑工程", "市政公用工程", "公路工程", "机电工程",
            "水利水电工程"),
    _choice("KZ_GWLB", "岗位类别", "Category of post", "A（企业主要负责人）", "B（项目负责人）",
            "C（专职安全生产管理人员）"),
    _choice("KZ_CZLB", "操作类别", "Trade", "建筑电工", "建筑架子工", "建筑起重机械司机",
            "高处作业吊篮安装拆卸工"),
    _choice("KZ_CYLB", "从业资格类别", "Category", "道路货物运输驾驶员", "道路旅客运输驾驶员",
            "道路危险货物运输驾驶员"),
    _choice("KZ_ZJCX", "准驾车型", "Classes of vehicle", "A1", "A2", "B2", "C1", "C2"),
    _choice("KZ_ZYLB", "执业类别", "Category of practice", "临床", "口腔", "公共卫生", "中医"),
    _choice("KZ_ZYFW", "执业范围", "Field of practice", "内科专业", "外科专业", "儿科专业", "口腔专业",
            "中医专业"),
    _choice("KZ_ZGZL", "资格种类", "Kind of qualification", "幼儿园", "小学", "初级中学", "高级中学"),
    _choice("KZ_RJXK", "任教学科", "Subject", "语文", "数学", "英语", "物理", "音乐", "体育与健康"),
    _field("KZ_CCLZRQ", "初次领证日期", "First licensed on", Form.DATE, level=2),
    # things
    _field("KZ_CLHP", "车辆号牌", "Number plate", level=2),
    _field("KZ_PPXH", "品牌型号", "Make and model"),
    _field("KZ_CLSBDH", "车辆识别代号", "Vehicle identification number", level=2),
    _field("KZ_ZCRQ", "注册日期", "Date of registration", Form.DATE),
    _field("KZ_HDZZL", "核定载质量（千克）", "Permitted load (kg)", Form.INTEGER),
    _field("KZ_HDRS", "核定人数", "Persons admitted", Form.INTEGER),
    _field("KZ_SBDM", "设备代码", "Equipment code"),
    _choice("KZ_CLLX", "车辆类型", "Kind of vehicle", "小型轿车", "小型普通客车", "重型仓栅式货车",
            "中型厢式货车"),
    _choice("KZ_SYXZ", "使用性质", "Use of the vehicle", "非营运", "营转非", "货运", "预约出租客运"),
    _choice("KZ_SBZL", "设备种类", "Kind of equipment", "电梯", "锅炉", "压力容器", "起重机械",
            "场（厂）内专用机动车辆"),
    # land, building, water
    _field("KZ_BDCDYH", "不动产单元号", "Property unit number", level=2),
    _field("KZ_YWR", "义务人", "Obligor", level=3, sensitivity=Sensitivity.PERSONAL),
    _field("KZ_MJ", "面积", "Area", level=2),
    _choice("KZ_GYQK", "共有情况", "Ownership", "单独所有", "共同共有", "按份共有"),
    _choice("KZ_QLLX", "权利类型", "Right", "国有建设用地使用权/房屋所有权", "宅基地使用权/房屋所有权"),
    _choice("KZ_YT", "用途", "Purpose", "城镇住宅用地/住宅", "商业用地/商业", "工业用地/厂房"),
    _choice("KZ_ZMQL", "证明权利或事项", "Right or matter certified", "抵押权", "预告登记", "居住权"),
    _field("KZ_XMMC", "项目名称", "Project"),
    _field("KZ_JSGM", "建设规模", "Extent of the works"),
    _field("KZ_HTJG", "合同价格", "Contract price"),
    _field("KZ_SJDW", "设计单位", "Designer"),
    _field("KZ_SGDW", "施工单位", "Contractor"),
    _field("KZ_JLDW", "监理单位", "Supervisor of works"),
    _choice("KZ_YDXZ", "用地性质", "Land use", "二类居住用地", "商业服务业用地", "工业用地", "教育用地"),
    _choice("KZ_SYLX", "水源类型", "Source of water", "地表水", "地下水"),
    _choice("KZ_QSYT", "取水用途", "Purpose of abstraction", "农业灌溉", "工业用水", "城乡供水", "水产养殖"),
    _field("KZ_QSL", "年取水量（立方米）", "Cubic metres a year", Form.INTEGER),
    # seals
    _field("KZ_YZBM", "印章编码", "Seal number"),
    _choice("KZ_YZXS", "印章形式", "Form of the seal", "实体印章", "电子印章"),
    _field("KZ_YZZZDW", "印章制作单位", "Seal maker"),
    _field("KZ_ZSZW", "签章证书指纹", "Fingerprints of the seal's certificates", repeatable=True),
    _field("KZ_QZRDM", "签章人代码", "Code of who sealed"),
)
# fmt: on

#: Every extension by its name.
EXTENSIONS: Final = {field.name: field for field in _EXTENSIONS}
