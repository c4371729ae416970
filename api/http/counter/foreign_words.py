"""What codes of other systems are called, and what a clerk does with each."""

from typing import Final

from ledger.words import Words

_ASK_OURS: Final = Words(
    "请持证人出示该证照的文件与存证凭据，或纸面上以 SZ1: 开头的二维码。",
    "Ask for the certificate's file with its proof, or for the printed code that begins with SZ1:.",
)
_NEVER_SCAN: Final = Words(
    "请勿扫描。本节点未保存、未记录此内容。", "Do not scan it. This node has neither kept nor logged it."
)

#: What each sort is called, and what to do.
# fmt: off
SORTS: Final[dict[str, tuple[Words, Words]]] = {
    "resident_or_payment": (Words("这是居民身份证号码，或付款码：不予查询", "A resident number, or a code for a payment: nothing is looked up"), _NEVER_SCAN),
    "resident": (Words("这是居民身份证号码：不按身份证号查询证照", "A resident number: certificates are not looked up by it"), _ASK_OURS),
    "payment": (Words("这是付款码：已拒收", "A code for a payment: refused"), _NEVER_SCAN),
    "identifier": (Words("这是电子证照标识，本身不能证明真伪", "The identifier of a certificate, which proves nothing by itself"), _ASK_OURS),
    "identifier_wrong": (Words("这像电子证照标识，但校验位或格式不符：请核对后重扫", "It looks like the identifier of a certificate, but its form or check digit is wrong: read it again"), _ASK_OURS),
    "health_insurance": (Words("这是医保码（医保电子凭证），不是证照", "A code of health insurance 医保码, no certificate"), Words("请在医保终端上扫描；办理证照业务请出示证照。", "It is read by terminals of the health insurance; ask for the certificate.")),
    "health_card": (Words("这是电子健康卡，不是证照", "A health card 电子健康卡, no certificate"), Words("请在医疗机构终端上扫描；办理证照业务请出示证照。", "It is read by terminals of hospitals; ask for the certificate.")),
    "use_code": (Words("这是用证码（省级证照库的授权码），只有该证照库能打开", "A use code 用证码 of another licence library, which only that library opens"), _ASK_OURS),
    "licence_code": (Words("这是省级证照库的电子证照唯一标识码，只有该证照库能打开", "The code of a licence in another library, which only that library opens"), _ASK_OURS),
    "company": (Words("这是统一社会信用代码，是企业的代码，不是证照", "A credit code: the code of a body, no certificate"), Words("请企业出示营业执照的文件与存证凭据，或纸面二维码。", "Ask the body for its business licence: the file with its proof, or the printed code.")),
    "e_business_licence": (Words("这是电子营业执照的二维码，须用“电子营业执照”程序扫描", "A code of the electronic business licence 电子营业执照, which its own program reads"), _ASK_OURS),
    "company_publicity": (Words("这是营业执照上的公示二维码，指向国家企业信用信息公示系统", "The publicity code of a business licence, which leads to the national publicity system"), _ASK_OURS),
    "mohurd": (Words("这是住房城乡建设部电子证照的二维码，请在其网站核对", "A code of the housing ministry 住建部, whose own site shows it"), _ASK_OURS),
    "bare_link": (Words("这是另一系统的页面地址，没有加密也没有域名：不能作为证明", "The page of another system, without encryption or a name: no proof of anything"), _ASK_OURS),
    "link": (Words("这是另一系统的链接，本页不会打开它", "A link to another system, which this page does not open"), _ASK_OURS),
    "property": (Words("这像不动产证书的二维码，内容未经签名，不能作为证明", "It looks like the code of a property certificate 不动产: not signed, no proof of anything"), _ASK_OURS),
    "invoice": (Words("这是发票的二维码，不是证照", "A code of an invoice, no certificate"), Words("请在税务查验平台查验发票。", "Invoices are checked on the platform of the tax administration.")),
    "anhui": (Words("这像皖事通授权码，只有安徽的窗口能打开", "It looks like a code of Anhui 皖事通, which only desks there open"), _ASK_OURS),
    "shandong": (Words("这像山东电子证照码，只有山东的系统能打开", "It looks like a licence code of Shandong, which only systems there open"), _ASK_OURS),
    "receipt": (Words("这是登记回执：证照已登记，待上链", "A receipt: the certificate is registered and waits for its anchor"), Words("请过几分钟再来：上链之后，请持证人出示存证凭据。", "Ask again in some minutes: once it is anchored, its holder gets the proof.")),
    "unknown": (Words("这不是本系统的二维码或凭据，也认不出是哪个系统的", "Neither a code nor a proof of this system, and of no other that is known here"), _ASK_OURS),
}
# fmt: on
