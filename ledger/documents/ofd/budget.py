"""What reading one OFD document may take in all.

Its signatures may name the same parts again and again: one budget counts for all of them.
"""

from dataclasses import dataclass
from typing import Final, NoReturn

from ledger.errors import LimitExceeded

#: Unpacked: every part twice, for two digests, and what the signatures consist of again and again.
MAX_READ_BYTES: Final = 768 * 1024 * 1024
#: Of XML: the references of 50,000 protected parts, two elements for each, and as many others again.
MAX_XML_ELEMENTS: Final = 200_000
#: Of DER: 64 signatures with a seal of a thousand elements each, which is a list of signers; fifty are usual.
MAX_DER_ELEMENTS: Final = 64_000


@dataclass(slots=True)
class Budget:
    """Counts what was read of a document. Its methods raise LimitExceeded.

    What cannot be read is taken for altered or for malformed by whoever reads it; `fault` says that it is neither.
    """

    byte_count: int = 0
    xml_element_count: int = 0
    der_element_count: int = 0
    fault: LimitExceeded | None = None

    def take_bytes(self, count: int) -> None:
        self.byte_count += count
        if self.byte_count > MAX_READ_BYTES:
            self._refuse(f"reading the parts of a document takes {MAX_READ_BYTES} bytes at most in all")

    def take_xml(self, count: int) -> None:
        self.xml_element_count += count
        if self.xml_element_count > MAX_XML_ELEMENTS:
            self._refuse(f"the XML of a document has {MAX_XML_ELEMENTS} elements at most in all")

    def take_der(self, count: int) -> None:
        self.der_element_count += count
        if self.der_element_count > MAX_DER_ELEMENTS:
            self._refuse(f"the signatures of a document have {MAX_DER_ELEMENTS} DER elements at most in all")

    def _refuse(self, message: str) -> NoReturn:
        self.fault = LimitExceeded(message)
        raise self.fault
