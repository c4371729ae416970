"""The chain: what anchoring asks of it, Ethereum behind that, several endpoints as one, a development chain."""
