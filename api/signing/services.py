"""Ask a signing server 签名验签服务器 over HTTP: of GM/T 0029, or one that takes a plain body.

The whole exchange has so many seconds, however slowly it drips, and the answer so many bytes.
"""

import asyncio
import base64
import ssl
from dataclasses import dataclass
from typing import Final

import httpx

from api.signing.answers import MAX_ANSWER_BYTES
from api.signing.errors import SignerFailed
from ledger.encoding.canonical import Json, decode_foreign, encode_canonical
from ledger.errors import MalformedInput

#: SGD_SM3_SM2 (GB/T 33560): SM2 with SM3, which computes Z.
SM2_WITH_SM3: Final = 0x00020201
#: Error codes of GM/T 0029 that say what to do; others are shown as numbers.
_ADVICE_BY_CODE: Final = {
    0x04000005: "there is no such key: check `key_index`",
    0x04000006: "the PIN 口令 is wrong: check it before you try again, some servers lock after few",
}
_MAX_SHOWN_CHARS: Final = 40


@dataclass(frozen=True, slots=True)
class Service:
    """A signing server: its address, the seconds for an answer, whose word is believed for it, and its bearer token."""

    url: str
    max_seconds: float
    authorities: ssl.SSLContext | None = None
    token: str | None = None

    def post(self, body_content: bytes, media_type: str) -> bytes:
        """Return what the server answers to a body. Raises: SignerFailed."""
        try:
            return asyncio.run(asyncio.wait_for(self._post(body_content, media_type), self.max_seconds))
        except TimeoutError as error:
            raise SignerFailed(
                "timeout",
                f"{self.url} did not answer within {self.max_seconds:g} s: check it, or raise `seconds`",
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise SignerFailed(
                "unreachable",
                f"{self.url} cannot be reached ({type(error).__name__}): check `url`, `ca_file`",
            ) from error

    async def _post(self, body_content: bytes, media_type: str) -> bytes:
        headers = {"Content-Type": media_type, "Accept-Encoding": "identity"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        client = httpx.AsyncClient(
            headers=headers, timeout=self.max_seconds, trust_env=False, verify=self.authorities or True
        )
        async with client, client.stream("POST", self.url, content=body_content) as answer:
            if answer.status_code != httpx.codes.OK:
                raise SignerFailed("refused", f"{self.url} answers {answer.status_code}: check `url`")
            if answer.headers.get("Content-Encoding", "identity") != "identity":
                raise SignerFailed("refused", f"{self.url} compresses its answer, which was not asked for")
            body_bytes = bytearray()
            async for piece in answer.aiter_raw():
                body_bytes += piece
                if len(body_bytes) > MAX_ANSWER_BYTES:
                    raise SignerFailed(
                        "too-long", f"{self.url} answers with more than {MAX_ANSWER_BYTES:,} bytes"
                    )
            return bytes(body_bytes)


def ask_signing_server(
    service: Service, signed_bytes: bytes, key_index: int, method: int, pin: str | None
) -> bytes:
    """Return the answer to SignData (GM/T 0029-2014, 6.4.5; GB/T 38629-2020). Raises: SignerFailed.

    Servers differ in the name of the method, so both stand there.
    """
    request: dict[str, Json] = {
        "signMethod": method,
        "algID": method,
        "keyIndex": key_index,
        "keyValue": pin or "",
        "inDataLen": len(signed_bytes),
        "inData": base64.b64encode(signed_bytes).decode(),
    }
    answer = service.post(encode_canonical(request), "application/json")
    try:
        answer_value = decode_foreign(answer)
    except MalformedInput:
        return answer  # whether it is a signature, the key says
    error_code = answer_value.get("respValue", 0) if isinstance(answer_value, dict) else 0
    if str(error_code).strip() not in ("0", ""):
        raise SignerFailed("refused", f"{service.url} did not sign: {_describe_code(error_code)}")
    return answer


def _describe_code(error_code: Json) -> str:
    code_number = error_code if isinstance(error_code, int) else 0
    return _ADVICE_BY_CODE.get(
        code_number, f"respValue {str(error_code)[:_MAX_SHOWN_CHARS]} ({code_number:#010x}), see its manual"
    )
