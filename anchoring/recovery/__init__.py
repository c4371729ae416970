"""Recovery: a register restored from a backup takes back what it lost since."""
