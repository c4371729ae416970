"""The error of a signer 签名器 that did not sign."""


class SignerFailed(Exception):
    """The signer did not give a signature that can be used; nothing was signed. `reason` is the stable name of why.

    unreachable, timeout, too-long, refused, no-signature, double-hash, wants-digest, no-identity, other-key, settings
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
