"""An account that has acts recorded in a registry, or says what it would send."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from anchoring.chain import calls, deployment
from anchoring.chain.protocol import AccountSigner, Chain
from anchoring.errors import TransactionRejected
from api.governance.words import add_advice, describe_act, name_next_step
from ledger.encoding.canonical import Json
from ledger.registry import acts

#: What an act is refused with while those before it are not recorded.
_ORDER_REFUSALS: Final = frozenset({"IssuerNotInLog", "UnknownKey"})


@dataclass(frozen=True, slots=True)
class Sender:
    """An account that has acts recorded in one registry."""

    chain: Chain
    account: AccountSigner
    contract_address: str
    max_gas_price: int | None = None
    patience: deployment.Patience = deployment.USUAL_PATIENCE

    def plan(self, acts_to_send: Sequence[acts.Act]) -> list[dict[str, Json]]:
        """Return what would be sent for each act, simulated as far as that can be done before the acts in front of it."""
        first_nonce = self.chain.count_transactions(self.account.address, pending=True)
        transactions: list[dict[str, Json]] = []
        for index, act in enumerate(acts_to_send):
            call_data = calls.encode_call(act)
            transactions.append(
                {
                    "act": type(act).__name__,
                    "from": self.account.address,
                    "to": self.contract_address,
                    "function": calls.name_function(act),
                    "nonce": first_nonce + index,
                    "gas_limit": calls.estimate_gas(call_data),
                    "data": "0x" + call_data.hex(),
                    "simulated": self._simulate(call_data, follows_another=index > 0),
                    "follows": describe_act(act),
                    "next": name_next_step(act),
                }
            )
        return transactions

    def _simulate(self, call_data: bytes, *, follows_another: bool) -> str:
        try:
            self.chain.simulate(self.account.address, self.contract_address, call_data)
        except TransactionRejected as error:
            if follows_another and error.name in _ORDER_REFUSALS:
                return "not before the act in front of it is recorded"
            raise add_advice(error) from error
        return "the registry would take it"

    def record(self, act: acts.Act) -> dict[str, Json]:
        """Have an act recorded. Raises: TransactionRejected with what to do, ChainUnavailable."""
        try:
            receipt = deployment.execute(
                self.chain,
                self.account,
                self.contract_address,
                calls.encode_call(act),
                max_gas_price=self.max_gas_price,
                patience=self.patience,
            )
        except TransactionRejected as error:
            raise add_advice(error) from error
        transaction_hash = "0x" + receipt.transaction_hash.hex()
        return {
            "act": type(act).__name__,
            "changed": describe_act(act),
            "next": name_next_step(act),
            "block": receipt.block_number,
            "gas": receipt.gas_used,
            "transaction": transaction_hash,
        }
