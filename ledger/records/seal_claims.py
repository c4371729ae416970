"""Links and claims of seals 印章 and sealings 签章, as records spell them.

What each states: docs/formats/seals-and-signatures.md.
"""

from typing import Final

#: Relations of links: of a certificate to the sealing of its document, and of a sealing to the seal.
SEALED_BY: Final = "sealed-by"
MADE_WITH: Final = "made-with"

#: Claims have the name of GB/T 36903 where it has one, and that of an extension (KZ_) where it has none.
# fmt: off
HOLDER_CODE: Final = "CZZTDM"         # 持证主体代码: whose seal it is
HOLDER_NAME: Final = "CZZT"      # 持证主体
SIGNER_CODE: Final = "KZ_QZRDM"       # 签章人代码: who sealed
SEAL_NAME: Final = "ZZQZMC"      # 签章名称
DECLARED_TIME: Final = "ZZQZSJ"  # 签章时间, as the sealing says itself
SEAL_NUMBER: Final = "KZ_YZBM"   # 印章编码
SEAL_FORM: Final = "KZ_YZXS"     # 印章形式: electronic, or of which material
SEAL_MAKER: Final = "KZ_YZZZDW"  # 印章制作单位
SEAL_CERTIFICATES: Final = "KZ_ZSZW"  # 签章证书指纹: digests of the certificates that may use it
# fmt: on

#: What a proof that travels inside another shows, beside the documents.
CLAIMS_SHOWN_WHEN_LINKED: Final = frozenset({HOLDER_CODE, HOLDER_NAME, SIGNER_CODE, SEAL_NAME, DECLARED_TIME})
