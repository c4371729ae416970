"""Acts in words, refusals with what to do, and options that become acts."""

import argparse
import json
from typing import Any

import pytest

from anchoring import calls
from anchoring.chain import ZERO_ADDRESS
from anchoring.errors import NO_FUNDS, TransactionRejected
from api.acts import address, admit_log
from api.governance import ADVICE, advise, follow_up, scope, words
from ledger import registry as acts
from ledger.errors import MalformedInput
from ledger.registry import ACTS
from tests.unit.ledger.test_keys import SM2_SPKI

ANCHORING = {
    "NotOperator",
    "NotCanonical",
    "AlreadyAnchored",
    "AnchorConflict",
    "WrongSequence",
    "SizeOutOfRange",
    "RootUnfit",
    "InvalidStatusLength",
}
