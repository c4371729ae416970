"""Pockets 随身凭据: facts of a checkpoint that travel with a proof."""
