"""Hash suites, keys and Merkle trees, on which all else is built."""
