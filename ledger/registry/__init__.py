"""The registry on the chain: acts, the facts that follow from them, checkpoints, snapshots."""
