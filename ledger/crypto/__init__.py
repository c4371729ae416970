"""Hash suites, keys and Merkle trees: what everything else is built from, with no format of its own."""
