"""Erase what a record discloses, under a key and an order of the tests' own."""

from random import Random

from sqlalchemy import Connection

from anchoring.register.content.erasing import Order, erase, sign_erasures
from anchoring.register.records import find_record
from ledger.crypto.keys import PrivateKey, generate_key
from ledger.records.erasures import SignedErasure
from tests.fakes.department import NOW

ORDER = Order("天网信删〔2026〕3号", "个人信息保护法 第四十七条", NOW)
KEY = generate_key("p256", Random(47).randbytes)


def erase_content(
    connection: Connection, *leaves: bytes, key: PrivateKey = KEY, order: Order = ORDER
) -> list[SignedErasure]:
    """Erase what the records of these leaf hashes disclose."""
    signed = sign_erasures([find_record(connection, leaf) for leaf in leaves], order, key)
    erase(connection, signed, key)
    return signed
