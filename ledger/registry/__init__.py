"""What the chain says: acts, the facts that follow from them, statuses, checkpoints and snapshots."""
