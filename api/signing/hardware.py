"""Sign with a PKCS#11 token, in a process of its own: a vendor's library may hang or crash.

    python -m api.signing.hardware        {"module", "token", "label", "id", "mechanism", "pin", "data"} on standard input

What is signed goes in hexadecimal, and the signature comes out so. The package `python-pkcs11` is an extra (`pkcs11`).
"""

import json
import sys
from typing import Final, TypedDict

#: Exit codes, beside 0, and 1 for whatever the library did.
CODE_NO_PACKAGE: Final = 3
CODE_NO_KEY: Final = 4
CODE_PIN: Final = 5
CODE_MECHANISM: Final = 6


class HardwareRequest(TypedDict):
    """What is asked of a token; `data` and `id` in hexadecimal."""

    module: str
    token: str
    label: str | None
    id: str | None
    mechanism: int
    pin: str | None
    data: str


def main() -> int:
    """Answer the request on standard input; the exit code says what is wrong, and nothing of it is repeated."""
    try:
        import pkcs11
    except ImportError:
        return CODE_NO_PACKAGE
    request = json.load(sys.stdin)
    try:
        signature = _sign(request)
    except (pkcs11.PinIncorrect, pkcs11.PinLocked, pkcs11.PinExpired, pkcs11.UserPinNotInitialized):
        return CODE_PIN
    except (
        pkcs11.NoSuchKey,
        pkcs11.MultipleObjectsReturned,
        pkcs11.NoSuchToken,
        pkcs11.MultipleTokensReturned,
    ):
        return CODE_NO_KEY
    except (pkcs11.MechanismInvalid, pkcs11.MechanismParamInvalid, pkcs11.FunctionNotSupported):
        return CODE_MECHANISM
    print(signature.hex())
    return 0


def _sign(request: HardwareRequest) -> bytes:
    import pkcs11

    token = pkcs11.lib(request["module"]).get_token(token_label=request["token"])
    with token.open(user_pin=request["pin"]) as session:
        private_key = session.get_key(
            object_class=pkcs11.ObjectClass.PRIVATE_KEY,
            label=request["label"],
            id=bytes.fromhex(request["id"]) if request["id"] else None,
        )
        assert isinstance(private_key, pkcs11.SignMixin)
        return bytes(
            private_key.sign(bytes.fromhex(request["data"]), mechanism=_name_mechanism(request["mechanism"]))
        )


def _name_mechanism(mechanism_number: int) -> int:
    """Return a mechanism as the package takes it; those of SM2 are the vendors' own, and not among its members."""
    import pkcs11

    try:
        return pkcs11.Mechanism(mechanism_number)
    except ValueError:
        mechanism = int.__new__(pkcs11.Mechanism, mechanism_number)
        mechanism._name_, mechanism._value_ = f"VENDOR_{mechanism_number:#x}", mechanism_number
        return mechanism


if __name__ == "__main__":
    sys.exit(main())
