"""The URL of a JSON-RPC endpoint.

Its answers are tested against anvil and against a hostile endpoint.
"""

import pytest

from anchoring.chain.jsonrpc import Endpoint


@pytest.mark.parametrize("url", ["", "localhost:8545", "file:///etc/passwd", "ws://127.0.0.1:8545"])
def test_a_chain_url_is_http(url: str) -> None:
    with pytest.raises(ValueError, match="http://"):
        Endpoint(url)
