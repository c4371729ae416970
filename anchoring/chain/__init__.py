"""The chain: its protocol, Ethereum behind that, several endpoints as one, a devnet."""
