"""Recovery: what a register restored from a backup has lost is taken back from the chain and from others."""
