"""Checkpoints 检查点 and snapshots 离线核验包: signed, cosigned, exported, imported."""
